import { findNodeCrypto, type NodeCrypto } from "./node_crypto.ts";

/** Bytes from which on the platform hashes on another thread: this one has better things to do. */
const LARGE = 262_144;

/** HMAC-SHA256 with one key, of a head in ASCII and a body behind it. */
export interface Hmac {
  /** The hash. */
  sign(head: string, body: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** Compares in constant time. */
  verify(
    signature: Uint8Array<ArrayBuffer>,
    head: string,
    body: Uint8Array,
  ): boolean | Promise<boolean>;
}

/**
 * HMAC-SHA256 by `node:crypto` where there is one: for a body of 1 KiB the way through Web Crypto, which
 * hops to another thread and back, takes many times as long as the hash itself.
 */
export function createHmac(key: Uint8Array<ArrayBuffer>): Hmac {
  const slow = createWebHmac(key);
  const node = findNodeCrypto();
  if (node === undefined) return slow;
  const sign = twoHashes(node, key);
  return {
    sign: (head, body) => body.length < LARGE ? sign(head, body) : slow.sign(head, body),
    verify(signature, head, body) {
      if (body.length >= LARGE) return slow.verify(signature, head, body);
      const right = sign(head, body);
      return right.length === signature.length && node.timingSafeEqual(right, signature);
    },
  };
}

/** Bytes that SHA-256 takes at a time. */
const BLOCK = 64;

/**
 * The two hashes that HMAC is (RFC 2104, section 2). Deno's own `createHmac` takes twice as long as
 * them, Bun's and Node's as long.
 */
function twoHashes(
  node: NodeCrypto,
  key: Uint8Array,
): (head: string, body: Uint8Array) => Uint8Array {
  const start = () => node.createHash("sha256");
  const padded = new Uint8Array(BLOCK);
  padded.set(key.length > BLOCK ? start().update(key).digest() : key);
  const inner = padded.map((byte) => byte ^ 0x36);
  const outer = padded.map((byte) => byte ^ 0x5c);
  return (head, body) =>
    start().update(outer).update(start().update(inner).update(head).update(body).digest()).digest();
}

/** HMAC-SHA256 by Web Crypto, which every platform has. */
export function createWebHmac(key: Uint8Array<ArrayBuffer>): Hmac {
  let imported: Promise<CryptoKey> | undefined;
  // At its first use: workerd forbids it while a module is loaded.
  const open = () => imported ??= crypto.subtle.importKey("raw", key, HASH, false, USES);
  return {
    sign: async (head, body) =>
      new Uint8Array(await crypto.subtle.sign("HMAC", await open(), join(head, body))),
    verify: async (signature, head, body) =>
      await crypto.subtle.verify("HMAC", await open(), signature, join(head, body)),
  };
}

const TEXT = new TextEncoder();

/** A head in ASCII and a body behind it, as one. */
export function join(head: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(head.length + body.length);
  TEXT.encodeInto(head, whole);
  whole.set(body, head.length);
  return whole;
}

const HASH = { name: "HMAC", hash: "SHA-256" };
const USES: KeyUsage[] = ["sign", "verify"];
