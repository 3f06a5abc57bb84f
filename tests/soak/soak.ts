import { down, kill, restart, up } from "../../scripts/_services.ts";
import type { Server } from "../../scripts/services/_server.ts";
import { Proxy } from "../faults/proxy.ts";
import { connect, isProxied, MEMBERS } from "./brokers.ts";
import { describeHolding, judgeHolding, ownHolding } from "./holding.ts";
import { Ledger } from "./ledger.ts";
import { Members } from "./members.ts";
import { Producer } from "./producer.ts";
import { Random } from "./random.ts";

/** How long and how a soak runs. */
export interface SoakOptions {
  /** Milliseconds of faults. */
  readonly milliseconds: number;
  /** Decides which fault comes when. */
  readonly seed: number;
  /** Whether the server was up before, and stays up. */
  readonly wasUp: boolean;
}

/** Milliseconds between two faults, from and to. */
const BETWEEN = [500, 3_000] as const;
/** Milliseconds that a frozen network stays so, from and to: shorter and longer than a lease. */
const FROZEN = [500, 5_000] as const;
/** Milliseconds after the last fault in which something must be handled, until all is. */
const SETTLE = 60_000;

/** Torments one broker, prints what was seen, and returns what is wrong. */
export async function soak(
  server: Server,
  url: string,
  { milliseconds, seed, wasUp }: SoakOptions,
): Promise<readonly string[]> {
  const topic = `soak-${seed}-${Date.now().toString(36)}`;
  const proxy = isProxied(server.name) ? await Proxy.open(url) : undefined;
  const near = proxy?.url ?? url;
  const direct = await connect(server.name, url);
  await direct.transport.admin.create(topic, direct.config);
  const ledger = new Ledger();
  const members = new Members([server.name, near, topic], ledger);
  for (let at = 0; at < MEMBERS; at++) await members.start();
  const shaky = await connect(server.name, near);
  const producer = new Producer(shaky, topic, ledger);
  const produced = producer.run();

  const counts: Record<string, number> = {};
  const acts: Readonly<Record<string, () => Promise<void>>> = {
    "a consumer killed": () => members.kill(),
    "a consumer replaced": () => members.replace(),
    ...(proxy && {
      "the network cut": () => Promise.resolve(proxy.cut()),
      "the network frozen": async () => {
        const thaw = proxy.freeze();
        await pause(random.between(...FROZEN));
        thaw();
      },
    }),
    "the server killed": async () => {
      await kill(server);
      await up(server, false);
    },
    "the server restarted": async () => void await restart(server),
  };
  const random = new Random(seed);
  const began = performance.now();
  // What is held after a third of the time has to do for the rest of it.
  const hold = async () => ({ producer: ownHolding(), consumer: await members.holding() });
  let early: Awaited<ReturnType<typeof hold>> | undefined;
  while (performance.now() - began < milliseconds) {
    await pause(random.between(...BETWEEN));
    const fault = random.pick(Object.keys(acts));
    await acts[fault]!();
    counts[fault] = (counts[fault] ?? 0) + 1;
    if (performance.now() - began > milliseconds / 3) early ??= await hold();
  }
  producer.stop();
  await produced;
  await ledger.settle(SETTLE);
  const late = await hold();
  await members.close();
  await shaky.close();
  await proxy?.close();
  await direct.transport.admin.remove(topic);
  await direct.close();
  if (!wasUp) await down(server);

  const number = Object.values(counts).reduce((sum, count) => sum + count, 0);
  // A fault makes come again what all members had in their hands, and a publishing what it stored.
  const allowance = number * direct.held + producer.repeated;
  const verdict = ledger.judge(allowance);
  const faults = [
    ...verdict.faults,
    ...judgeHolding("the producer", early?.producer, late.producer),
    ...judgeHolding("the consumer that stays", early?.consumer, late.consumer),
  ];
  const { confirmed, seen, duplicates } = verdict;
  console.log(
    `${server.name}: ${confirmed} confirmed, ${seen} handled, ${duplicates} repeats ` +
      `(${allowance} allowed), ${number} faults ${JSON.stringify(counts)}`,
  );
  for (const who of ["producer", "consumer"] as const) {
    const [then, now] = [early?.[who], late[who]];
    if (then === undefined || now === undefined) continue;
    console.log(`  ${who}: ${describeHolding(then)}, in the end ${describeHolding(now)}`);
  }
  for (const fault of faults) console.log(`  ✗ ${fault}`);
  return faults;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
