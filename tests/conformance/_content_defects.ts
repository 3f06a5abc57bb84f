import { newUuid } from "../../src/message/uuid.ts";
import type { SendFailure } from "../../src/transport/port.ts";
import { after } from "../../src/transport/timer.ts";
import {
  type Break,
  cut,
  deliversNothing,
  memory,
  network,
  onRec,
  onSend,
  same,
  storesOnly,
} from "./_broken.ts";
import type { Defects } from "./_defects.ts";
import { failingWith, oneLine, onPublisher } from "./_faces.ts";

const DECODER = new TextDecoder();
const ENCODER = new TextEncoder();

/** What the broker has refused is stored all the same, cut off. */
const storesPartOfRefused = onSend(async (sink, lane, items) => {
  const results = await sink.send(lane, items);
  const refused = items.filter((_, at) => results[at] !== undefined);
  await sink.send(lane, refused.map((item) => cut(item, 100)));
  return results;
});

/** Stores each id once, and tells the same of what comes later. */
function onceEach(told: SendFailure | undefined): Break {
  const ids = new Set<string>();
  return onSend(async (sink, lane, items) => {
    const fresh = items.filter(({ rec }) => !ids.has(rec.id));
    for (const { rec } of fresh) ids.add(rec.id);
    await sink.send(lane, fresh);
    return items.map((item) => fresh.includes(item) ? undefined : told);
  });
}

