import { fields, type Message, type Rec } from "@beat/beat/message";
import type { SendFailure, SendItem, Sink } from "@beat/beat/transport";
import { batchId } from "./batch_id.ts";
import type { Content, WebhookMode } from "./content.ts";
import { type ContentWriter, contentWriter } from "./content_writer.ts";
import { deliver } from "./delivery.ts";
import type { Endpoint } from "./endpoint.ts";
import { type CircuitPlan, EndpointGate } from "./endpoint_gate.ts";
import { WebhookPathError } from "./errors.ts";
import { fetchPoster } from "./fetch_poster.ts";
import { encodeId } from "./plain.ts";
import type { Poster } from "./poster.ts";
import { findSockets, socketPoster } from "./socket_poster.ts";
import type { StandardWebhook } from "./standard_webhooks.ts";
import { traceHeadersOf } from "./trace_headers.ts";

/** What a sink is made of; checked already. */
export interface SinkPlan {
  readonly endpoint: Endpoint;
  readonly mode: WebhookMode;
  readonly source: string | undefined;
  readonly onUnmappable: "error" | "drop" | undefined;
  readonly path: ((message: Message, topic: string) => string) | undefined;
  readonly timeout: number;
  readonly concurrency: number;
  /** `undefined`: the endpoint is never spared. */
  readonly circuit: CircuitPlan | undefined;
  readonly ca: string | undefined;
  /** `undefined`: nothing is signed. */
  readonly signer: StandardWebhook | undefined;
}

/** What the receiver takes as a batch at most, too. */
const BATCH = 100;
/** Bytes of a batch; as base64 in JSON they are a third more. */
const BATCH_BYTES = 524_288;

/** A record as it will be posted. */
interface Written {
  readonly item: SendItem;
  readonly target: string;
  readonly content: Content;
}

/** Posts each record, or each batch of those with the same path. */
export class WebhookSink implements Sink {
  readonly limits: Sink["limits"];
  readonly #plan: SinkPlan;
  readonly #writer: ContentWriter;
  readonly #poster: Poster;
  readonly #gate: EndpointGate;
  readonly #closing = new AbortController();

  constructor(plan: SinkPlan) {
    const { mode, source, onUnmappable, endpoint, concurrency } = plan;
    this.#plan = plan;
    this.#gate = new EndpointGate(endpoint.origin, plan.circuit);
    this.#writer = contentWriter({ mode, source, onUnmappable });
    this.limits = this.#isBatch
      ? { batch: BATCH, bytes: BATCH_BYTES, lanes: concurrency }
      : { batch: 1, bytes: Infinity, lanes: concurrency };
    const sockets = findSockets();
    this.#poster = sockets === undefined
      ? fetchPoster(endpoint)
      : socketPoster(endpoint, sockets, plan.ca);
  }

  /** One key, or the path of a batch, goes one request after the other. */
  lane(topic: string, rec: Rec): string {
    const alone = `#${rec.id}`;
    if (!this.#isBatch && rec.key === "") return alone;
    try {
      const target = this.#targetOf(topic, rec);
      return this.#isBatch ? target : `${target} ${rec.key}`;
    } catch {
      // Found out again when it is sent, where it can be told.
      return alone;
    }
  }

  async send(
    _lane: string,
    items: readonly SendItem[],
  ): Promise<readonly (undefined | SendFailure)[]> {
    const results = items.map((item) => this.#write(item));
    const written = results.filter((result) => "content" in result);
    if (written.length === 0) return results as SendFailure[];
    const failure = await this.#post(written);
    return results.map((result) => "content" in result ? failure : result);
  }

  close(): Promise<void> {
    this.#closing.abort(new DOMException("The publisher was closed", "AbortError"));
    this.#poster.close();
    return Promise.resolve();
  }

  get #isBatch(): boolean {
    return this.#plan.mode === "cloudevents-batch";
  }

  #write(item: SendItem): Written | SendFailure {
    const { topic, rec } = item;
    try {
      const target = this.#targetOf(topic, rec);
      return { item, target, content: this.#writer.write(topic, rec) };
    } catch (cause) {
      return { cause, outcome: "rejected" };
    }
  }

  /** Posts records with the same path as one. */
  async #post(written: readonly Written[]): Promise<SendFailure | undefined> {
    const { endpoint, timeout, signer } = this.#plan;
    const [{ item: { rec }, target }] = written as [Written];
    const { headers, body } = this.#writer.join(written.map(({ content }) => content));
    const id = this.#isBatch
      ? await batchId(written.map(({ item }) => item.rec.id))
      : encodeId(rec.id);
    // A batch has as many contexts as events, which carry them.
    const trace = this.#isBatch ? {} : traceHeadersOf(rec);
    return await deliver({ target, headers: { ...Object.fromEntries(headers), ...trace }, body }, {
      endpoint,
      gate: this.#gate,
      poster: this.#poster,
      timeout,
      sign: async () => ({ ...await signer?.sign(id, body) }),
      signal: this.#closing.signal,
    });
  }

  /** @throws {WebhookPathError} If 'path' throws, or gives none below the URL. */
  #targetOf(topic: string, rec: Rec): string {
    const { endpoint: { origin, path, query }, path: choose } = this.#plan;
    if (choose === undefined) return `${path}/${encodeURIComponent(topic)}${query}`;
    const chosen = chosenBy(choose, fields.decode(rec, { topic }), topic);
    if (chosen === "") return (path || "/") + query;
    const url = new URL(`${origin}${path}/${chosen.replace(/^\/+/, "")}`);
    if (!url.pathname.startsWith(`${path}/`)) {
      throw new WebhookPathError(topic, "must stay below 'url'");
    }
    return url.pathname + (url.search || query);
  }
}

function chosenBy(
  choose: (message: Message, topic: string) => unknown,
  message: Message,
  topic: string,
): string {
  let chosen: unknown;
  try {
    chosen = choose(message, topic);
  } catch (cause) {
    throw new WebhookPathError(topic, "has thrown", { cause });
  }
  if (typeof chosen === "string") return chosen;
  throw new WebhookPathError(
    topic,
    `must return a string: it returned a value of type ${typeof chosen}`,
  );
}
