import { check, DURATION } from "@beat/beat/transport";
import { fromBase64, toBase64 } from "./base64.ts";
import { SignatureError } from "./errors.ts";
import { parseKeys, type WebhookKey } from "./webhook_keys.ts";

/** How {@linkcode StandardWebhook} verifies. */
export interface StandardWebhookOptions {
  /** Milliseconds that the clocks of sender and receiver may differ, in both directions. @default {300_000} */
  tolerance?: number;
}

/** The headers of a signed webhook. */
export interface WebhookHeaders {
  /** Identifies the webhook; the same at each attempt. */
  "webhook-id": string;
  /** Seconds since 1970 of this attempt. */
  "webhook-timestamp": string;
  /** A list of signatures. */
  "webhook-signature": string;
}

/** Headers by their lower-case names: those of a `Request`, or an object. */
export type ReceivedHeaders =
  | Headers
  | WebhookHeaders
  | Readonly<Record<string, string | undefined>>;

/** Signatures that are looked at: each one costs a hash of the whole body. */
const MAX_SIGNATURES = 10;
/** Characters of a list of signatures, and of an id. */
const MAX_HEADER = 4_096;

const ID = /^[\x21-\x2d\x2f-\x7e]{1,1024}$/;
const TIMESTAMP = /^\d{1,15}$/;

/**
 * Signs and verifies webhooks as [Standard Webhooks 1.0](https://www.standardwebhooks.com) has it:
 * `v1` with `whsec_` secrets, `v1a` (Ed25519) with `whsk_` to sign and `whpk_` to verify. What is
 * signed are bytes: a body that is no text verifies too.
 *
 * With several secrets it signs with each, and takes what one of them verifies: so secrets rotate.
 *
 * @example Both directions
 * ```ts
 * import { StandardWebhook } from "@beat/http";
 *
 * const webhook = new StandardWebhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
 * const body = new TextEncoder().encode('{"test": 2432232314}');
 * const headers = await webhook.sign("msg_1", body);
 * await webhook.verify(headers, body);
 * ```
 */
export class StandardWebhook {
  readonly #signing: readonly WebhookKey[];
  readonly #verifying: readonly WebhookKey[];
  readonly #tolerance: number;

  /**
   * Reads the secrets.
   *
   * @throws {TypeError} If there is no secret, or one is no string.
   * @throws {RangeError} If one is not base64 of 24 to 64 bytes (Ed25519: 32), or `tolerance` is negative.
   */
  constructor(secrets: string | readonly string[], options: StandardWebhookOptions = {}) {
    const { tolerance = 300_000 } = options;
    check("use a standard webhook", "tolerance", tolerance, DURATION);
    const keys = parseKeys("use a standard webhook", secrets);
    this.#signing = keys.filter((key) => key.canSign);
    this.#verifying = keys.filter((key) => key.canVerify);
    this.#tolerance = tolerance;
  }

  /** Whether there is a secret to sign with. */
  get canSign(): boolean {
    return this.#signing.length > 0;
  }

  /** Whether there is a secret to verify with. */
  get canVerify(): boolean {
    return this.#verifying.length > 0;
  }

  /**
   * The three headers for a body. The time is that of the attempt: sign again before each.
   *
   * @throws {RangeError} If the id is not 1 to 1024 visible ASCII characters without a dot.
   */
  async sign(id: string, body: Uint8Array, time: Date = new Date()): Promise<WebhookHeaders> {
    if (!ID.test(id)) {
      throw new RangeError(
        "Cannot sign a webhook as its id must be 1 to 1024 visible ASCII characters without a dot",
      );
    }
    const timestamp = String(Math.floor(time.getTime() / 1000));
    const head = `${id}.${timestamp}.`;
    const signatures = await Promise.all(this.#signing.map(async ({ version, sign }) => {
      return `${version},${toBase64(await sign(head, body))}`;
    }));
    return {
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "webhook-signature": signatures.join(" "),
    };
  }

  /**
   * Resolves if one of the first 10 signatures is right and the time is near enough.
   *
   * @throws {SignatureError} If not, whatever the reason.
   */
  async verify(headers: ReceivedHeaders, body: Uint8Array, now: Date = new Date()): Promise<void> {
    const [id, timestamp, list] = NAMES.map((name) => valueOf(headers, name));
    if (!id || !timestamp || !list) throw new SignatureError("missing-header");
    if (!ID.test(id)) throw new SignatureError("malformed-id");
    if (!TIMESTAMP.test(timestamp)) throw new SignatureError("malformed-timestamp");
    const age = now.getTime() - Number(timestamp) * 1000;
    if (age > this.#tolerance) throw new SignatureError("too-old");
    if (age < -this.#tolerance) throw new SignatureError("too-new");
    if (list.length > MAX_HEADER) throw new SignatureError("no-match");
    const head = `${id}.${timestamp}.`;
    for (const signature of list.split(" ", MAX_SIGNATURES)) {
      if (await this.#matches(signature, head, body)) return;
    }
    throw new SignatureError("no-match");
  }

  async #matches(signature: string, head: string, body: Uint8Array): Promise<boolean> {
    const comma = signature.indexOf(",");
    const version = signature.slice(0, comma);
    const bytes = comma === -1 ? undefined : fromBase64(signature.slice(comma + 1));
    if (bytes === undefined) return false;
    for (const key of this.#verifying) {
      // workerd throws at an Ed25519 signature of another length, which is no secret.
      if (key.version !== version || key.size !== bytes.length) continue;
      if (await key.verify(bytes, head, body)) return true;
    }
    return false;
  }
}

const NAMES = ["webhook-id", "webhook-timestamp", "webhook-signature"] as const;

function valueOf(headers: ReceivedHeaders, name: string): string | null | undefined {
  if ("get" in headers && typeof headers.get === "function") return headers.get(name);
  return headers[name as keyof typeof headers];
}
