const FIRST_BLOCK = 512;
const LARGEST_BLOCK = 16_384;

/** Payloads from this size on get memory of their own. */
const LARGE = LARGEST_BLOCK / 4;

/**
 * Copies payloads one behind the other into larger blocks: on V8 a view costs 30 ns where an array
 * with memory of its own costs 400 to 600 ns.
 *
 * A block is freed when nobody holds a view of it any more. So each partition has an arena of its own:
 * what it holds goes in the order in which it came.
 */
export class Arena {
  #block = new ArrayBuffer(0);
  #bytes = new Uint8Array(this.#block);
  #used = 0;

  /** A copy of the bytes. */
  copy(bytes: Uint8Array): Uint8Array {
    const size = bytes.length;
    // Not slice(): that of Node's Buffer copies nothing.
    if (size >= LARGE) return new Uint8Array(bytes);
    if (this.#used + size > this.#block.byteLength) this.#grow(size);
    const at = this.#used;
    this.#bytes.set(bytes, at);
    this.#used = at + size;
    return new Uint8Array(this.#block, at, size);
  }

  /** Blocks grow, so that a partition with few records keeps little memory. */
  #grow(size: number): void {
    const next = Math.max(FIRST_BLOCK, this.#block.byteLength * 2, size);
    this.#block = new ArrayBuffer(Math.min(next, LARGEST_BLOCK));
    this.#bytes = new Uint8Array(this.#block);
    this.#used = 0;
  }
}
