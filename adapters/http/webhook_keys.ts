import { fromBase64 } from "./base64.ts";
import { createHmac, join } from "./hmac.ts";

/** A key of Standard Webhooks. */
export interface WebhookKey {
  /** `v1`: HMAC-SHA256. `v1a`: Ed25519. */
  readonly version: "v1" | "v1a";
  /** Bytes of a signature. */
  readonly size: number;
  readonly canSign: boolean;
  readonly canVerify: boolean;
  /** Signs; needs {@linkcode WebhookKey.canSign}. */
  readonly sign: (head: string, body: Uint8Array) => Uint8Array | Promise<Uint8Array>;
  /** Compares in constant time; needs {@linkcode WebhookKey.canVerify}. */
  readonly verify: (
    signature: Bytes,
    head: string,
    body: Uint8Array,
  ) => boolean | Promise<boolean>;
}

type Bytes = Uint8Array<ArrayBuffer>;

const PREFIX = /^(whsec_|whsk_|whpk_)?/;
const ED25519 = "Ed25519";
const ED25519_BYTES = 32;

/** What PKCS #8 puts before the 32 bytes of a private Ed25519 key (RFC 8410, section 7). */
const PKCS8_HEAD = [48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];

/**
 * Reads secrets as Standard Webhooks writes them. What they are stands in no error.
 *
 * @throws {TypeError} If there is none, or one is no string.
 * @throws {RangeError} If one is not base64 of the right length.
 */
export function parseKeys(action: string, secrets: string | readonly string[]): WebhookKey[] {
  const list: readonly unknown[] = Array.isArray(secrets) ? secrets : [secrets];
  if (list.length === 0) throw new TypeError(`Cannot ${action} as 'secrets' must not be empty`);
  return list.map((secret, at) => {
    const which = `Cannot ${action} as secret ${at + 1} of ${list.length}`;
    if (typeof secret !== "string") {
      throw new TypeError(`${which} must be a string: it is of type ${typeof secret}`);
    }
    return parseKey(which, secret);
  });
}

function parseKey(which: string, secret: string): WebhookKey {
  const prefix = PREFIX.exec(secret)![0];
  const bytes = fromBase64(secret.slice(prefix.length));
  const refuse = (must: string) => {
    const actual = bytes === undefined ? "it is no base64" : `it has ${bytes.length} bytes`;
    return new RangeError(`${which} must be ${must}: ${actual}`);
  };
  if (prefix === "whsk_") {
    // With the public key behind it, as libsodium keeps them, it has twice the length.
    const fits = bytes?.length === ED25519_BYTES || bytes?.length === 2 * ED25519_BYTES;
    if (!fits) throw refuse("base64 of 32 or 64 bytes after 'whsk_'");
    return privateKey(bytes!.slice(0, ED25519_BYTES));
  }
  if (prefix === "whpk_") {
    if (bytes?.length !== ED25519_BYTES) throw refuse("base64 of 32 bytes after 'whpk_'");
    return publicKey(bytes);
  }
  if (bytes === undefined || bytes.length < 24 || bytes.length > 64) {
    throw refuse("base64 of 24 to 64 bytes, with or without 'whsec_'");
  }
  return sharedKey(bytes);
}

function sharedKey(bytes: Bytes): WebhookKey {
  return { version: "v1", size: 32, canSign: true, canVerify: true, ...createHmac(bytes) };
}

function privateKey(seed: Bytes): WebhookKey {
  const der = Uint8Array.from([...PKCS8_HEAD, ...seed]);
  const open = once(() => crypto.subtle.importKey("pkcs8", der, ED25519, false, ["sign"]));
  return {
    version: "v1a",
    size: 64,
    canSign: true,
    canVerify: false,
    sign: async (head, body) =>
      new Uint8Array(await crypto.subtle.sign(ED25519, await open(), join(head, body))),
    verify: () => false,
  };
}

function publicKey(bytes: Bytes): WebhookKey {
  const open = once(() => crypto.subtle.importKey("raw", bytes, ED25519, false, ["verify"]));
  return {
    version: "v1a",
    size: 64,
    canSign: false,
    canVerify: true,
    sign: () => Promise.reject(new TypeError("Cannot sign a webhook by a public key")),
    verify: async (signature, head, body) =>
      await crypto.subtle.verify(ED25519, await open(), signature, join(head, body)),
  };
}

/** At its first use: workerd forbids to import keys while a module is loaded. */
function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => made ??= make();
}
