import type { MemoryDelivery } from "../../src/memory/lane.ts";
import { Message } from "../../src/message/message.ts";
import { newUuid } from "../../src/message/uuid.ts";
import { override } from "../../src/testing/probes.ts";
import type { Faces } from "../../src/testing/world.ts";
import { consume } from "../../src/transport/consumption.ts";
import type { Delivery } from "../../src/transport/port.ts";
import { publisher } from "../../src/transport/publisher.ts";
import { after } from "../../src/transport/timer.ts";
import {
  acksAtFetch,
  acksNacks,
  memory,
  network,
  onFetch,
  onRec,
  onRequeue,
  onSend,
  onSource,
  onSpec,
  shelf,
  storesOnly,
} from "./_broken.ts";
import type { Defects } from "./_defects.ts";

/** As long as nobody sets it off. */
const { now } = Date;

/** Defects of order, groups and batches, of publishing and of the end. */
export const MORE_DEFECTS: Defects = {
  "group: each group gets everything, from when it was there first": [{
    defect: "takes all groups for one",
    make: () => memory(onSpec((spec) => ({ ...spec, group: "all" }))),
    says: /messages did not come/,
  }],
  "group: what a member had that was killed comes to the survivor": [
    {
      defect: "waits for a member for ever",
      make: () => {
        const { connect } = shelf();
        const { traits } = connect();
        return shelf((transport) =>
          onSource((source) => {
            const keep = { cancel: () => {} };
            const held = new Set<Delivery>();
            const prolong = () => {
              void source.extend!([...held]);
              keep.cancel = after(20, prolong);
            };
            prolong();
            return {
              fetch: async (...args) => {
                const deliveries = await source.fetch!(...args);
                for (const delivery of deliveries) held.add(delivery);
                return deliveries;
              },
              close: async () => {
                keep.cancel();
                await source.close();
              },
            };
          })(override(transport, { traits }))
        );
      },
      says: /messages did not come/,
    },
    {
      defect: "acks before anybody has handled it",
      make: () => memory(acksAtFetch),
      says: /messages did not come/,
    },
  ],
  "group: members that join and leave under load lose nothing": [{
    defect: "acks before anybody has handled it",
    make: () => memory(acksAtFetch),
    says: /never came/,
  }],
  "order: messages of a key come in the order of their publishing, to all members together": [{
    defect: "delivers what it has fetched from behind",
    make: () => memory(onFetch((deliveries) => [...deliveries].reverse())),
    says: /came after '.*', which was published later/,
  }],
  "order: the next of a key waits until the one before it is settled": [{
    defect: "loses keys",
    make: () => memory(onRec(() => ({ key: "" }))),
    says: /The second message came before the first was settled/,
  }],
  "order: with 8 workers and failures a key keeps its order, and other keys overlap in time": [
    {
      defect: "delivers what it has fetched from behind",
      make: () => memory(onFetch((deliveries) => [...deliveries].reverse())),
      says: /came after '.*', which was published later/,
    },
    {
      defect: "takes all keys for one",
      make: () => memory(onRec(() => ({ key: "one" }))),
      says: /0 of 80 messages were handled/,
    },
  ],
  "batch: of a batch that is acked in part only the rest comes again": [{
    defect: "delivers everything twice",
    make: () => memory(onFetch((deliveries) => deliveries.flatMap((one) => [one, one]))),
    says: /How often each message was handled must be/,
  }],
  "batch: a middleware sees every batch, and they hold everything once": [{
    defect: "loses all but the first of what it fetched at once",
    make: () => memory(onFetch((deliveries) => deliveries.slice(0, 1))),
    says: /messages were handled/,
  }],
  "headers: ends of lines are refused, and the connection goes on": [{
    defect: "cuts values at the end of the line",
    make: () =>
      memory(undefined, {
        publisher: (transport) => {
          const made = publisher(transport);
          const cut = (message: Message) => {
            const copy = new Message(message.payload, { uuid: message.uuid });
            for (const [name, value] of message.metadata) {
              copy.metadata.set(name, value.replace(/[\r\n\0].*/s, ""));
            }
            return copy;
          };
          return override(made, {
            publish: (topic, messages, options) =>
              made.publish(topic, ([messages] as Message[][]).flat().map(cut), options),
          });
        },
      }),
    says: /must fail: it did not/,
  }],
  "payload: the largest comes, one more byte is refused, and the connection goes on": [
    {
      defect: "cuts what is too large",
      make: () =>
        network(onSend((sink, lane, items) =>
          sink.send(
            lane,
            items.map((item) => ({
              ...item,
              rec: { ...item.rec, payload: item.rec.payload.subarray(0, 2 ** 20) },
            })),
          )
        )),
      says: /Publishing 1048577 bytes must fail/,
    },
    {
      defect: "breaks the connection for what is too large",
      make: () =>
        network(onSend((sink, lane, items) => {
          const isTooLarge = items.some(({ rec }) => rec.payload.length > 2 ** 20);
          return isTooLarge ? Promise.reject(new Error("Broken pipe")) : sink.send(lane, items);
        })),
      says: /The outcome of what is too large must be "rejected": it is "unknown"/,
    },
  ],
  "payload: the caller may use its buffer again when publish has resolved": [{
    defect: "confirms before it has copied",
    make: () =>
      memory(onSend(async (sink, lane, items) => {
        after(5, () => void sink.send(lane, items));
        return await items.map(() => undefined);
      })),
    says: /payloads were overwritten/,
  }],
  "publish: resolves only when the broker has it, so that it survives what comes next": [{
    defect: "confirms what it has not stored yet",
    make: () => memory(storesOnly((_, at) => at > 0)),
    says: /1 of 20 messages did not come/,
  }],
  "publish: of a call that fails in part, the messages that failed are named, all others come": [{
    defect: "refuses the whole call",
    make: () =>
      network(onSend(async (sink, lane, items) => {
        const results = await sink.send(lane, items);
        const failure = results.find((result) => result !== undefined);
        return items.map(() => failure);
      })),
    says: /What is named as failed must be \[\[2,"rejected"\]\]/,
  }],
  "dedupe: a handler that fails is called again when its message comes again": [{
    defect: "takes a nack for an ack",
    make: () => shelf(acksNacks),
    says: /1 of 2 calls were made|must be \[1,2\]/,
  }],
  "dedupe: the same message published twice is handled once": [{
    defect: "names messages anew",
    make: () => memory(onRec(() => ({ id: newUuid() }))),
    says: /The last message did not come/,
  }],
  "dedupe: a crash between the effect and its mark costs one more call and no message": [{
    defect: "acks before anybody has handled it",
    make: () => memory(acksAtFetch),
    says: /The message did not come again/,
  }],
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
    },
  ],
  "close: subscriptions that come and go at once take nothing with them": [{
    defect: "keeps members that have left",
    make: () => memory(onSource(() => ({ close: () => Promise.resolve() }))),
    says: /messages did not come/,
  }],
  "close: a publisher that closes midway loses nothing that it confirmed": [
    {
      defect: "confirms what is published after close, and forgets it",
      make: () =>
        memory(undefined, { publisher: forgetful((publishing) => publishing.catch(() => {})) }),
      says: /What is published after close must fail/,
    },
    {
      defect: "stores every second message, and confirms all",
      make: () => {
        let count = 0;
        return memory(storesOnly(() => count++ % 2 === 0));
      },
      says: /messages did not come/,
    },
  ],
  "close: a publisher sends what it has queued, or rejects it": [{
    defect: "closes without a word to those who wait",
    make: () =>
      memory(undefined, {
        publisher: forgetful((publishing, closed) => {
          return closed.aborted ? publishing : Promise.race([
            new Promise<void>((resolve, reject) => {
              after(20, () => closed.aborted || publishing.then(resolve, reject));
            }),
          ]);
        }),
      }),
    says: /publishes hang after close/,
  }],
  "close: waits for the handler that runs and takes its ack, so nothing comes again": [
    {
      defect: "does not wait for handlers",
      make: () =>
        memory(undefined, {
          async consume(transport, consumer, options) {
            const made = await consume(transport, consumer, options);
            return override(made, {
              close(options) {
                made.close(options).catch(() => {});
                return Promise.resolve();
              },
            });
          },
        }),
      says: /Close must wait for the handler that runs/,
    },
    {
      defect: "takes no acks",
      make: () => memory(onSource(() => ({ ack: () => Promise.resolve() }))),
      says: /What was acked while closing came again/,
    },
  ],
  "close: ends in time though a handler never does, and its message goes back to the group": [
    {
      defect: "waits for handlers however long they take",
      make: () =>
        memory(undefined, {
          async consume(transport, consumer, options) {
            const made = await consume(transport, consumer, options);
            return override(made, { close: () => made.close() });
          },
        }),
      says: /Closing within its timeout did not happen/,
    },
    {
      defect: "acks before anybody has handled it",
      make: () => ({ ...memory(acksAtFetch), deadline: 1_500 }),
      says: /messages did not come/,
    },
  ],
  "close: may be asked for twice, at once, before any use, and after the connection": [{
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
  }],
  "clock: a consumer whose clock is an hour off waits as long as any other": [{
    defect: "tells the broker the time of day until which it shall wait",
    make: () =>
      shelf(
        onRequeue((items) =>
          items.map((item) => ({ ...item, delay: Date.now() + item.delay - now() }))
        ),
      ),
    says: /1 of 2 deliveries came/,
  }],
};

/** A publisher whose promises pass through something that knows when it was closed. */
function forgetful(
  change: (publishing: Promise<void>, closed: AbortSignal) => Promise<void>,
): Faces["publisher"] {
  return (transport) => {
    const made = publisher(transport);
    const closed = new AbortController();
    return override(made, {
      publish: (...args) => change(made.publish(...args), closed.signal),
      close(options) {
        closed.abort();
        return made.close(options);
      },
    });
  };
}
