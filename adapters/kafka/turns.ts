/** Has what goes by the same name wait for each other. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Does some work when what came before it under this name has ended. */
  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name) ?? Promise.resolve();
    const own = before.then(work);
    const ended = own.catch(() => {});
    this.#last.set(name, ended);
    try {
      return await own;
    } finally {
      if (this.#last.get(name) === ended) this.#last.delete(name);
    }
  }
}
