import { scheduleMacrotask } from "../../runtime/macrotask.ts";
import type { Lane } from "../../transport/port.ts";
import type { Case } from "../case.ts";
import { demand, demandEqual } from "../failure.ts";
import type { Hand } from "../hand.ts";
import { numbered } from "../samples.ts";
import type { Start, World } from "../world.ts";

/** Milliseconds that are enough for an end at once, a question to the broker included. */
const AT_ONCE = 100;

/** How often it is tried, as a busy machine may hold it up. */
const TRIES = 5;

/** What a source that is asked for deliveries must do; one that pushes them has no `fetch`. */
export const FETCHING: readonly Case[] = [
  {
    name: "fetch: ends at once when its signal aborts, and nothing is lost that it had taken",
    run: (world) =>
      world.forEachRole(async (role) => {
        const topic = await world.topic();
        const hand = await world.hand(topic, role);
        if (!hand.pulls) return;
        await checkEnd(world, hand);
        await checkLosses(world, hand, topic);
      }),
  },
  {
    name: "fetch: brings nothing of a lane that is paused, and all of it afterwards",
    run: (world) =>
      world.forEachRole(async (role) => {
        const topic = await world.topic();
        const hand = await world.hand(topic, role);
        if (!hand.pulls) return;
        const messages = numbered(30, 10);
        await world.publish(await world.publisher(), topic, messages);
        await hand.idle(() => world.silence(), { paused: () => true });
        demandEqual(hand.fetched.length, 0, "What came while all lanes were paused");
        await hand.gets(messages, { settles: true });
        await hand.leave();
        const lanes = new Map(hand.deliveries.map(({ rec, lane }) => [rec.key, lane.name]));
        await checkLane(world, topic, { role, lanes });
      }),
  },
];

async function checkEnd(world: World, hand: Hand): Promise<void> {
  let quickest = Infinity;
  for (let tries = 0; tries < TRIES && quickest > AT_ONCE; tries++) {
    quickest = Math.min(quickest, await hand.idle(() => world.silence()));
  }
  demand(quickest <= AT_ONCE, `A fetch ended ${quickest} ms after its signal had aborted`);
}

/** Aborts sooner and later while a message is on its way: once it is just then that it comes. */
async function checkLosses(world: World, hand: Hand, topic: string): Promise<void> {
  const out = await world.publisher();
  const messages = numbered(world.count(13, 11), 5);
  for (const [at, message] of messages.entries()) {
    let sent: Promise<unknown> | undefined;
    const sendFor = async (count: number) => {
      sent = world.publish(out, topic, [message]);
      for (let left = count; left > 0; left--) await new Promise<void>(scheduleMacrotask);
    };
    await hand.idle(() => sendFor(2 ** at >> 1), { settles: true });
    await sent;
  }
  await hand.gets(messages, { settles: true });
  demandEqual([...hand.ids].sort(), messages.map(({ uuid }) => uuid).sort(), "What came");
  const again = hand.deliveries.filter(({ count }) => count > 1);
  demandEqual(again.length, 0, "How much was delivered by a fetch that did not hand it over");
}

/** Pauses one of several lanes from the start on, as what was asked for before may still come. */
async function checkLane(
  world: World,
  topic: string,
  { role, lanes }: { role: Start; lanes: ReadonlyMap<string, string> },
): Promise<void> {
  const [name] = lanes.values();
  const messages = numbered(60, 10);
  const others = messages.filter(({ key }) => lanes.get(key) !== name);
  if (others.length === 0) return;
  const hand = await world.hand(topic, role);
  await world.publish(await world.publisher(), topic, messages);
  const paused = (lane: Lane) => lane.name === name;
  await hand.gets(others, { paused, settles: true });
  const wrong = hand.fetched.filter(({ lane }) => lane.name === name);
  demandEqual(wrong.length, 0, `What came of lane '${name}' while it was paused`);
  await hand.gets(messages, { settles: true });
}
