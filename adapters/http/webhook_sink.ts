import { fields, type Message, type Rec } from "@beat/beat/message";
import type { SendFailure, SendItem, Sink } from "@beat/beat/transport";
import { batchId } from "./batch_id.ts";
import type { Content, WebhookMode } from "./content.ts";
import { type ContentWriter, contentWriter } from "./content_writer.ts";
import { deliver } from "./delivery.ts";
import type { Endpoint } from "./endpoint.ts";
import { fetchPoster } from "./fetch_poster.ts";
import { encodeId } from "./plain.ts";
import type { Poster } from "./poster.ts";
import { findSockets, socketPoster } from "./socket_poster.ts";
import type { StandardWebhook } from "./standard_webhooks.ts";

/** What a sink is made of; checked already. */
export interface SinkPlan {
  readonly endpoint: Endpoint;
  readonly mode: WebhookMode;
  readonly source: string | undefined;
  readonly onUnmappable: "error" | "drop" | undefined;
  readonly path: ((message: Message, topic: string) => string) | undefined;
  readonly timeout: number;
  readonly concurrency: number;
  readonly ca: string | undefined;
  /** `undefined`: nothing is signed. */
  readonly signer: StandardWebhook | undefined;
}

/** What the receiver takes as a batch at most, too. */
const BATCH = 100;
/** Bytes of a batch; as base64 in JSON they are a third more. */
const BATCH_BYTES = 524_288;

/** Posts each record, or each batch of those with the same path. */
export class WebhookSink implements Sink {
  readonly limits: Sink["limits"];
  readonly #plan: SinkPlan;
  readonly #writer: ContentWriter;
  readonly #poster: Poster;
  readonly #closing = new AbortController();

  constructor(plan: SinkPlan) {
    const { mode, source, onUnmappable, endpoint, concurrency } = plan;
    this.#plan = plan;
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
    const target = this.#targetOf(topic, rec);
    if (this.#isBatch) return target;
    return rec.key === "" ? `#${rec.id}` : `${target} ${rec.key}`;
  }

  async send(
    _lane: string,
    items: readonly SendItem[],
  ): Promise<readonly (undefined | SendFailure)[]> {
    const written = items.map((item) => this.#write(item));
    const contents = written.filter((content) => "body" in content);
    if (contents.length === 0) return written as SendFailure[];
    const sent = items.filter((_, at) => "body" in written[at]!);
    const failure = await this.#post(sent, this.#writer.join(contents));
    return written.map((content) => "body" in content ? failure : content);
  }

  close(): Promise<void> {
    this.#closing.abort(new DOMException("The publisher was closed", "AbortError"));
    this.#poster.close();
    return Promise.resolve();
  }

  get #isBatch(): boolean {
    return this.#plan.mode === "cloudevents-batch";
  }

  #write({ topic, rec }: SendItem): Content | SendFailure {
    try {
      return this.#writer.write(topic, rec);
    } catch (cause) {
      return { cause, outcome: "rejected" };
    }
  }

  async #post(items: readonly SendItem[], content: Content): Promise<SendFailure | undefined> {
    const { endpoint, timeout, signer } = this.#plan;
    const { topic, rec } = items[0]!;
    const id = this.#isBatch ? await batchId(items.map((item) => item.rec.id)) : encodeId(rec.id);
    return await deliver({
      target: this.#targetOf(topic, rec),
      headers: Object.fromEntries(content.headers),
      body: content.body,
    }, {
      endpoint,
      poster: this.#poster,
      timeout,
      sign: async () => ({ ...await signer?.sign(id, content.body) }),
      signal: this.#closing.signal,
    });
  }

  #targetOf(topic: string, rec: Rec): string {
    const { endpoint: { origin, path, query }, path: choose } = this.#plan;
    if (choose === undefined) return `${path}/${encodeURIComponent(topic)}${query}`;
    const chosen = choose(fields.decode(rec, { topic }), topic);
    if (chosen === "") return (path || "/") + query;
    const url = new URL(`${origin}${path}/${chosen.replace(/^\/+/, "")}`);
    return url.pathname + (url.search || query);
  }
}
