import { Fifo } from "../core/fifo.ts";

/** Runs jobs in their order, a limited number of them at once. Starting a job never nests. */
export class Workers<Job> {
  running = 0;
  #limit: number;
  readonly #start: (job: Job) => void;
  readonly #ready = new Fifo<Job>();
  #pumping = false;

  constructor(limit: number, start: (job: Job) => void) {
    this.#limit = limit;
    this.#start = start;
  }

  /** Jobs that wait. */
  get waiting(): number {
    return this.#ready.size;
  }

  /** Whether one of them has nothing to do. */
  get isIdle(): boolean {
    return this.running < this.#limit && this.#ready.size === 0;
  }

  /** Runs a job as soon as a worker is free, at best before it returns. */
  push(job: Job): void {
    if (this.#pumping || this.running >= this.#limit || this.#ready.size > 0) {
      this.#ready.push(job);
      this.pump();
      return;
    }
    this.#pumping = true;
    this.#start(job);
    this.#pumping = false;
    if (this.#ready.size > 0) this.pump();
  }

  /** Adds workers, or takes some away. */
  allow(more: number): void {
    this.#limit += more;
    this.pump();
  }

  /** Starts what there are workers for. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.running < this.#limit && this.#ready.size > 0) this.#start(this.#ready.shift()!);
    this.#pumping = false;
  }

  /** Takes out the jobs that wait and for which `holds` is true. */
  sweep(holds: (job: Job) => boolean): Job[] {
    const swept: Job[] = [];
    for (let left = this.#ready.size; left > 0; left--) {
      const job = this.#ready.shift()!;
      if (holds(job)) swept.push(job);
      else this.#ready.push(job);
    }
    return swept;
  }
}
