/** What is used of `node:crypto`, which Deno, Bun and Node have, and workerd by a flag. */
export interface NodeCrypto {
  /** Begins a hash. */
  createHash(algorithm: "sha256"): NodeHash;
  /** Compares in a time that tells nothing of what is in them; both must have the same length. */
  timingSafeEqual(one: Uint8Array, other: Uint8Array): boolean;
}

/** A hash that takes one piece after the other. */
export interface NodeHash {
  /** Takes a piece; a text as UTF-8. */
  update(content: string | Uint8Array): NodeHash;
  /** Its end. */
  digest(): Uint8Array<ArrayBuffer>;
  /** Its end, in hexadecimal. */
  digest(encoding: "hex"): string;
}

let found: { readonly crypto: NodeCrypto | undefined } | undefined;

/** Found by trying: a name that exists may still throw. */
export function findNodeCrypto(): NodeCrypto | undefined {
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
    const hash = node.createHash("sha256").update("").update(new Uint8Array(1)).digest();
    return node.timingSafeEqual(hash, hash) ? node : undefined;
  } catch {
    return undefined;
  }
}
