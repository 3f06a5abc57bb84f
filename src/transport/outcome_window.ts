const SLOTS = 10;

interface Slot {
  /** Which tenth of a window since the clock began. */
  period: number;
  calls: number;
  failures: number;
}

/** Calls and failures of the last while, in ten slots: what is older than the window is forgotten. */
export class OutcomeWindow {
  readonly #length: number;
  readonly #slots: Slot[] = Array.from(
    { length: SLOTS },
    () => ({ period: -1, calls: 0, failures: 0 }),
  );

  /** Creates a window of `ms` milliseconds. */
  constructor(ms: number) {
    this.#length = ms / SLOTS;
  }

  /** Notes a call that ended at `now`. */
  add(now: number, failed: boolean): void {
    const period = Math.floor(now / this.#length);
    const slot = this.#slots[period % SLOTS]!;
    if (slot.period !== period) Object.assign(slot, { period, calls: 0, failures: 0 });
    slot.calls++;
    if (failed) slot.failures++;
  }

  /** What was noted within the window before `now`. */
  totals(now: number): { calls: number; failures: number } {
    const oldest = Math.floor(now / this.#length) - SLOTS + 1;
    const totals = { calls: 0, failures: 0 };
    for (const { period, calls, failures } of this.#slots) {
      if (period < oldest) continue;
      totals.calls += calls;
      totals.failures += failures;
    }
    return totals;
  }

  /** Forgets everything. */
  clear(): void {
    for (const slot of this.#slots) slot.calls = slot.failures = 0;
  }
}
