import { Message } from "../../message/message.ts";
import type { Case } from "../case.ts";
import { demand } from "../failure.ts";
import type { World } from "../world.ts";

const HOUR = 3_600_000;
const DELAY = 100;
/** Milliseconds by which the clock of a broker may be coarse. */
const TOLERANCE = 5;

/** That delays do not depend on the time of day. */
export const CLOCK: readonly Case[] = [
  {
    name: "clock: a consumer whose clock is an hour off waits as long as any other",
    async run(world) {
      for (const offset of [HOUR, -HOUR]) await withClock(offset, () => checkDelay(world, offset));
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

/** Sets the clock of this process off while something runs; what it does not need stays as it is. */
async function withClock(offset: number, run: () => Promise<void>): Promise<void> {
  const { now } = Date;
  Date.now = () => now() + offset;
  try {
    await run();
  } finally {
    Date.now = now;
  }
}
