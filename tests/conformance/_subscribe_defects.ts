import type { MessageStream } from "../../src/message/contracts.ts";
import { override } from "../../src/testing/probes.ts";
import {
  acksAtFetch,
  deliversFirst,
  deliversNothing,
  echoing,
  memory,
  onFetch,
  onSend,
  onSource,
  onSpec,
  same,
  twice,
} from "./_broken.ts";
import type { Defects } from "./_defects.ts";
import { onPublisher, onStream, onSubscriber } from "./_faces.ts";

/** Defects of who gets what, and when. */
export const SUBSCRIBE_DEFECTS: Defects = {
  "subscribe: many topics at once, each gets exactly its own": [
    {
      defect: "stores a message in the topic before as well",
      make: () => memory(echoing()),
      says: /came and nobody published it/,
    },
    {
      defect: "delivers nothing",
      make: () => memory(deliversNothing),
      says: /10 of 10 messages did not come/,
      waits: true,
    },
  ],
  "subscribe: a topic gets its own message and nothing more": [
    {
      defect: "takes topics for the same that begin alike",
      make: () => {
        const short = (topic: string) => topic.slice(0, 20);
        return memory((transport) =>
          override(onSend((sink, lane, items) => sink.send(short(lane), items))(transport), {
            source: (spec, host) => transport.source({ ...spec, topic: short(spec.topic) }, host),
          })
        );
      },
      says: /1 of 1 messages did not come/,
      waits: true,
    },
    {
      defect: "stores a message in the topic before as well",
      make: () => memory(echoing()),
      says: /What the two topics got must be/,
    },
  ],
  "subscribe: one that is aborted ends, and what it had goes back to its group": [
    {
      defect: "acks before anybody has handled it",
      make: () => memory(acksAtFetch),
      says: /messages did not come/,
      waits: true,
    },
    {
      defect: "delivers everything twice",
      make: () => memory(onFetch(twice)),
      says: /deliveries are duplicates, 0 may be/,
    },
    {
      defect: "does not end a stream whose signal aborts",
      make: () =>
        memory(
          same,
          onSubscriber((made) => ({
            subscribe: (topic, { signal: _, ...rest } = {}) => made.subscribe(topic, rest),
          })),
        ),
      says: /The end of a stream whose signal was aborted did not happen/,
      waits: true,
    },
    {
      defect: "closes a subscriber with its stream",
      make: () =>
        memory(
          same,
          onSubscriber((made) => ({
            subscribe(topic, options) {
              options?.signal?.addEventListener("abort", () => void made.close());
              return made.subscribe(topic, options);
            },
          })),
        ),
      says: /ClosedError/,
    },
    {
      defect: "delivers nothing",
      make: () => memory(deliversNothing),
      says: /0 of 1 deliveries came/,
      waits: true,
    },
  ],
  "subscribe: a new reader gets all that was published before": [
    {
      defect: "begins at the end, whatever is asked for",
      make: () => memory(onSpec((spec) => ({ ...spec, from: "latest" }))),
      says: /1 of 1 messages did not come/,
      waits: true,
    },
    {
      defect: "delivers everything twice",
      make: () => memory(onFetch(twice)),
      says: /What the readers got must be/,
    },
    {
      defect: "delivers what it fetches first, and nothing more",
      make: () => memory(deliversFirst),
      says: /2 of 3 messages did not come/,
      waits: true,
    },
  ],
  "subscribe: an aborted signal rejects without a call, and no listener stays on a signal": [
    {
      defect: "does not look at the signal of a subscription",
      make: () =>
        memory(
          same,
          onSubscriber((made) => ({
            subscribe: (topic, { signal: _, ...rest } = {}) => made.subscribe(topic, rest),
          })),
        ),
      says: /What rejects must be the reason/,
    },
    {
      defect: "does not look at the signal of a publish",
      make: () =>
        memory(
          same,
          onPublisher((made) => ({ publish: (topic, messages) => made.publish(topic, messages) })),
        ),
      says: /What rejects must be the reason/,
    },
    {
      defect: "takes a subscription that is aborted for one that has ended",
      make: () =>
        memory(
          same,
          onSubscriber((made) => ({
            async subscribe(topic, options) {
              if (!options?.signal?.aborted) return await made.subscribe(topic, options);
              return {} as MessageStream;
            },
          })),
        ),
      says: /Subscribing must fail: it did not/,
    },
    {
      defect: "takes a publish that is aborted for one that was confirmed",
      make: () =>
        memory(
          same,
          onPublisher((made) => ({
            async publish(topic, messages, options) {
              if (!options?.signal?.aborted) await made.publish(topic, messages, options);
            },
          })),
        ),
      says: /Publishing must fail: it did not/,
    },
    {
      defect: "asks the broker before it looks at the signal",
      make: () =>
        memory(
          same,
          onPublisher((made, transport) => ({
            async publish(topic, messages, options) {
              await transport.peek!(topic, 1).catch(() => {});
              await made.publish(topic, messages, options);
            },
          })),
        ),
      says: /Calls of the transport must be 0: it is 1/,
    },
    {
      defect: "ignores a signal that has not aborted yet",
      make: () =>
        memory(
          same,
          onSubscriber((made) => ({
            subscribe(topic, options) {
              const { signal, ...rest } = options ?? {};
              return made.subscribe(topic, signal?.aborted ? options : rest);
            },
          })),
        ),
      says: /A live subscription must listen to its signal/,
    },
    {
      defect: "leaves its listener on the signal of a subscription",
      make: () =>
        memory(
          same,
          onSubscriber((made) => ({
            subscribe(topic, options) {
              options?.signal?.addEventListener("abort", () => {});
              return made.subscribe(topic, options);
            },
          })),
        ),
      says: /Listeners on the signal after close must be 0: it is 1/,
    },
    {
      defect: "leaves its listener on the signal of a publish",
      make: () =>
        memory(
          same,
          onPublisher((made) => ({
            publish(topic, messages, options) {
              options?.signal?.addEventListener("abort", () => {});
              return made.publish(topic, messages, options);
            },
          })),
        ),
      says: /Listeners on the signal after a publish must be 0: it is 1/,
    },
    {
      defect: "never answers a publish that is aborted",
      make: () =>
        memory(
          same,
          onPublisher((made) => ({
            publish: (...args) =>
              args[2]?.signal?.aborted ? new Promise(() => {}) : made.publish(...args),
          })),
        ),
      says: /A refusal did not happen/,
      waits: true,
    },
    {
      defect: "never answers a publish that can be aborted",
      make: () =>
        memory(
          same,
          onPublisher((made) => ({
            publish: (...args) =>
              args[2]?.signal?.aborted ? made.publish(...args) : new Promise(() => {}),
          })),
        ),
      says: /Publishing did not happen/,
      waits: true,
    },
    {
      defect: "never ends the close of a stream",
      make: () => memory(same, onStream(() => ({ close: () => new Promise(() => {}) }))),
      says: /Closing did not happen/,
      waits: true,
    },
  ],
  "iterate: leaving the loop ends the subscription, what was not settled goes to its group": [
    {
      defect: "acks before anybody has handled it",
      make: () => memory(acksAtFetch),
      says: /messages did not come/,
      waits: true,
    },
    {
      defect: "acks what its loop was left with",
      make: () =>
        memory(
          same,
          onStream((stream) => ({
            async *[Symbol.asyncIterator]() {
              for await (const message of stream) {
                try {
                  yield message;
                } finally {
                  message.ack();
                }
              }
            },
          })),
        ),
      says: /What was taken must be \["acked","nacked"\]: it is \["acked","acked"\]/,
    },
    {
      defect: "takes no acks",
      make: () => memory(onSource(() => ({ ack: () => Promise.resolve() }))),
      says: /What was acked before the loop was left came again/,
    },
    {
      defect: "never lets go of its loop",
      make: () =>
        memory(
          same,
          onStream((stream) => ({
            [Symbol.asyncIterator]() {
              const own = stream[Symbol.asyncIterator]();
              return { next: () => own.next(), return: () => new Promise(() => {}) };
            },
          })),
        ),
      says: /Leaving the loop did not happen/,
      waits: true,
    },
  ],
};
