/** What hears of an event of a process. */
type Listener = (about?: unknown) => void;

/** A process that gets the signals, and other events, of a test. */
export class FakeProcess {
  readonly listeners: [signal: string, listener: Listener][] = [];

  on(signal: string, listener: Listener): void {
    if (signal === "SIGKILL") throw new Error("uv_signal_start EINVAL");
    this.listeners.push([signal, listener]);
  }

  off(signal: string, listener: Listener): void {
    const at = this.listeners.findIndex(([of, one]) => of === signal && one === listener);
    if (at !== -1) this.listeners.splice(at, 1);
  }

  /** Tells whether somebody listened; if nobody does, a real process ends. */
  raise(signal: string, about?: unknown): boolean {
    const heard = this.listeners.filter(([of]) => of === signal);
    for (const [, listener] of heard) listener(about);
    return heard.length > 0;
  }

  /** The signals that are listened to. */
  get names(): string[] {
    return this.listeners.map(([signal]) => signal);
  }
}

/** Runs a test with another process. */
export async function withProcess(process: unknown, body: () => Promise<void>): Promise<void> {
  const before = Object.getOwnPropertyDescriptor(globalThis, "process");
  Object.defineProperty(globalThis, "process", { value: process, configurable: true });
  try {
    await body();
  } finally {
    delete (globalThis as { process?: unknown }).process;
    if (before !== undefined) Object.defineProperty(globalThis, "process", before);
  }
}
