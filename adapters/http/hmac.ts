/** What is used of `node:crypto`, which Deno, Bun and Node have, and workerd by a flag. */
interface NodeCrypto {
  createSecretKey(key: Uint8Array): object;
  createHmac(algorithm: "sha256", key: object): NodeHmac;
  timingSafeEqual(one: Uint8Array, other: Uint8Array): boolean;
}

interface NodeHmac {
  update(content: string | Uint8Array): NodeHmac;
  digest(): Uint8Array<ArrayBuffer>;
}

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
  // Not the bytes: Node takes five times as long to find out that they are no key.
  const secret = node.createSecretKey(key);
  const sign = (head: string, body: Uint8Array) =>
    node.createHmac("sha256", secret).update(head).update(body).digest();
  return {
    sign: (head, body) => body.length < LARGE ? sign(head, body) : slow.sign(head, body),
    verify(signature, head, body) {
      if (body.length >= LARGE) return slow.verify(signature, head, body);
      const right = sign(head, body);
      return right.length === signature.length && node.timingSafeEqual(right, signature);
    },
  };
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

let found: { readonly crypto: NodeCrypto | undefined } | undefined;

/** Found by trying: a name that exists may still throw. */
function findNodeCrypto(): NodeCrypto | undefined {
  found ??= { crypto: probe() };
  return found.crypto;
}

function probe(): NodeCrypto | undefined {
  try {
    const load = globalThis.process?.getBuiltinModule as
      | ((name: string) => NodeCrypto | undefined)
      | undefined;
    const node = load?.("node:crypto");
    if (node === undefined) return undefined;
    const key = node.createSecretKey(new Uint8Array(32));
    const hash = node.createHmac("sha256", key).update(new Uint8Array(1)).digest();
    return node.timingSafeEqual(hash, hash) ? node : undefined;
  } catch {
    return undefined;
  }
}
