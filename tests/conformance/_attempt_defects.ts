import { newUuid } from "../../src/message/uuid.ts";
import { override } from "../../src/testing/probes.ts";
import type { Delivery } from "../../src/transport/port.ts";
import {
  acksAtFetch,
  acksNacks,
  cut,
  deliversNothing,
  isLetter,
  memory,
  onFetch,
  onRec,
  onRequeue,
  onSend,
  onSource,
  same,
  shelf,
  storesOnly,
  transfers,
  twice,
} from "./_broken.ts";
import type { Defects } from "./_defects.ts";
import { onConsumption, onMessages } from "./_faces.ts";

/** Defects of what happens to what is not handled at once. */
export const ATTEMPT_DEFECTS: Defects = {
  "delivery: attempt is 1 first and one more after each nack, redelivered says so": [
    {
      defect: "loses the count of deliveries",
      make: () => shelf(onFetch((deliveries) => deliveries.map((one) => ({ ...one, count: 1 })))),
      says: /Attempt and redelivered must be/,
    },
    {
      defect: "takes a nack for an ack",
      make: () => shelf(acksNacks),
      says: /1 of 4 deliveries came/,
      waits: true,
    },
  ],
  "delivery: what is nacked with a delay does not come earlier": [
    {
      defect: "ignores the delay of a nack",
      make: () => shelf(onRequeue((items) => items.map((item) => ({ ...item, delay: 0 })))),
      says: /It came after [\d.]+ ms, nacked with 300 ms/,
    },
    {
      defect: "takes a nack for an ack",
      make: () => shelf(acksNacks),
      says: /1 of 2 deliveries came, of '.*' last/,
      waits: true,
    },
  ],
  "delivery: what one member nacks comes to another of its group": [
    {
      defect: "acks before anybody has handled it",
      make: () => memory(acksAtFetch),
      says: /0 of 1/,
      waits: true,
    },
    {
      defect: "begins to count anew for another member",
      make: () =>
        shelf(onSource((source) => {
          let before: number | undefined;
          return {
            async fetch(...args) {
              const deliveries = await source.fetch!(...args);
              before ??= (deliveries[0]?.count ?? 1) - 1;
              return deliveries.map((one) => ({ ...one, count: one.count - before! }));
            },
          };
        })),
      says: /The attempt after \d+ nacks of another member must be/,
    },
    {
      defect: "names a message anew when it comes again",
      make: () =>
        shelf(
          onFetch((deliveries) =>
            deliveries.map((one) =>
              one.count === 1 ? one : { ...one, rec: { ...one.rec, id: newUuid() } }
            )
          ),
        ),
      says: /What the other member got must be/,
    },
    {
      defect: "delivers nothing",
      make: () => memory(deliversNothing),
      says: /0 of 1 deliveries came, of 'undefined' last/,
      waits: true,
    },
  ],
  "delivery: a message that always fails is called as often as allowed, then the next comes": [
    {
      defect: "delivers everything twice",
      make: () => memory(onFetch(twice)),
      says: /The calls with 2 repeats must be/,
    },
    {
      defect: "stores the first of each call, and confirms all",
      make: () => memory(storesOnly((_, at) => at === 0)),
      says: /the first of 'next' did not come: calls were poison,poison,poison/,
      waits: true,
    },
  ],
  "delivery: a message that always fails becomes a dead letter, bytes and reason kept": [
    {
      defect: "loses headers",
      make: () => memory(onRec(() => ({ headers: [] }))),
      says: /What it tells must be/,
    },
    {
      defect: "stores nothing of what failed elsewhere",
      make: () => memory(storesOnly((item) => !isLetter(item))),
      says: /0 of 1/,
      waits: true,
    },
    {
      defect: "stores a dead letter twice",
      make: () =>
        memory(onSend(async (sink, lane, items) => {
          await sink.send(lane, items.filter(isLetter));
          return await sink.send(lane, items);
        })),
      says: /The dead letters must be/,
    },
    {
      defect: "cuts dead letters",
      make: () =>
        memory(
          onSend((sink, lane, items) =>
            sink.send(lane, items.map((item) => isLetter(item) ? cut(item, 100) : item))
          ),
        ),
      says: /The bytes of the dead letter are others/,
    },
    {
      defect: "stores the first of each call, and confirms all",
      make: () => memory(storesOnly((_, at) => at === 0)),
      says: /'next', which comes after it, was not handled/,
      waits: true,
    },
  ],
  "delivery: what is transferred is published elsewhere, and does not come again": [
    {
      defect: "delivers nothing",
      make: () => memory((transport) => transfers(deliversNothing(transport))),
      says: /Delivery number 1 did not happen/,
      waits: true,
    },
    {
      defect: "acks what it is to transfer",
      make: () =>
        memory(onSource((source) => ({ transfer: (delivery) => source.ack([delivery]) }))),
      says: /1 of 1 messages did not come/,
      waits: true,
    },
    {
      defect: "transfers no headers",
      make: () =>
        memory((transport) =>
          onSource((source) => ({
            transfer: (delivery, topic, rec) =>
              source.transfer!(delivery, topic, { ...rec, headers: [] }),
          }))(transfers(transport))
        ),
      says: /metadata tenant '7' came as 'undefined'/,
    },
    {
      defect: "does not ack what it has transferred",
      make: () =>
        memory((transport) =>
          transfers(onSource(() => ({ ack: () => Promise.resolve() }))(transport))
        ),
      says: /What is left where it was must be \[\]/,
    },
  ],
  "delivery: the signal of a message aborts when its subscription ends before its handler": [
    {
      defect: "hands out messages whose signals nobody aborts",
      make: () => memory(same, onMessages((message) => message.copy())),
      says: /The abort of the signal of a running handler did not happen/,
      waits: true,
    },
    {
      defect: "hands out messages whose signals have aborted",
      make: () =>
        memory(same, onMessages((message) => override(message, { signal: AbortSignal.abort() }))),
      says: /The signal must not abort while its subscription is open/,
    },
    {
      defect: "aborts the signals of all messages that there were",
      make: () => {
        const closing = new AbortController();
        const { signal } = closing;
        return memory(
          same,
          onConsumption((made) => ({
            close(options) {
              closing.abort();
              return made.close(options);
            },
          }), (message) => override(message, { signal })),
        );
      },
      says: /The signal of what was acked must not abort/,
    },
    {
      defect: "delivers nothing",
      make: () => memory(deliversNothing),
      says: /0 of 2 messages came/,
      waits: true,
    },
  ],
  "delivery: what a busy member nacks, and what it has no room for, comes to one that has": [
    {
      defect: "has a member take all there is, and keep what there is no room for",
      make: () =>
        shelf(onSource((source) => {
          const kept: Delivery[] = [];
          return {
            async fetch(room, ...rest) {
              if (kept.length === 0) kept.push(...await source.fetch!(100, ...rest));
              return kept.splice(0, room);
            },
          };
        })),
      says: /of 19 messages did not come/,
      waits: true,
    },
    {
      defect: "gives to a member that joins what others have",
      make: () => {
        const given: Delivery[] = [];
        return shelf(onSource((source) => {
          const joined = [...given];
          return {
            async fetch(...args) {
              const own = await source.fetch!(...args);
              given.push(...own);
              return [...own, ...joined.splice(0)];
            },
          };
        }));
      },
      says: /What one member is busy with came to another/,
    },
    {
      defect: "stores the first of each call, and confirms all",
      make: () => shelf(storesOnly((_, at) => at === 0)),
      says: /After what was nacked nothing came/,
      waits: true,
    },
  ],
};
