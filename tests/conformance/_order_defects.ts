import type { Message } from "../../src/message/message.ts";
import { newUuid } from "../../src/message/uuid.ts";
import { override } from "../../src/testing/probes.ts";
import {
  acksAtFetch,
  acksNacks,
  type Break,
  deliversNothing,
  memory,
  neverLive,
  onFetch,
  onRec,
  onSend,
  same,
  shelf,
  storesOnly,
  twice,
  underTwoNames,
} from "./_broken.ts";
import type { Defects } from "./_defects.ts";
import { showing } from "./_faces.ts";

/** Says that members keep an order together. */
const inGroups: Break = (transport) =>
  override(transport, { traits: { ...transport.traits, keyOrder: "group" } });

/** Defects of order, batches and of handling something once. */
export const ORDER_DEFECTS: Defects = {
  "order: messages of a key come in the order of their publishing, to all members together": [
    {
      defect: "delivers what it has fetched from behind",
      make: () => memory(onFetch((deliveries) => [...deliveries].reverse())),
      says: /came after '.*', which was published later/,
    },
    {
      defect: "delivers nothing",
      make: () => memory(deliversNothing),
      says: /100 of 100 messages did not come/,
      waits: true,
    },
  ],
  "order: the next of a key waits until the one before it is settled": [
    {
      defect: "loses keys",
      make: () => memory(onRec(() => ({ key: "" }))),
      says: /The second message came before the first was settled/,
    },
    {
      defect: "delivers everything twice",
      make: () => memory(onFetch(twice)),
      says: /What came must be/,
    },
    {
      defect: "stores the first of each call, and confirms all",
      make: () => memory(storesOnly((_, at) => at === 0)),
      says: /The second message did not come/,
      waits: true,
    },
    {
      defect: "delivers nothing",
      make: () => memory(deliversNothing),
      says: /The first message did not come/,
      waits: true,
    },
  ],
  "order: the next of a key waits for the one before it, though another member is free": [
    {
      defect: "keeps the order of a key within a member only",
      make: () => shelf(inGroups),
      says: /Another member got the second message before the first was settled/,
    },
    {
      defect: "delivers nothing",
      make: () => memory(deliversNothing),
      says: /The first message did not come/,
      waits: true,
    },
    {
      defect: "stores the first of each call, and confirms all",
      make: () => memory(storesOnly((_, at) => at === 0)),
      says: /The second message did not come/,
      waits: true,
    },
    {
      defect: "stores what it is given from behind",
      make: () => memory(onSend((sink, lane, items) => sink.send(lane, [...items].reverse()))),
      says: /What came to the members must be/,
    },
  ],
  "order: with 8 workers and failures a key keeps its order, and other keys overlap in time": [
    {
      defect: "delivers what it has fetched from behind",
      make: () => memory(onFetch((deliveries) => [...deliveries].reverse())),
      says: /came after '.*', which was published later/,
    },
    {
      defect: "takes all keys for one",
      make: () => memory(onRec(() => ({ key: "one" }))),
      says: /80 of 80 messages did not come/,
      waits: true,
    },
  ],
  "batch: of a batch that is acked in part only the rest comes again": [
    {
      defect: "delivers everything twice",
      make: () => memory(onFetch(twice)),
      says: /How often each message was handled must be/,
    },
    {
      defect: "takes a nack for an ack",
      make: () => shelf(acksNacks),
      says: /'.+' was handled less often than 2 times/,
      waits: true,
    },
  ],
  "batch: a middleware sees every batch, and they hold everything once": [
    {
      defect: "loses all but the first of what it fetched at once",
      make: () => memory(onFetch((deliveries) => deliveries.slice(0, 1))),
      says: /messages did not come/,
      waits: true,
    },
    {
      defect: "delivers everything twice",
      make: () => memory(onFetch(twice)),
      says: /deliveries are duplicates, 0 may be/,
    },
    {
      defect: "shows a middleware single messages",
      make: () => memory(same, showing((work) => ({ ...work, batch: false }))),
      says: /Each work must say that it is a batch/,
    },
    {
      defect: "shows a middleware what it has shown before as well",
      make: () => {
        const shown: Message[] = [];
        return memory(
          same,
          showing((work) => {
            shown.push(...work.messages);
            return { ...work, messages: [...shown] };
          }),
        );
      },
      says: /A batch must be of 10 at most/,
    },
    {
      defect: "shows a middleware the first of each batch",
      make: () =>
        memory(same, showing((work) => ({ ...work, messages: work.messages.slice(0, 1) }))),
      says: /What the middleware saw must be/,
    },
    {
      defect: "never begins to deliver",
      make: () => memory(neverLive),
      says: /The start of the router did not happen/,
      waits: true,
    },
  ],
  "dedupe: a handler that fails is called again when its message comes again": [
    {
      defect: "takes a nack for an ack",
      make: () => shelf(acksNacks),
      says: /'once', which failed, did not come again/,
      waits: true,
    },
    {
      defect: "loses the count of deliveries",
      make: () => shelf(onFetch((deliveries) => deliveries.map((one) => ({ ...one, count: 1 })))),
      says: /The attempts that the handler saw must be \[1,2\]: it is \[1,1\]/,
    },
    {
      defect: "never begins to deliver",
      make: () => memory(neverLive),
      says: /The start of a router did not happen/,
      waits: true,
    },
  ],
  "dedupe: the same message published twice is handled once": [
    {
      defect: "names messages anew",
      make: () => memory(onRec(() => ({ id: newUuid() }))),
      says: /What was handled must be \["last","twice"\]/,
    },
    {
      defect: "stores the first message of a topic, and confirms all",
      make: () => {
        let count = 0;
        return memory(storesOnly(() => count++ === 0));
      },
      says: /'last' did not come/,
      waits: true,
    },
  ],
  "dedupe: a crash between the effect and its mark costs one more call and no message": [
    {
      defect: "acks before anybody has handled it",
      make: () => memory(acksAtFetch),
      says: /'once', never marked, did not come again/,
      waits: true,
    },
    {
      defect: "delivers everything twice, under two names",
      make: () => memory(onFetch(underTwoNames)),
      says: /The calls must be \["first","second"\]/,
    },
    {
      defect: "delivers nothing",
      make: () => memory(deliversNothing),
      says: /The mark after the handler did not happen/,
      waits: true,
    },
  ],
};
