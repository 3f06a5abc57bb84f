import { Buffer } from "node:buffer";

/** Codes of MessagePack (github.com/msgpack/msgpack/blob/master/spec.md) that a map of texts is made of. */
const NIL = 0xc0;
const BIN_8 = 0xc4;
const BIN_32 = 0xc6;
const STR_8 = 0xd9;
const STR_16 = 0xda;
const STR_32 = 0xdb;
const MAP_16 = 0xde;
const MAP_32 = 0xdf;
const SHORT_MAP = 0x80;
const SHORT_STR = 0xa0;

type Pair = readonly [name: string, value: string];

/** Writes names and values as a map of MessagePack. */
export function writeStringMap(pairs: readonly Pair[]): Uint8Array {
  const { length } = pairs;
  const head = length < 16
    ? [SHORT_MAP | length]
    : length <= 0xffff
    ? [MAP_16, ...bigEndian(length, 2)]
    : [MAP_32, ...bigEndian(length, 4)];
  return Buffer.concat([Buffer.from(head), ...pairs.flat().map(writeText)]);
}

/**
 * Reads a map of MessagePack whose names and values are texts.
 *
 * @throws {RangeError} If it is something else.
 */
export function readStringMap(bytes: Uint8Array): Pair[] {
  const reader = new Reader(bytes);
  const pairs = Array.from(
    { length: reader.size() },
    () => [reader.text(), reader.text()] as const,
  );
  return pairs;
}

function writeText(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  const { length } = bytes;
  const head = length < 32
    ? [SHORT_STR | length]
    : length <= 0xff
    ? [STR_8, length]
    : length <= 0xffff
    ? [STR_16, ...bigEndian(length, 2)]
    : [STR_32, ...bigEndian(length, 4)];
  return Buffer.concat([Buffer.from(head), bytes]);
}

function bigEndian(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, at) => (value >>> (8 * (bytes - 1 - at))) & 0xff);
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Pairs of the map. */
  size(): number {
    const code = this.#number(1);
    if (code === NIL) return 0;
    if ((code & 0xf0) === SHORT_MAP) return code & 0x0f;
    if (code === MAP_16) return this.#number(2);
    if (code === MAP_32) return this.#number(4);
    throw refusal("a map", code);
  }

  text(): string {
    const code = this.#number(1);
    if (code === NIL) return "";
    const length = this.#length(code);
    this.#at += length;
    if (this.#at > this.#bytes.length) {
      throw new RangeError("Cannot read metadata as it ends early");
    }
    return this.#bytes.toString("utf8", this.#at - length, this.#at);
  }

  #length(code: number): number {
    if ((code & 0xe0) === SHORT_STR) return code & 0x1f;
    // Sizes of one, two and four bytes follow each other, for texts and for bytes.
    if (code >= STR_8 && code <= STR_32) return this.#number(2 ** (code - STR_8));
    if (code >= BIN_8 && code <= BIN_32) return this.#number(2 ** (code - BIN_8));
    throw refusal("a text", code);
  }

  #number(bytes: number): number {
    this.#at += bytes;
    if (this.#at > this.#bytes.length) {
      throw new RangeError("Cannot read metadata as it ends early");
    }
    return this.#bytes.readUIntBE(this.#at - bytes, bytes);
  }
}

function refusal(expected: string, code: number): RangeError {
  return new RangeError(
    `Cannot read metadata as ${expected} of MessagePack must begin otherwise than with ${code}`,
  );
}
