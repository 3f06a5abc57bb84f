import type { SourceSpec, Traits, Transport } from "@beat/beat/transport";
import { ClosedError } from "@beat/beat/message";
import type { Host, Sink, Source } from "@beat/beat/transport";
import { Hono } from "hono";
import { type ListenOptions, serve, type WebhookListener } from "./listen.ts";
import type { WebhookTransportOptions } from "./options.ts";
import { type Halves, planTransport } from "./plans.ts";
import { Receiver } from "./receiver.ts";
import { WebhookSink } from "./webhook_sink.ts";

/** The part of a Hono app that others need: `fetch` for servers, `request` for tests. */
export interface WebhookApp {
  /** Answers a request; never rejects. */
  fetch(request: Request, env?: unknown, context?: unknown): Response | Promise<Response>;
  /** Answers a request to a path. */
  request(input: Request | string | URL, init?: RequestInit): Response | Promise<Response>;
}

/** What receives webhooks: to be mounted, or to be served. */
export interface WebhookReceiver {
  /** The Hono app. */
  readonly app: WebhookApp;
  /** Answers a request: for `Deno.serve`, `Bun.serve`, workerd, `app.mount` of Hono. Needs no `this`. */
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /**
   * Serves it alone; closing the subscriber or the transport ends that.
   *
   * @throws {TypeError | RangeError} If an option is malformed.
   * @throws {Error} If the port is taken, or this platform has no servers.
   */
  readonly listen: (options?: ListenOptions) => Promise<WebhookListener>;
}

/** Webhooks as a broker: what others send is received, what is published is sent. */
export interface WebhookTransport extends Transport, WebhookReceiver {}

/** Creates a transport; see {@linkcode webhookPublisher} and {@linkcode webhookSubscriber} for its halves. */
export function webhookTransport(options: WebhookTransportOptions): WebhookTransport {
  return createTransport(options, "both");
}

/** Creates a transport of which the caller uses one half, or both. */
export function createTransport(
  options: WebhookTransportOptions,
  halves: Halves,
): WebhookTransport {
  const { send, receive } = planTransport(options, halves);
  const receiver = receive && new Receiver(receive);
  const listeners = new Set<WebhookListener>();
  let isClosed = false;
  const app = new Hono();
  if (receiver !== undefined) app.all("*", (context) => receiver.handle(context.req.raw));
  return {
    name: "http",
    traits: { ...TRAITS, lease: receive?.ackTimeout ?? 0 },

    // deno-lint-ignore require-await -- What it throws must be a rejection.
    async source(spec: SourceSpec, host: Host): Promise<Source> {
      if (isClosed) throw new ClosedError(`subscribe to '${spec.topic}'`, "transport");
      if (receiver === undefined) throw new TypeError("Cannot subscribe as this only publishes");
      return receiver.subscribe(spec, host);
    },

    sink(): Sink {
      if (send === undefined) {
        throw new TypeError("Cannot publish as the webhook transport has no 'url'");
      }
      return new WebhookSink(send);
    },

    app: app as unknown as WebhookApp,
    fetch: (request) => app.fetch(request),

    async listen(options) {
      if (isClosed) throw new ClosedError("listen", "transport");
      const listener = await serve((request) => app.fetch(request), options);
      listeners.add(listener);
      if (isClosed) await listener.close();
      return listener;
    },

    async close(): Promise<void> {
      isClosed = true;
      receiver?.close();
      await Promise.all(Array.from(listeners, (listener) => listener.close()));
    },
  };
}

const TRAITS: Omit<Traits, "lease"> = {
  settle: "each",
  requeue: "broker",
  counts: true,
  retained: false,
  groups: false,
  keyOrder: "none",
};
