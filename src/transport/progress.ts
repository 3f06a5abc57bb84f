/** Lets somebody wait until something holds; it is looked at whenever there is progress. */
export class Progress {
  readonly #watchers = new Set<() => void>();

  /** Resolves as soon as `holds` is true. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const watch = () => {
        if (!holds()) return;
        this.#watchers.delete(watch);
        resolve();
      };
      this.#watchers.add(watch);
      watch();
    });
  }

  /** Something has changed. */
  tell(): void {
    if (this.#watchers.size === 0) return;
    for (const watch of this.#watchers) watch();
  }
}
