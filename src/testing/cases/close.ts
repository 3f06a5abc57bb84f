import { CloseTimeoutError } from "../../message/errors.ts";
import type { Message } from "../../message/message.ts";
import { scheduleMacrotask } from "../../runtime/macrotask.ts";
import { GRACE } from "../../transport/deadline.ts";
import type { Case } from "../case.ts";
import { demand, demandEqual, demandNone, failureOf } from "../failure.ts";
import { compareLogs, type Produced } from "../logs.ts";
import { takeover, takesOver } from "../needs.ts";
import { chunked, numbered } from "../samples.ts";
import { inTime } from "../watch.ts";

/** That an end loses nothing, and is one. */
export const CLOSE: readonly Case[] = [
  {
    name: "close: what a closed member had left comes to the next, and nothing twice",
    needs: takeover,
    async run(world) {
      const topic = await world.topic();
      await (await world.inbox(topic, world.member("all"))).close();
      const size = world.count(1_000, 10);
      const messages = numbered(5 * size, 11);
      const out = await world.publisher();
      const produced: Produced[] = [];
      const seen: Message[] = [];
      for (const part of chunked(messages, size)) {
        produced.push(...await world.publish(out, topic, part));
        const inbox = await world.inbox(topic, world.member("all"));
        await inbox.counts(size / 2);
        await inbox.close();
        seen.push(...inbox.seen);
      }
      const last = await world.inbox(topic, world.member("all"));
      const ids = new Set(seen.map(({ uuid }) => uuid));
      await last.gets(messages.filter(({ uuid }) => !ids.has(uuid)));
      await world.silence();
      const consumed = [...seen, ...last.seen].map(({ uuid }) => ({ id: uuid }));
      demandNone(compareLogs(produced, consumed), topic);
    },
  },
  {
    name: "close: subscriptions that come and go at once take nothing with them",
    async run(world) {
      const topic = await world.topic();
      await Promise.all(Array.from({ length: 10 }, async () => {
        await (await world.inbox(topic, world.member("all"))).close();
      }));
      const inbox = await world.inbox(topic, world.member("all"));
      const messages = numbered(50, 7);
      const produced = await world.publish(await world.publisher(), topic, messages);
      await inbox.gets(messages);
      await world.silence();
      demandNone(compareLogs(produced, inbox.log), topic);
    },
  },
  {
    name: "close: a publisher that closes midway loses nothing that it confirmed",
    async run(world) {
      const topic = await world.topic();
      const inbox = await world.inbox(topic, world.member("all"));
      const out = await world.publisher();
      const messages = numbered(world.count(10_000, 100), 17);
      let confirmed = 0;
      let closed: Promise<void> | undefined;
      const logs = await Promise.all(
        chunked(messages, messages.length / 20).map(async (part) => {
          const log: Produced[] = [];
          for (const message of part) {
            log.push(...await world.publish(out, topic, [message]));
            confirmed++;
            if (confirmed >= messages.length / 3) closed ??= out.close();
          }
          return log;
        }),
      );
      await closed;
      const produced = logs.flat();
      demand(
        produced.some(({ outcome }) => outcome !== "acked"),
        "What is published after close must fail",
      );
      const acked = new Set(produced.filter((one) => one.outcome === "acked").map(({ id }) => id));
      await inbox.gets(messages.filter(({ uuid }) => acked.has(uuid)));
      await world.silence();
      demandNone(compareLogs(produced, inbox.log), topic);
    },
  },
  {
    name: "close: a publisher sends what it has queued, or rejects it",
    async run(world) {
      const topic = await world.topic();
      const inbox = await world.inbox(topic, world.member("all"));
      const out = await world.publisher();
      const messages = numbered(world.count(2_000, 100), 17);
      let settled = 0;
      const publishing = messages.map(async (message) => {
        const log = await world.publish(out, topic, [message]);
        settled++;
        return log;
      });
      // Those that hang are counted.
      for (const one of publishing) one.catch(() => {});
      await world.within(out.close(), "Closing a publisher with a queue");
      // Whoever waits for a publish is told in the same turn as whoever waits for the end.
      await new Promise<void>(scheduleMacrotask);
      demand(
        settled === messages.length,
        `${messages.length - settled} publishes hang after close`,
      );
      const produced = (await Promise.all(publishing)).flat();
      const acked = new Set(produced.filter((one) => one.outcome === "acked").map(({ id }) => id));
      await inbox.gets(messages.filter(({ uuid }) => acked.has(uuid)));
      await world.silence();
      demandNone(compareLogs(produced, inbox.log), topic);
    },
  },
  {
    name: "close: waits for the handler that runs and takes its ack, so nothing comes again",
    async run(world) {
      const topic = await world.topic();
      const began = Promise.withResolvers<Message>();
      const gate = world.gate();
      let isClosed = false;
      const consumption = await world.consume(([message]) => {
        began.resolve(message!);
        return gate.passed;
      }, { topic, ...world.member("all") });
      const sent = world.publish(await world.publisher(), topic, numbered(1));
      const message = await world.within(began.promise, "The call of the handler");
      const closing = consumption.close().then(() => isClosed = true);
      await world.silence();
      demand(!isClosed, "Close must wait for the handler that runs");
      gate.open();
      await world.within(closing, "Closing after the last handler");
      demand(message.state === "acked", `The ack of that handler must count: ${message.state}`);
      await sent;
      const next = await world.inbox(topic, world.traits.groups ? world.member("all") : {});
      await world.silence();
      demand(next.seen.length === 0, "What was acked while closing came again");
    },
  },
  {
    name: "close: ends in time though a handler never does, and its message goes back to the group",
    async run(world) {
      const topic = await world.topic();
      const began = Promise.withResolvers<void>();
      const gate = world.gate();
      const consumption = await world.consume(() => {
        began.resolve();
        return gate.passed;
      }, { topic, ...world.member("all") });
      const messages = numbered(1);
      const sent = world.publish(await world.publisher(), topic, messages);
      await world.within(began.promise, "The call of the handler");
      const what = "Closing within its timeout";
      const closing = consumption.close({ timeout: 100 });
      const error = await failureOf(inTime(closing, world.terms.deadline + GRACE, what), what);
      if (!(error instanceof CloseTimeoutError)) throw error;
      await sent;
      if (!takesOver(world.traits)) return;
      const next = await world.inbox(topic, world.member("all"));
      await next.gets(messages);
    },
  },
  {
    name:
      "close: what no handler has seen goes back as it came, so that its next attempt is the first",
    needs: takeover,
    async run(world) {
      const topic = await world.topic();
      const began = Promise.withResolvers<Message>();
      const gate = world.gate();
      const consumption = await world.consume(([message]) => {
        began.resolve(message!);
        return gate.passed;
      }, { topic, ...world.member("all"), workers: 1, prefetch: 20 });
      const messages = numbered(20, 20);
      await world.publish(await world.publisher(), topic, messages);
      const first = await world.within(began.promise, "The call of the first handler");
      await world.eventually(
        () => consumption.stats().inFlight,
        (inFlight) => inFlight > 1,
        () => "Nothing was taken while a handler ran",
      );
      const closing = consumption.close();
      gate.open();
      await closing;
      const next = await world.inbox(topic, world.member("all"));
      await next.gets(messages.filter(({ uuid }) => uuid !== first.uuid));
      const attempts = next.seen.map(({ attempt }) => attempt);
      demandEqual(Math.max(...attempts), 1, "The attempt with what came back");
    },
  },
  {
    name: "close: a source that was stopped hands over nothing more, and takes what is acked",
    async run(world) {
      const topic = await world.topic();
      const hand = await world.hand(topic, world.member("all"));
      if (hand.tap.stop === undefined) return;
      const out = await world.publisher();
      const messages = numbered(1);
      await world.publish(out, topic, messages);
      const taken = await hand.take(1);
      await hand.tap.stop();
      const more = numbered(1);
      await world.publish(out, topic, more);
      await world.silence();
      demandEqual(hand.ids, messages.map(({ uuid }) => uuid), "What came until it was stopped");
      await hand.settle(taken);
      await hand.leave();
      if (!takesOver(world.traits)) return;
      const next = await world.inbox(topic, world.member("all"));
      await next.gets(more);
      await world.silence();
      demandEqual(next.ids, more.map(({ uuid }) => uuid), "What was left for the next");
    },
  },
  {
    name: "close: may be asked for twice, at once, before any use, and after the connection",
    async run(world) {
      const topic = await world.topic();
      const transport = await world.connect();
      const idle = [await world.subscriber(transport), await world.publisher(transport)];
      const used = await world.subscriber(transport);
      const stream = await used.subscribe(topic, world.member("all"));
      const ends = [...idle, ...idle, stream, stream, used, used];
      await world.within(Promise.all(ends.map((one) => one.close())), "Closing twice");
      const left = await world.subscriber(transport);
      const open = await left.subscribe(topic, world.member("all"));
      const out = await world.publisher(transport);
      await world.within(
        Promise.all([transport.close(), transport.close()]),
        "Closing a connection twice",
      );
      const late = [open, left, out];
      await world.within(
        Promise.all(late.map((one) => one.close())),
        "Closing after the connection",
      );
    },
  },
];
