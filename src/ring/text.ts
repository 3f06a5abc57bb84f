import type { Cells } from "../runtime/shared_cells.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Characters up to which a loop is faster than the platform's encoder. */
const SHORT = 24;

/** Bytes in memory of this thread alone, which grow: platforms encode no text in shared memory. */
export class Scratch {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(1024);
  /** How many bytes are used. */
  length = 0;
  /** The same bytes as words. */
  #words = new Int32Array(this.bytes.buffer);

  /** Appends a text as UTF-8; gives its number of bytes. */
  putText(text: string): number {
    const start = this.length;
    this.#reserve(text.length * 3);
    const { bytes } = this;
    if (text.length <= SHORT) {
      let at = start;
      for (let i = 0; i < text.length; i++) {
        const code = text.charCodeAt(i);
        if (code > 127) break;
        bytes[at++] = code;
      }
      if (at === start + text.length) return this.length = at, text.length;
    }
    const { written } = encoder.encodeInto(text, bytes.subarray(start));
    this.length += written;
    return written;
  }

  /** Appends a word; the length must be a multiple of 4. */
  putWord(value: number): void {
    this.#reserve(4);
    this.#words[this.length >> 2] = value;
    this.length += 4;
  }

  /** Fills up to the next multiple of 4. */
  align(): void {
    this.#reserve(4);
    while ((this.length & 3) !== 0) this.bytes[this.length++] = 0;
  }

  /** Appends a text, its length before it, and fills up to a word. */
  putField(text: string): void {
    const at = this.length >> 2;
    this.putWord(0);
    const length = this.putText(text);
    this.#words[at] = length;
    this.align();
  }

  #reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = new Uint8Array(2 ** Math.ceil(Math.log2(this.length + more)));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.#words = new Int32Array(grown.buffer);
  }
}

/** The text of bytes in shared memory. */
export function readText(cells: Cells, at: number, length: number): string {
  const { bytes } = cells;
  if (length <= SHORT) {
    let text = "";
    let i = 0;
    for (; i < length; i++) {
      const code = bytes[at + i];
      if (code > 127) break;
      text += String.fromCharCode(code);
    }
    if (i === length) return text;
  }
  return decoder.decode(bytes.slice(at, at + length));
}

/** Copies bytes to memory that threads share; `at` is a multiple of 4. */
export function copyBytes(cells: Cells, at: number, source: Uint8Array, length: number): void {
  // `set` costs a call into the runtime, words cost their number: they meet here.
  if (length >= SHORT) {
    cells.bytes.set(source.length === length ? source : source.subarray(0, length), at);
    return;
  }
  const { words } = cells;
  let word = at >> 2;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    words[word++] = source[i] | source[i + 1] << 8 | source[i + 2] << 16 | source[i + 3] << 24;
  }
  if (i === length) return;
  let last = 0;
  for (let shift = 0; i < length; i++, shift += 8) last |= source[i] << shift;
  words[word] = last;
}
