import type { Sink } from "@beat/beat/transport";
import { type Fetch, serve, type WebhookListener } from "../listen.ts";
import { WebhookError } from "../errors.ts";
import { type WebhookTransport, webhookTransport } from "../webhook_transport.ts";
import { SECRET } from "./requests.ts";

/** Bytes of a payload that a receiver lets in. */
export const MAX_PAYLOAD = 1_048_576;

/**
 * One address in front of the receivers of many connections: what senders see of a service with
 * several processes. A webhook goes to the first of them that has a subscription.
 */
export class Hub {
  readonly #receivers = new Set<Fetch>();
  #listener: Promise<WebhookListener> | undefined;
  #port = 0;
  #isDown = false;

  /** Is not there for a while. */
  async restart(whileDown: (() => Promise<void>) | undefined): Promise<void> {
    this.#isDown = true;
    await this.#close();
    await whileDown?.();
    this.#isDown = false;
    await this.#open();
  }

  /** A transport that sends to this address, and receives what comes to it. */
  async connect(): Promise<WebhookTransport> {
    if (!this.#isDown && this.#receivers.size === 0) await this.#open();
    const transport = webhookTransport({
      url: `http://127.0.0.1:${this.#port}`,
      secrets: SECRET,
      insecureHttp: true,
      allow: ["127.0.0.1/32"],
      // A sender that gives up too soon loses what nobody sends again.
      timeout: 15_000,
      // What handlers nack is answered by 503: that is no endpoint to spare.
      circuitBreaker: false,
      ackTimeout: 2_000,
      maxBody: MAX_PAYLOAD,
    });
    const { fetch } = transport;
    this.#receivers.add(fetch);
    const close = async () => {
      this.#receivers.delete(fetch);
      await transport.close();
      if (this.#receivers.size === 0) await this.#close();
    };
    return { ...transport, sink: () => persistent(transport.sink()), close };
  }

  async #open(): Promise<void> {
    this.#listener ??= serve((request) => this.#route(request), { port: this.#port });
    this.#port = (await this.#listener).port;
  }

  async #close(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    await (await listener)?.close();
  }

  async #route(request: Request): Promise<Response> {
    // A connection that is kept busy would never be closed.
    if (this.#isDown) return new Response(null, { status: 503, headers: { connection: "close" } });
    const body = await request.arrayBuffer();
    const { url, method, headers } = request;
    for (const fetch of this.#receivers) {
      const answer = await fetch(new Request(url, { method, headers, body }));
      if (!await isNobodys(answer)) return answer;
    }
    // One process cannot know whether a topic will have a subscription; who sees all of them can.
    return new Response(null, { status: 404 });
  }
}

/** Whether it is the answer of a process in which the topic has no subscription. */
async function isNobodys(answer: Response): Promise<boolean> {
  if (answer.status !== 404 && answer.status !== 503) return false;
  return (await answer.clone().text()).startsWith("Topic has no subscription");
}

/** Sends again what failed, as senders do who keep what they send. */
function persistent(sink: Sink): Sink {
  const send: Sink["send"] = async (lane, items) => {
    const [failure] = await sink.send(lane, items);
    const isWorthIt = failure?.cause instanceof WebhookError && failure.cause.status === 503;
    return isWorthIt ? await send(lane, items) : [failure];
  };
  return {
    limits: sink.limits,
    lane: (topic, rec) => sink.lane(topic, rec),
    send,
    close: () => sink.close(),
  };
}
