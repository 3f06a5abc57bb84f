/** An endpoint has an address that webhooks must not be sent to. */
export class RefusedAddressError extends Error {
  /**
   * Creates the error from the host, the address and what that is reserved for; without an address the
   * name says enough.
   */
  constructor(host: string, address: string | undefined, purpose: string) {
    super(`Cannot send webhooks to '${host}' as ${whyRefused(address, purpose)}`);
    this.name = "RefusedAddressError";
  }
}

function whyRefused(address: string | undefined, purpose: string): string {
  if (address === undefined) {
    return `it is ${purpose}: name its address in 'allow' to open it, such as '127.0.0.1/32'`;
  }
  const block = `${address}/${address.includes(":") ? 128 : 32}`;
  return `its address ${address} is special (${purpose}): name it in 'allow' to open it, as '${block}'`;
}

/** What an endpoint answered, or why it did not. */
export interface WebhookErrorOptions extends ErrorOptions {
  /** The status of the answer. @default {none: there was no answer} */
  status?: number;
  /** Milliseconds that the endpoint asked to wait. @default {none} */
  retryAfter?: number;
  /** How the answer begins, as one line. @default {nothing} */
  answer?: string;
}

/** An endpoint did not take a webhook, after a few quick attempts if those had a chance. */
export class WebhookError extends Error {
  /** The status of the last answer; `undefined` if there was none. */
  readonly status: number | undefined;
  /** Milliseconds that the endpoint asked to wait; `undefined` if it did not say. */
  readonly retryAfter: number | undefined;
  /**
   * How the answer begins, as one line made of 1024 bytes at most; `undefined` if there was none, or nothing
   * in it. It mostly tells the reason, and may quote what was sent: so it is no part of the message, which
   * gets into logs and dead letters.
   */
  readonly answer: string | undefined;

  /** Creates the error from the origin of the endpoint and what happened. */
  constructor(origin: string, what: string, options: WebhookErrorOptions = {}) {
    super(`The webhook endpoint at ${origin} ${what}`, options);
    this.name = "WebhookError";
    this.status = options.status;
    this.retryAfter = options.retryAfter;
    this.answer = options.answer;
  }
}

/** An endpoint answered 410: nothing should be sent to it any more. */
export class EndpointGoneError extends WebhookError {
  /** Creates the error from the origin of the endpoint, and how its answer begins if it was given now. */
  constructor(origin: string, options: Pick<WebhookErrorOptions, "answer"> = {}) {
    super(origin, "is gone: it should be sent nothing any more", { ...options, status: 410 });
    this.name = "EndpointGoneError";
  }
}

/** Too many requests to an endpoint failed: for a while it is sent nothing, and `retryAfter` tells how long. */
export class EndpointCircuitOpenError extends WebhookError {
  /** Creates the error from the origin of the endpoint and the milliseconds; 0: as soon as a request that tries has ended. */
  constructor(origin: string, retryAfter: number, options?: ErrorOptions) {
    super(
      origin,
      `is spared as too many requests failed: it may be tried in ${Math.ceil(retryAfter)} ms`,
      { ...options, retryAfter },
    );
    this.name = "EndpointCircuitOpenError";
  }
}

/** The `path` of a publisher has thrown, or gave no path below its `url`. */
export class WebhookPathError extends Error {
  /** Creates the error from the topic, what is wrong and what led to it. */
  constructor(topic: string, what: string, options?: ErrorOptions) {
    super(`Cannot post a message of '${topic}' as 'path' ${what}`, options);
    this.name = "WebhookPathError";
  }
}

/** Why a signature was refused; never shown to the sender. */
export type SignatureFault =
  | "missing-header"
  | "malformed-id"
  | "malformed-timestamp"
  | "too-old"
  | "too-new"
  | "no-match";

/** A webhook is not signed by any of the secrets, or not at this time. */
export class SignatureError extends Error {
  /** Why; for a log, not for the sender. */
  readonly fault: SignatureFault;

  /** Creates the error from its reason. */
  constructor(fault: SignatureFault) {
    super("The signature of the webhook is missing or invalid");
    this.name = "SignatureError";
    this.fault = fault;
  }
}

/** A request that was verified holds no message; its text is shown to the sender. */
export class MalformedError extends Error {
  /** Creates the error from what is wrong. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "MalformedError";
  }
}
