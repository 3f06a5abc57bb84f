/**
 * Why and whether work should stop, as nested scopes: what aborts a scope aborts those inside it.
 * The `AbortSignal` of a scope is made at its first use, because most handlers never ask for it.
 */
export class AbortScope {
  #controller: AbortController | undefined;
  #aborted = false;
  #reason: unknown;
  #inner: Set<AbortScope> | undefined;
  readonly #outer: AbortScope | undefined;

  constructor(outer?: AbortScope) {
    this.#outer = outer;
    if (outer === undefined) return;
    (outer.#inner ??= new Set()).add(this);
    if (outer.#aborted) this.abort(outer.#reason);
  }

  /** The scope that this one was opened in. */
  get outer(): AbortScope | undefined {
    return this.#outer;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** The first call decides the reason. */
  abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
    for (const scope of this.#inner ?? []) scope.abort(reason);
  }

  /** Takes the scope out of its outer one, which no longer reaches it. */
  leave(): void {
    this.#outer?.forget(this);
  }

  /** Takes an inner scope out. */
  forget(inner: AbortScope): void {
    this.#inner?.delete(inner);
  }
}
