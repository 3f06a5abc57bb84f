import { Message } from "../../message/message.ts";
import type { Case } from "../case.ts";
import { demand, demandEqual, demandNone } from "../failure.ts";
import { spread, takeover } from "../needs.ts";
import { allBytes, differences, isSame, numbered } from "../samples.ts";
import { inTime } from "../watch.ts";

/** Milliseconds by which the clock of a broker may be coarse. */
const TOLERANCE = 5;

/** What happens to a message that is not handled at once. */
export const ATTEMPTS: readonly Case[] = [
  {
    name: "delivery: attempt is 1 first and one more after each nack, redelivered says so",
    async run(world) {
      const topic = await world.topic();
      const seen: [attempt: number, redelivered: boolean][] = [];
      const inbox = await world.inbox(topic, {
        ...world.member("all"),
        handle(message) {
          seen.push([message.attempt, message.redelivered]);
          if (seen.length < 4) message.nack({ delay: 0 });
          else message.ack();
        },
      });
      const sent = world.deliver(await world.publisher(), topic, [new Message("again")]);
      await inbox.counts(4);
      await sent;
      await world.silence();
      demandEqual(seen, [[1, false], [2, true], [3, true], [4, true]], "Attempt and redelivered");
    },
  },
  {
    name: "delivery: what is nacked with a delay does not come earlier",
    async run(world) {
      const topic = await world.topic();
      const delay = 300;
      const times: number[] = [];
      const inbox = await world.inbox(topic, {
        ...world.member("all"),
        handle(message) {
          times.push(performance.now());
          if (times.length === 1) message.nack({ delay });
          else message.ack();
        },
      });
      await world.deliver(await world.publisher(), topic, [new Message("later")]);
      await inbox.counts(2);
      const waited = times[1]! - times[0]!;
      demand(waited >= delay - TOLERANCE, `It came after ${waited} ms, nacked with ${delay} ms`);
    },
  },
  {
    name: "delivery: what one member nacks comes to another of its group",
    needs: takeover,
    async run(world) {
      const topic = await world.topic();
      const first = await world.inbox(topic, {
        ...world.member("all"),
        handle: (message) => message.nack({ delay: 0 }),
      });
      await world.publish(await world.publisher(), topic, [new Message("yours")]);
      await first.counts(1);
      await first.close();
      const second = await world.inbox(topic, world.member("all"));
      await second.counts(1);
      demandEqual(second.ids, [first.ids[0]], "What the other member got");
      if (!world.traits.counts) return;
      const { attempt } = second.seen[0]!;
      const before = first.seen.length;
      demandEqual(attempt, before + 1, `The attempt after ${before} nacks of another member`);
    },
  },
  {
    name: "delivery: what a busy member nacks, and what it has no room for, comes to one that has",
    needs: spread,
    async run(world) {
      const topic = await world.topic();
      const gate = world.gate();
      const watch = world.watch();
      let nacked: Message | undefined;
      let held: Message | undefined;
      const busy = await world.inbox(topic, {
        ...world.member("all"),
        prefetch: 1,
        async handle(message) {
          nacked ??= message;
          // Late enough for another message to take its place.
          if (message.uuid === nacked.uuid) return void message.nack({ delay: 50 });
          held = message;
          watch.notify();
          await gate.passed;
          message.ack();
        },
      });
      const messages = numbered(20, 5);
      const sent = world.publish(await world.publisher(), topic, messages);
      await watch.until(() => held !== undefined, () => "After what was nacked nothing came");
      const free = await world.inbox(topic, world.member("all"));
      await free.gets(messages.filter(({ uuid }) => uuid !== held!.uuid));
      await world.silence();
      demand(!free.ids.includes(held!.uuid), "What one member is busy with came to another");
      gate.open();
      await busy.close();
      await sent;
    },
  },
  {
    name:
      "delivery: a message that always fails is called as often as allowed, then the next comes",
    async run(world) {
      const topic = await world.topic();
      const calls: string[] = [];
      const watch = world.watch();
      const poison = new Message("poison", { key: "one" });
      const next = new Message("next", { key: "one" });
      const { keyOrder } = world.traits;
      await world.consume(([message]) => {
        calls.push(message!.text());
        watch.notify();
        if (message!.uuid === poison.uuid) throw new Error("It always fails");
      }, {
        topic,
        ...world.member("all"),
        retry: { delays: [0, 0] },
        onExhausted: "discard",
        ...(keyOrder === "none" ? {} : { ordered: { by: "key", scope: "member" } }),
      });
      await world.deliver(await world.publisher(), topic, [poison, next]);
      const count = (text: string) => calls.filter((call) => call === text).length;
      await watch.until(
        () => count("next") >= 1 && count("poison") >= 3,
        () => `The third call of 'poison' or the first of 'next' did not come: calls were ${calls}`,
      );
      await world.silence();
      const expected = ["poison", "poison", "poison", "next"];
      if (keyOrder === "none") calls.sort().reverse();
      demandEqual(calls, expected, "The calls with 2 repeats");
    },
  },
  {
    name: "delivery: a message that always fails becomes a dead letter, bytes and reason kept",
    async run(world) {
      const topic = await world.topic();
      const graveyard = await world.topic();
      const letters = await world.inbox(graveyard, world.member("all"));
      const out = await world.publisher();
      const poison = new Message(allBytes(), { key: "one", metadata: { tenant: "7" } });
      const next = new Message("next", { key: "one" });
      const watch = world.watch();
      let isNext = false;
      await world.consume(([message]) => {
        if (message!.uuid === poison.uuid) throw new RangeError("It always fails");
        isNext = true;
        watch.notify();
      }, {
        topic,
        ...world.member("all"),
        retry: { delays: [0] },
        deadLetter: {
          topic: graveyard,
          handler: "billing",
          publish: (letter) => out.publish(graveyard, letter),
        },
      });
      await world.deliver(await world.publisher(), topic, [poison, next]);
      await watch.until(() => isNext, () => "'next', which comes after it, was not handled");
      await letters.counts(1);
      await world.silence();
      demandEqual(letters.ids, [poison.uuid], "The dead letters");
      const [letter] = letters.seen;
      const { key, metadata } = letter!;
      demand(isSame(letter!.payload, poison.payload), "The bytes of the dead letter are others");
      const told = ["tenant", "dlq_reason", "dlq_handler", "dlq_topic", "dlq_attempts"];
      const expected = ["7", "RangeError: It always fails", "billing", topic, "2", "one"];
      demandEqual([...told.map((name) => metadata.get(name)), key], expected, "What it tells");
    },
  },
  {
    name: "delivery: what is transferred is published elsewhere, and does not come again",
    needs: takeover,
    async run(world) {
      const [topic, target] = [await world.topic(), await world.topic()];
      const hand = await world.hand(topic, world.member("all"));
      const { transfer, lag } = hand.tap;
      if (transfer === undefined) return;
      const letters = await world.inbox(target, world.member("all"));
      const message = new Message(allBytes(), { key: "one", metadata: { tenant: "7" } });
      await world.publish(await world.publisher(), topic, [message]);
      const [delivery] = await hand.take(1);
      await hand.tap.transfer!(delivery!, target, delivery!.rec);
      await letters.gets([message]);
      demandNone(letters.seen.flatMap((letter) => differences(message, letter)), target);
      // Where nobody counts, it would come to the next when its lease is over.
      if (lag === undefined) return;
      const lanes = await hand.tap.lag!();
      demandEqual(lanes.map((one) => one.lag).filter(Boolean), [], "What is left where it was");
    },
  },
  {
    name: "delivery: the signal of a message aborts when its subscription ends before its handler",
    async run(world) {
      const topic = await world.topic();
      const signals: AbortSignal[] = [];
      const watch = world.watch();
      const gate = world.gate();
      const consumption = await world.consume(([message]) => {
        signals.push(message!.signal);
        watch.notify();
        if (signals.length > 1) return gate.passed;
      }, { topic, ...world.member("all") });
      const out = await world.publisher();
      const sent = [new Message("quick"), new Message("slow")].map((message) =>
        world.publish(out, topic, [message])
      );
      await watch.until(() => signals.length === 2, () => `${signals.length} of 2 messages came`);
      const aborted = new Promise((resolve) => signals[1]!.addEventListener("abort", resolve));
      demand(!signals[1]!.aborted, "The signal must not abort while its subscription is open");
      const closed = consumption.close({ timeout: 0 }).catch(() => {});
      await inTime(aborted, world.terms.deadline, "The abort of the signal of a running handler");
      demand(!signals[0]!.aborted, "The signal of what was acked must not abort");
      gate.open();
      await closed;
      await Promise.all(sent);
    },
  },
];
