import { Refusal } from "./answer.ts";

/** What a body may be. */
export interface BodyLimits {
  /** Bytes at most. */
  readonly maxBody: number;
  /** Milliseconds until its end. */
  readonly readTimeout: number;
}

/** What a buffer begins with when the length is not known. */
const FIRST_BUFFER = 16_384;

/** Refuses a body by what its header says. */
export function checkLength(headers: Headers, { maxBody }: BodyLimits): void {
  const length = headers.get("content-length");
  if (length !== null && !(Number(length) <= maxBody)) throw tooLarge(maxBody);
}

/**
 * Reads a body, counting what comes whatever its header said.
 *
 * @throws {Refusal} 408 when it takes too long, 413 when it is too large, 400 when it breaks off.
 */
export async function readBody(request: Request, limits: BodyLimits): Promise<Uint8Array> {
  const { maxBody, readTimeout } = limits;
  const expiry = Promise.withResolvers<never>();
  const timer = setTimeout(() => expiry.reject(tooSlow(readTimeout)), readTimeout);
  try {
    const body = isFramed(request.headers)
      ? readWhole(request, maxBody)
      : readCounted(request, maxBody, expiry.promise);
    return await Promise.race([body, expiry.promise]);
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal(400, "Body must be complete");
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Whether the server ends the body at a length that was checked: then it need not be counted piece by
 * piece, which costs more than all other checks together.
 */
function isFramed(headers: Headers): boolean {
  return headers.has("content-length") && !headers.has("transfer-encoding");
}

async function readWhole(request: Request, maxBody: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(await request.arrayBuffer());
  if (bytes.length > maxBody) throw tooLarge(maxBody);
  return bytes;
}

async function readCounted(
  request: Request,
  maxBody: number,
  expired: Promise<never>,
): Promise<Uint8Array> {
  const reader = request.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  // Reads no more; whether the sender hears of it is not waited for.
  const leave = () => void reader.cancel().catch(() => {});
  expired.catch(leave);
  const bytes = new Buffered(maxBody);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return bytes.take();
    if (bytes.add(value)) continue;
    leave();
    throw tooLarge(maxBody);
  }
}

/** Bytes in one buffer that doubles: a list of chunks would cost many times a body of single bytes. */
class Buffered {
  readonly #limit: number;
  #buffer: Uint8Array = new Uint8Array();
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** False if it is too much. */
  add(chunk: Uint8Array): boolean {
    const size = this.#size + chunk.length;
    if (size > this.#limit) return false;
    if (this.#size === 0) this.#buffer = chunk;
    else {
      if (size > this.#buffer.length) this.#grow(size);
      this.#buffer.set(chunk, this.#size);
    }
    this.#size = size;
    return true;
  }

  take(): Uint8Array {
    return this.#buffer.subarray(0, this.#size);
  }

  #grow(size: number): void {
    const larger = new Uint8Array(Math.max(size, 2 * this.#buffer.length, FIRST_BUFFER));
    larger.set(this.#buffer.subarray(0, this.#size));
    this.#buffer = larger;
  }
}

function tooLarge(maxBody: number): Refusal {
  return new Refusal(413, `Body must be at most ${maxBody} bytes`, CLOSE);
}

function tooSlow(readTimeout: number): Refusal {
  return new Refusal(408, `Body must come within ${readTimeout} ms`, CLOSE);
}

/** What was not read would be taken for the next request. */
const CLOSE = { connection: "close" };
