import type { MemoryDelivery } from "../../src/memory/lane.ts";
import type { Message } from "../../src/message/message.ts";
import { override } from "../../src/testing/probes.ts";
import { publisher } from "../../src/transport/publisher.ts";
import { after } from "../../src/transport/timer.ts";
import {
  acksAtFetch,
  deliversNothing,
  memory,
  onFetch,
  onSend,
  onSource,
  same,
  storesOnly,
  twice,
} from "./_broken.ts";
import type { Defects } from "./_defects.ts";
import { onConsumption, onPublisher } from "./_faces.ts";

/** Defects of the end. */
export const CLOSE_DEFECTS: Defects = {
  "close: what a closed member had left comes to the next, and nothing twice": [
    {
      defect: "commits one less than it has handled",
      make: () =>
        memory(onSource((source) => ({
          ack: (deliveries) =>
            source.ack(
              (deliveries as MemoryDelivery[]).map((one) => ({ ...one, next: one.next - 1 })),
            ),
        }))),
      says: /deliveries are duplicates, 0 may be/,
    },
    {
      defect: "acks before anybody has handled it",
      make: () => memory(acksAtFetch),
      says: /did not come/,
      waits: true,
    },
    {
      defect: "delivers nothing",
      make: () => memory(deliversNothing),
      says: /0 of 5 deliveries came/,
      waits: true,
    },
  ],
  "close: subscriptions that come and go at once take nothing with them": [
    {
      defect: "keeps members that have left",
      make: () => memory(onSource(() => ({ close: () => Promise.resolve() }))),
      says: /messages did not come/,
      waits: true,
    },
    {
      defect: "delivers everything twice",
      make: () => memory(onFetch(twice)),
      says: /deliveries are duplicates, 0 may be/,
    },
  ],
  "close: a publisher that closes midway loses nothing that it confirmed": [
    {
      defect: "confirms what is published after close, and forgets it",
      make: () =>
        memory(
          same,
          onPublisher((made) => ({ publish: (...args) => made.publish(...args).catch(() => {}) })),
        ),
      says: /What is published after close must fail/,
    },
    {
      defect: "stores every second message, and confirms all",
      make: () => {
        let count = 0;
        return memory(storesOnly(() => count++ % 2 === 0));
      },
      says: /messages did not come/,
      waits: true,
    },
    {
      defect: "stores what is published after close, though it refuses it",
      make: () =>
        memory(
          same,
          onPublisher((made, transport) => ({
            async publish(...args) {
              try {
                await made.publish(...args);
              } catch (error) {
                await publisher(transport).publish(...args);
                throw error;
              }
            },
          })),
        ),
      says: /came although its publishing failed/,
    },
  ],
  "close: a publisher sends what it has queued, or rejects it": [
    {
      defect: "closes without a word to those who wait",
      make: () =>
        memory(
          same,
          onPublisher((made) => {
            let isClosed = false;
            return {
              publish: (...args) =>
                new Promise<void>((resolve, reject) => {
                  const publishing = made.publish(...args);
                  after(20, () => isClosed || publishing.then(resolve, reject));
                }),
              close(options) {
                isClosed = true;
                return made.close(options);
              },
            };
          }),
        ),
      says: /\d+ publishes hang after close/,
    },
    {
      defect: "never ends its close",
      make: () => memory(same, onPublisher(() => ({ close: () => new Promise(() => {}) }))),
      says: /Closing a publisher with a queue did not happen/,
      waits: true,
    },
    {
      defect: "says of what it has stored that it was refused",
      make: () =>
        memory(onSend(async (sink, lane, items) => {
          await sink.send(lane, items);
          return items.map((_, at) => {
            return at > 0 ? undefined : { cause: new Error("It was refused"), outcome: "rejected" };
          });
        })),
      says: /came although its publishing failed/,
    },
    {
      defect: "delivers nothing",
      make: () => memory(deliversNothing),
      says: /100 of 100 messages did not come/,
      waits: true,
    },
  ],
  "close: waits for the handler that runs and takes its ack, so nothing comes again": [
    {
      defect: "does not wait for handlers",
      make: () =>
        memory(
          same,
          onConsumption((made) => ({
            close(options) {
              made.close(options).catch(() => {});
              return Promise.resolve();
            },
          })),
        ),
      says: /Close must wait for the handler that runs/,
    },
    {
      defect: "nacks what is handled when it closes",
      make: () => {
        const running: Message[] = [];
        return memory(
          same,
          onConsumption((made) => ({
            close(options) {
              for (const message of running) message.nack();
              return made.close(options);
            },
          }), (message) => {
            running.push(message);
            return message;
          }),
        );
      },
      says: /The ack of that handler must count: nacked/,
    },
    {
      defect: "takes no acks",
      make: () => memory(onSource(() => ({ ack: () => Promise.resolve() }))),
      says: /What was acked while closing came again/,
    },
    {
      defect: "delivers nothing",
      make: () => memory(deliversNothing),
      says: /The call of the handler did not happen/,
      waits: true,
    },
    {
      defect: "never ends its close",
      make: () =>
        memory(
          same,
          onConsumption((made) => ({
            close: (options) => made.close(options).then(() => new Promise(() => {})),
          })),
        ),
      says: /Closing after the last handler did not happen/,
      waits: true,
    },
  ],
  "close: ends in time though a handler never does, and its message goes back to the group": [
    {
      defect: "waits for handlers however long they take",
      make: () => memory(same, onConsumption((made) => ({ close: () => made.close() }))),
      says: /Closing within its timeout did not happen/,
      waits: true,
    },
    {
      defect: "says nothing of handlers that did not end",
      make: () =>
        memory(
          same,
          onConsumption((made) => ({ close: (options) => made.close(options).catch(() => {}) })),
        ),
      says: /Closing within its timeout must fail: it did not/,
    },
    {
      defect: "acks before anybody has handled it",
      make: () => ({ ...memory(acksAtFetch), deadline: 1_500 }),
      says: /messages did not come/,
      waits: true,
    },
    {
      defect: "delivers nothing",
      make: () => memory(deliversNothing),
      says: /The call of the handler did not happen/,
      waits: true,
    },
  ],
  "close: may be asked for twice, at once, before any use, and after the connection": [
    {
      defect: "refuses to close twice",
      make: () =>
        memory((transport) => {
          let isClosed = false;
          return override(transport, {
            async close() {
              if (isClosed) throw new Error("It is closed already");
              isClosed = true;
              await transport.close();
            },
          });
        }),
      says: /It is closed already/,
    },
    {
      defect: "never ends a second close",
      make: () =>
        memory((transport) => {
          let isClosed = false;
          return override(transport, {
            async close() {
              if (isClosed) await new Promise(() => {});
              isClosed = true;
              await transport.close();
            },
          });
        }),
      says: /Closing a connection twice did not happen/,
      waits: true,
    },
    {
      defect: "never ends the close of a publisher",
      make: () => memory(same, onPublisher(() => ({ close: () => new Promise(() => {}) }))),
      says: /Closing twice did not happen/,
      waits: true,
    },
    {
      defect: "never ends the close of a publisher whose connection is closed",
      make: () => {
        let isGone = false;
        return memory(
          (transport) =>
            override(transport, {
              async close() {
                isGone = true;
                await transport.close();
              },
            }),
          onPublisher((made) => ({
            close: (options) => isGone ? new Promise(() => {}) : made.close(options),
          })),
        );
      },
      says: /Closing after the connection did not happen/,
      waits: true,
    },
  ],
};
