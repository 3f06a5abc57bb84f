/**
 * How many messages go into a broker, and come out of it, beside the client that does it alone?
 *
 * @module
 */
import type { Case, Goal, OwnWork, ProcessSubject, Question, Work } from "../harness/types.ts";
import type { Who } from "../subjects/brokers/clients.ts";
import { type BrokerName, BROKERS, BULLMQ } from "../subjects/brokers/places.ts";
import type { Shape } from "../subjects/brokers/publishing.ts";
import { type BrokerSubject, brokerSubject } from "../subjects/brokers/subject.ts";

const ALONE: Readonly<Record<BrokerName, string>> = {
  redis: "ioredis alone",
  "nats-default": "nats.js alone",
  nats: "nats.js alone",
  kafka: "@platformatic/kafka alone",
  postgres: "a table as a queue, postgres",
  mariadb: "a table as a queue, mysql2",
  sqlite: "a table as a queue",
};

const SMALL = 64;
const LARGE = 1_024;

const SHAPES: Shape[] = ["one by one", "256 in flight", "calls of 100"];

/** What the original has reached, and what this one shall: messages a second. */
const FLOORS: Partial<
  Record<BrokerName, { published?: number; consumed?: number; keyed?: number }>
> = {
  redis: { consumed: 180_000, keyed: 120_000 },
  "nats-default": { published: 20_000, consumed: 20_000 },
  kafka: { published: 70_000, consumed: 100_000 },
};

/** At least this share of what the client does alone. */
function share(of: string, least: number): Goal {
  return { limit: 1 / least, of, relation: "times", state: "fresh" };
}

/** What others use for the same thing. */
const PEERS: Partial<Record<BrokerName, { name: string; who: Who; pack?: string }>> = {
  redis: { name: "BullMQ", who: "bullmq", pack: BULLMQ },
  kafka: { name: "kafkajs", who: "kafkajs" },
};

function floor(perSecond: number | undefined): Goal[] {
  return perSecond === undefined ? [] : [{ limit: 1e9 / perSecond, state: "fresh" }];
}

function toCases(name: BrokerName, sizes: number[]): Case[] {
  return sizes.flatMap((size) => {
    const text = size === SMALL ? "64 B" : "1 KiB";
    return [
      ...SHAPES.map((shape) => publishCase(name, size, text, shape)),
      consumeCase(name, size, text),
    ];
  });
}

function publishCase(name: BrokerName, size: number, text: string, shape: Shape): Case {
  const subject = subjectsOf(name, async (who) => {
    const { publishing } = await import("../subjects/brokers/publishing.ts");
    return await publishing(name, who, shape, size);
  });
  const alone = ALONE[name];
  const isSmall = size === SMALL;
  const goals = [share(alone, 0.9)];
  if (isSmall && shape !== "one by one") goals.push(...floor(FLOORS[name]?.published));
  return {
    name: `${BROKERS[name].title}: ${text} published, ${shape}`,
    subjects: [
      subject({ name: "beat publisher", kind: "ours", goals }, "engine"),
      subject({ name: alone, kind: "peer" }, "client"),
      ...(isSmall ? peersOf(name, subject) : []),
    ],
  };
}

function consumeCase(name: BrokerName, size: number, text: string): Case {
  const subject = subjectsOf(name, async (who) => {
    const { consuming } = await import("../subjects/brokers/consuming.ts");
    return await consuming(name, who, size);
  });
  const alone = ALONE[name];
  const isSmall = size === SMALL;
  const { consumed, keyed } = (isSmall ? FLOORS[name] : undefined) ?? {};
  const goals = [share(alone, 0.9), ...floor(consumed)];
  const inOrder = {
    name: "beat engine, 100 keys in order",
    kind: "ours",
    goals: floor(keyed),
  } as const;
  const bound = { name: "requests for records, no group", kind: "bound" } as const;
  return {
    name: `${BROKERS[name].title}: ${text} consumed`,
    subjects: [
      subject({ name: "beat engine", kind: "ours", goals }, "engine"),
      ...(isSmall ? [subject(inOrder, "engine, in the order of keys")] : []),
      subject({ name: "beat router", kind: "ours", goals: [share(alone, 0.75)] }, "router"),
      ...(name === "kafka" ? [subject(bound, "requests")] : []),
      subject({ name: alone, kind: "peer" }, "client"),
      ...(isSmall ? peersOf(name, subject) : []),
    ],
  };
}

type Make = (subject: BrokerSubject, who: Who) => ProcessSubject;

/** What makes the subjects of a case: they differ by who does it. */
function subjectsOf(name: BrokerName, setup: (who: Who) => Promise<Work | OwnWork>): Make {
  return (subject, who) => brokerSubject(name, subject, () => setup(who));
}

function peersOf(broker: BrokerName, subject: Make): ProcessSubject[] {
  const peer = PEERS[broker];
  return peer === undefined ? [] : [subject({ ...peer, kind: "peer" }, peer.who)];
}

/** Into brokers and out of them. */
export const brokersQuestion: Question = {
  id: "brokers",
  title: "Messages with id, key, header and time, published to brokers and consumed from them",
  measure: "thousands",
  states: ["fresh"],
  cases: [
    ...toCases("redis", [SMALL, LARGE]),
    ...toCases("nats-default", [SMALL, LARGE]),
    ...toCases("nats", [SMALL]),
    ...toCases("kafka", [SMALL, LARGE]),
    ...toCases("postgres", [SMALL, LARGE]),
    ...toCases("mariadb", [SMALL, LARGE]),
    ...toCases("sqlite", [SMALL, LARGE]),
  ],
  notes: [
    "Published: what the broker has confirmed. Consumed: read with all of its fields, handled and acked, from a topic filled before, at most 512 taken and not settled.",
    "256 in flight: 256 loops that each publish one message after the other; a client alone sends each message by itself where it does not gather them. One client, one topic; of Kafka four partitions.",
    "The client alone writes and reads the same fields, acks in bulk while it fetches on, commits every 100 ms on Kafka, leases rows in a database. Server and process share the machine.",
    "BullMQ's messages are jobs of JSON that are removed when they are done.",
  ],
};
