import { Message } from "../../message/message.ts";
import type { Case } from "../case.ts";
import type { Inbox } from "../inbox.ts";
import { demand, demandEqual, demandNone, failureOf } from "../failure.ts";
import { compareLogs } from "../logs.ts";
import { retained, takesOver } from "../needs.ts";
import { countingListeners, untouchable } from "../probes.ts";
import { numbered, ofKey, tellMissing } from "../samples.ts";

/** Who gets what, and from when. */
export const SUBSCRIBE: readonly Case[] = [
  {
    name: "subscribe: many topics at once, each gets exactly its own",
    async run(world) {
      const messages = world.count(100, 10);
      await Promise.all(Array.from({ length: world.count(20, 5) }, async () => {
        const topic = await world.topic();
        const own = numbered(messages, 3);
        const inbox = await world.inbox(topic, world.member("all"));
        const produced = await world.publish(await world.publisher(), topic, own);
        await inbox.gets(own);
        await world.silence();
        demandNone(compareLogs(produced, inbox.log), topic);
      }));
    },
  },
  {
    name: "subscribe: a topic gets its own message and nothing more",
    async run(world) {
      const topics = [await world.topic(), await world.topic()];
      const inboxes = await Promise.all(
        topics.map((topic) => world.inbox(topic, world.member("all"))),
      );
      const out = await world.publisher();
      const sent = topics.map((topic) => new Message(topic));
      await Promise.all(topics.map((topic, at) => world.publish(out, topic, [sent[at]!])));
      await Promise.all(inboxes.map((inbox, at) => inbox.gets([sent[at]!])));
      await world.silence();
      demandEqual(
        inboxes.map(({ ids }) => ids),
        sent.map(({ uuid }) => [uuid]),
        "What the two topics got",
      );
    },
  },
  {
    name: "subscribe: one that is aborted ends, and what it had goes back to its group",
    async run(world) {
      const topic = await world.topic();
      const abort = new AbortController();
      const on = await world.subscriber();
      const first = await world.inbox(topic, {
        ...world.member("all"),
        on,
        signal: abort.signal,
        handle: (message) => message.nack({ delay: 0 }),
      });
      const messages = numbered(20, 3);
      const out = await world.publisher();
      const sent = world.publish(out, topic, messages);
      await first.counts(1);
      abort.abort();
      await world.within(first.ended, "The end of a stream whose signal was aborted");
      const produced = await sent;
      // The subscriber itself goes on: with what the first had where a group keeps it, and with more.
      const second = await world.inbox(topic, { ...world.member("all"), on });
      const more = numbered(1);
      produced.push(...await world.deliver(out, topic, more));
      const isKept = takesOver(world.traits);
      await second.gets(isKept ? [...messages, ...more] : more);
      if (isKept) demandNone(compareLogs(produced, second.log), topic);
    },
  },
  {
    name: "subscribe: a new reader gets all that was published before",
    needs: retained,
    async run(world) {
      const topic = await world.topic();
      const out = await world.publisher();
      const messages = ofKey("one", 3);
      const readers: Inbox[] = [];
      for (const [at, message] of messages.entries()) {
        await world.publish(out, topic, [message]);
        const reader = await world.inbox(topic, { from: "earliest" });
        await reader.gets(messages.slice(0, at + 1));
        readers.push(reader);
      }
      // Each goes on with what is published after it came.
      await Promise.all(readers.map((reader) => reader.gets(messages)));
      await world.silence();
      const published = messages.map(({ uuid }) => uuid);
      const got = readers.map(({ ids }) => [...ids].sort());
      demandEqual(got, readers.map(() => [...published].sort()), "What the readers got");
    },
  },
  {
    name: "subscribe: an aborted signal rejects without a call, and no listener stays on a signal",
    async run(world) {
      const topic = await world.topic();
      const { transport, calls } = untouchable(await world.connect());
      const reader = await world.subscriber(transport);
      const out = await world.publisher(transport);
      const reason = new Error("It was aborted before");
      const signal = AbortSignal.abort(reason);
      const options = { ...world.member("all"), signal };
      const refused = reader.subscribe(topic, options);
      const errors = [await failureOf(world.within(refused, "A refusal"), "Subscribing")];
      const unsent = out.publish(topic, new Message(), { signal });
      errors.push(await failureOf(world.within(unsent, "A refusal"), "Publishing"));
      demand(
        errors.every((error) => error === reason),
        `What rejects must be the reason: ${errors}`,
      );
      demandEqual(calls(), 0, "Calls of the transport");
      const subscribing = countingListeners();
      const live = { ...world.member("all"), signal: subscribing.signal };
      const inbox = await world.inbox(topic, live);
      demand(subscribing.listeners() > 0, "A live subscription must listen to its signal");
      const publishing = countingListeners();
      const published = (await world.publisher()).publish(topic, new Message(), {
        signal: publishing.signal,
      });
      await world.within(published, "Publishing");
      demandEqual(publishing.listeners(), 0, "Listeners on the signal after a publish");
      await world.within(inbox.close(), "Closing");
      demandEqual(subscribing.listeners(), 0, "Listeners on the signal after close");
    },
  },
  {
    name: "iterate: leaving the loop ends the subscription, what was not settled goes to its group",
    async run(world) {
      const topic = await world.topic();
      const reader = await world.subscriber();
      const stream = await reader.subscribe(topic, { ...world.member("all"), prefetch: 10 });
      const messages = numbered(world.count(50, 20), 5);
      const sent = world.publish(await world.publisher(), topic, messages);
      const taken: Message[] = [];
      const reading = async () => {
        for await (const message of stream) {
          taken.push(message);
          if (taken.length === 2) break;
          message.ack();
        }
      };
      await world.within(reading(), "Leaving the loop");
      demandEqual(taken.map(({ state }) => state), ["acked", "nacked"], "What was taken");
      await sent;
      if (!takesOver(world.traits)) return;
      const second = await world.inbox(topic, world.member("all"));
      const acked = taken[0]!.uuid;
      await second.gets(messages.filter(({ uuid }) => uuid !== acked));
      await world.silence();
      demand(!second.ids.includes(acked), "What was acked before the loop was left came again");
    },
  },
  {
    name: "backpressure: a slow consumer has no more in memory than its prefetch",
    async run(world) {
      const topic = await world.topic();
      const { retained } = world.traits;
      // A group that has not read it yet keeps it where a broker forgets what all have read.
      if (retained) await (await world.inbox(topic, world.member("all"))).close();
      const out = await world.publisher();
      const backlog = numbered(retained ? world.count(100_000, 2_000) : 500, 97);
      if (retained) await world.publish(out, topic, backlog);
      const prefetch = 32;
      const watch = world.watch();
      const gate = world.gate();
      let begun = 0;
      let ended = 0;
      let most = 0;
      // Handlers may begin before there is a consumption to ask.
      let inFlight = () => 0;
      const consumption = await world.consume(async () => {
        begun++;
        most = Math.max(most, inFlight());
        watch.notify();
        await gate.passed;
        ended++;
        watch.notify();
      }, { topic, ...world.member("all"), workers: 4, prefetch });
      inFlight = () => consumption.stats().inFlight;
      const sent = retained ? undefined : world.publish(out, topic, backlog);
      await watch.until(() => begun === 4, () => `${begun} of 4 handlers began`);
      await world.silence();
      demand(inFlight() <= prefetch, `${inFlight()} were taken, ${prefetch} may be`);
      gate.open();
      const enough = 10 * prefetch;
      await watch.until(() => ended >= enough, () => `${ended} of ${enough} were handled`);
      demand(most <= prefetch, `${most} were in memory, ${prefetch} may be`);
      await sent;
    },
  },
  {
    name: "backpressure: a consumer that stands still holds up no other topic",
    async run(world) {
      const [slow, quick] = [await world.topic(), await world.topic()];
      const transport = await world.connect();
      const watch = world.watch();
      const gate = world.gate();
      let isStanding = false;
      await world.consume(
        async () => {
          isStanding = true;
          watch.notify();
          await gate.passed;
        },
        { topic: slow, ...world.member("all"), workers: 1, prefetch: 4 },
        transport,
      );
      const seen = new Set<string>();
      await world.consume(
        ([message]) => {
          seen.add(message!.uuid);
          watch.notify();
        },
        { topic: quick, ...world.member("all") },
        transport,
      );
      const out = await world.publisher(transport);
      const sent = world.publish(out, slow, numbered(100, 7));
      await watch.until(() => isStanding, () => "Nothing came of the topic that is to stand still");
      const messages = numbered(20, 7);
      const delivered = world.deliver(out, quick, messages);
      await watch.until(
        () => messages.every(({ uuid }) => seen.has(uuid)),
        () => `Past a topic that stands still, ${tellMissing(messages, seen)}`,
      );
      gate.open();
      await Promise.all([sent, delivered]);
    },
  },
];