/** Defects of what comes, and of what publishing says. */
export const CONTENT_DEFECTS: Defects = {
  "headers: empty values, any text, 100 names, and names that differ in case come as they are": [
    {
      defect: "makes names lower case",
      make: () =>
        memory(onRec(({ headers }) => ({
          headers: headers.map(([name, value]) => [name.toLowerCase(), value] as const),
        }))),
      says: /metadata Tenant 'upper' came as 'undefined'/,
    },
    {
      defect: "loses empty values",
      make: () =>
        memory(onRec(({ headers }) => ({ headers: headers.filter(([, value]) => value !== "") }))),
      says: /metadata empty '' came as 'undefined'/,
    },
    {
      defect: "trims values",
      make: () =>
        memory(onRec(({ headers }) => ({
          headers: headers.map(([name, value]) => [name, value.trim()] as const),
        }))),
      says: /metadata spaces/,
    },
    {
      defect: "delivers nothing",
      make: () => memory(deliversNothing),
      says: /6 of 6 messages did not come/,
      waits: true,
    },
  ],
  "payload: none, every byte value, bytes that are no UTF-8, and large ones come as they are": [
    {
      defect: "takes bytes for text",
      make: () =>
        memory(onRec(({ payload }) => ({ payload: ENCODER.encode(DECODER.decode(payload)) }))),
      says: /payload of \d+ bytes came as other/,
    },
    {
      defect: "delivers nothing",
      make: () => memory(deliversNothing),
      says: /6 of 6 messages did not come/,
      waits: true,
    },
  ],
  "headers: ends of lines are refused, and the connection goes on": [
    {
      defect: "cuts values at the end of the line",
      make: () =>
        memory(
          same,
          onPublisher((made) => ({
            publish: (topic, messages, options) => made.publish(topic, oneLine(messages), options),
          })),
        ),
      says: /must fail: it did not/,
    },
    {
      defect: "refuses by an error of its own",
      make: () =>
        memory(
          same,
          onPublisher((made) => ({
            publish: (...args) =>
              made.publish(...args).catch((cause) => {
                throw new Error("It was refused", { cause });
              }),
          })),
        ),
      says: /must be refused by a RangeError: Error: It was refused/,
    },
    {
      defect: "stores what it refuses",
      make: () =>
        memory(
          same,
          onPublisher((made) => ({
            async publish(topic, messages, options) {
              try {
                await made.publish(topic, messages, options);
              } catch (error) {
                await made.publish(topic, oneLine(messages), options);
                throw error;
              }
            },
          })),
        ),
      says: /5 messages came, 1 was taken/,
    },
    {
      defect: "delivers nothing",
      make: () => memory(deliversNothing),
      says: /1 of 1 messages did not come/,
      waits: true,
    },
  ],
  "payload: the largest comes, one more byte is refused, and the connection goes on": [
    {
      defect: "cuts what is too large",
      make: () =>
        network(
          onSend((sink, lane, items) => sink.send(lane, items.map((item) => cut(item, 2 ** 20)))),
        ),
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
    {
      defect: "refuses the largest",
      make: () =>
        network(onSend(async (sink, lane, items) => {
          const isLargest = items.some(({ rec }) => rec.payload.length === 2 ** 20);
          if (!isLargest) return await sink.send(lane, items);
          return items.map(() => ({ cause: new RangeError("Too large"), outcome: "rejected" }));
        })),
      says: /What becomes of a payload of 1048576 bytes must be \["acked"\]: it is \["failed"\]/,
    },
    {
      defect: "stores a part of what it refuses",
      make: () => network(storesPartOfRefused),
      says: /3 messages came, 2 were taken/,
    },
    {
      defect: "refuses by an error of its own",
      make: () => network(same, failingWith(() => new RangeError("It was refused"))),
      says: /must fail with a PublishError: RangeError: It was refused/,
    },
    {
      defect: "delivers nothing",
      make: () => network(deliversNothing),
      says: /2 of 2 messages did not come/,
      waits: true,
    },
  ],
  "payload: the caller may use its buffer again when publish has resolved": [
    {
      defect: "confirms before it has copied",
      make: () =>
        memory(onSend(async (sink, lane, items) => {
          after(5, () => void sink.send(lane, items));
          return await items.map(() => undefined);
        })),
      says: /payloads were overwritten/,
    },
    {
      defect: "delivers nothing",
      make: () => memory(deliversNothing),
      says: /0 of 10 deliveries came/,
      waits: true,
    },
  ],
  "publish: resolves only when the broker has it, so that it survives what comes next": [
    {
      defect: "confirms what it has not stored yet",
      make: () => memory(storesOnly((_, at) => at > 0)),
      says: /1 of 20 messages did not come/,
      waits: true,
    },
    {
      defect: "never confirms",
      make: () =>
        memory(onSend(async (sink, lane, items) => {
          await sink.send(lane, items);
          return await new Promise(() => {});
        })),
      says: /Publishing did not happen/,
      waits: true,
    },
  ],
  "publish: one message for two purposes is stored for both, though its id is the same": [
    {
      defect: "refuses what it has",
      make: () => memory(onceEach({ cause: new Error("It is there"), outcome: "rejected" })),
      says: /What is told must be \[null\]/,
    },
    {
      defect: "drops what it has, and confirms it",
      make: () => memory(onceEach(undefined)),
      says: /1 of 2 deliveries came/,
      waits: true,
    },
    {
      defect: "names messages anew",
      make: () => memory(onRec(() => ({ id: newUuid() }))),
      says: /What came must be/,
    },
  ],
  "publish: of a call that fails in part, the messages that failed are named, all others come": [
    {
      defect: "refuses the whole call",
      make: () =>
        network(onSend(async (sink, lane, items) => {
          const results = await sink.send(lane, items);
          const failure = results.find((result) => result !== undefined);
          return items.map(() => failure);
        })),
      says: /What is named as failed must be \[\[2,"rejected"\]\]/,
    },
    {
      defect: "says nothing of what it refuses",
      make: () =>
        network(onSend(async (sink, lane, items) => {
          await sink.send(lane, items);
          return items.map(() => undefined);
        })),
      says: /A call with a message that is too large must fail: it did not/,
    },
    {
      defect: "stores a part of what it refuses",
      make: () => network(storesPartOfRefused),
      says: /5 messages came, 4 were taken/,
    },
    {
      defect: "refuses by an error of its own",
      make: () => network(same, failingWith(() => new RangeError("It was refused"))),
      says: /must fail with a PublishError: RangeError: It was refused/,
    },
    {
      defect: "delivers nothing",
      make: () => network(deliversNothing),
      says: /4 of 4 messages did not come/,
      waits: true,
    },
  ],
};
