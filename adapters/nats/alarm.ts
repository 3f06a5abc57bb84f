/** A wait that somebody may end. The one timer of this adapter is here; what waits is a fetch. */
export class Alarm {
  #end = () => {};

  /** Ends the wait, if there is one. */
  ring(): void {
    this.#end();
  }

  /** Resolves after so many milliseconds, when it rings, or when the signal aborts. */
  wait(limit: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, limit);
      signal.addEventListener("abort", end);
      this.#end = end;
    });
  }
}
