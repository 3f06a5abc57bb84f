import { Message } from "../../message/message.ts";
import type { Case } from "../case.ts";
import { demand } from "../failure.ts";
import { leases } from "../needs.ts";
import { numbered } from "../samples.ts";
import type { World } from "../world.ts";
import { killMember } from "./group.ts";

const HOUR = 3_600_000;
const DELAY = 100;
/** Milliseconds by which the clock of a broker may be coarse. */
const TOLERANCE = 5;

/** That delays and leases do not depend on the time of day. */
export const CLOCK: readonly Case[] = [
  {
    name: "clock: a consumer whose clock is an hour off waits as long as any other",
    async run(world) {
      for (const offset of [HOUR, -HOUR]) await withClock(offset, () => checkDelay(world, offset));
    },
  },
  {
    name: "clock: what a consumer had whose clock is an hour off comes to another after its lease",
    needs: leases,
    async run(world) {
      const dead: Dead[] = [];
      for (const offset of [HOUR, -HOUR]) {
        dead.push(await withClock(offset, () => killOne(world, offset)));
      }
      const waits = dead.map((one) => checkLease(world, one));
      // The first of them is told, not the one that fails first.
      for (const wait of waits) wait.catch(() => {});
      for (const wait of waits) await wait;
    },
  },
];

async function checkDelay(world: World, offset: number): Promise<void> {
  const topic = await world.topic();
  const times: number[] = [];
  const watch = world.watch();
  await world.consume(([message]) => {
    times.push(performance.now());
    watch.notify();
    if (times.length === 1) message!.nack({ delay: DELAY });
  }, { topic, ...world.member("all"), retry: 3 });
  const sent = world.deliver(await world.publisher(), topic, [new Message("later")]);
  const nacked = `nacked with ${DELAY} ms by a clock that is ${offset} ms off`;
  await watch.until(
    () => times.length === 2,
    () => times.length === 0 ? "'later' did not come" : `'later' did not come again, ${nacked},`,
  );
  await sent;
  const waited = times[1]! - times[0]!;
  demand(waited >= DELAY - TOLERANCE, `It came after ${waited} ms, ${nacked}`);
}

/** A member that is gone, and what it had. */
interface Dead {
  readonly offset: number;
  readonly topic: string;
  readonly messages: readonly Message[];
  /** Before it had anything. */
  readonly since: number;
}

async function killOne(world: World, offset: number): Promise<Dead> {
  const topic = await world.topic();
  const messages = numbered(1);
  const since = performance.now();
  await killMember(world, topic, messages);
  return { offset, topic, messages, since };
}

async function checkLease(world: World, { offset, topic, messages, since }: Dead): Promise<void> {
  const survivor = await world.inbox(topic, world.member("all"));
  await survivor.gets(messages);
  const waited = performance.now() - since;
  // A right is prolonged every half lease: it may be that much older than what was got by it.
  demand(
    waited >= world.traits.lease / 2 - TOLERANCE,
    `It came after ${waited} ms from a consumer whose clock is ${offset} ms off`,
  );
}

/** Sets the clock of this process off while something runs; what it does not need stays as it is. */
async function withClock<T>(offset: number, run: () => Promise<T>): Promise<T> {
  const { now } = Date;
  Date.now = () => now() + offset;
  try {
    return await run();
  } finally {
    Date.now = now;
  }
}
