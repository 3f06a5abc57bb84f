import type { Facts } from "./_transports.ts";

const YES = "✔";
const NO = "–";

/** What the table of traits has as its heading. */
export const HEADING = [
  "",
  "acks",
  "who waits out a nack",
  "a delivery is kept for",
  "counts deliveries",
  "keeps messages",
  "groups",
  "order of a key",
  "admin",
  "health",
  "connection events",
];

/** What the table of traits says of a transport. */
export function rowOf(name: string, { transport, inPartitions }: Facts): string[] {
  const { settle, requeue, lease, counts, retained, groups, keyOrder } = transport.traits;
  return [
    name,
    { each: "one by one", prefix: "by position", none: NO }[settle],
    { broker: "the broker", engine: "the process" }[requeue],
    lease === 0 ? "its connection" : `${lease / 1_000} s`,
    sign(counts),
    sign(retained),
    sign(groups),
    orderOf(keyOrder, inPartitions),
    sign("admin" in transport),
    sign("health" in transport),
    sign("onConnection" in transport),
  ];
}

function orderOf(keyOrder: Facts["inPartitions"], inPartitions: Facts["inPartitions"]): string {
  if (keyOrder === "none") return NO;
  if (keyOrder === inPartitions) return `in a ${keyOrder}`;
  return `in a ${keyOrder}; with partitions in a ${inPartitions}`;
}

function sign(is: boolean): string {
  return is ? YES : NO;
}

/** One cell of a README. */
export interface Claim {
  /** What its row begins with. */
  readonly row: string;
  /** What the cell must say, as the traits are. */
  readonly says: RegExp;
  /** Whether it must. If not, it must not. */
  readonly holds: boolean;
}

/** Where a README speaks of a transport. */
export interface Chapter {
  readonly transport: string;
  readonly page: string;
  /** The column of its table; all of the row unless given. */
  readonly column?: string;
  readonly claims: (facts: Facts) => readonly Claim[];
}

/** The guarantee tables of the adapters. */
export const CHAPTERS: readonly Chapter[] = [
  { transport: "Redis Streams", page: "redis", column: "Streams", claims: ofBroker },
  { transport: "Redis Pub/Sub", page: "redis", column: "Pub/Sub", claims: ofBroker },
  { transport: "JetStream", page: "nats", column: "JetStream", claims: ofBroker },
  { transport: "core NATS", page: "nats", column: "core NATS", claims: ofBroker },
  { transport: "Kafka", page: "kafka", claims: ofKafka },
  { transport: "SQL", page: "sql", claims: ofSql },
];

function ofBroker({ transport: { traits }, inPartitions }: Facts): Claim[] {
  const { settle, requeue, lease, counts, groups } = traits;
  return [
    { row: "Delivery", says: /^at most once/, holds: settle === "none" },
    { row: "Delivery", says: /^at least once for each group/, holds: settle !== "none" && groups },
    { row: "A member that is killed", says: /^what it had is gone/, holds: lease === 0 },
    {
      row: "A member that is killed",
      says: new RegExp(`lease is over \\(${lease / 1_000} s\\)`),
      holds: lease > 0,
    },
    { row: "A handler that takes long", says: /its lease is prolonged/, holds: lease > 0 },
    { row: "attempt", says: /^counted by the server/, holds: counts },
    { row: "attempt", says: /^counted in this process/, holds: !counts },
    { row: "nack with a delay", says: /waits in this process/, holds: requeue === "engine" },
    {
      row: "Order of a key",
      says: /in a group for topics with partitions/,
      holds: inPartitions === "group",
    },
  ];
}

function ofKafka({ transport: { traits } }: Facts): Claim[] {
  const { settle, requeue, lease, counts, retained, groups, keyOrder } = traits;
  return [
    { row: "**delivery**", says: /a group has a position/, holds: settle === "prefix" && groups },
    { row: "**order**", says: /of a key, in a group/, holds: keyOrder === "group" },
    { row: "**a killed member**", says: /after sessionTimeout/, holds: lease === 0 },
    { row: "**attempts**", says: /counted within one process/, holds: !counts },
    { row: "**delay**", says: /wait in the member/, holds: requeue === "engine" },
    { row: "**retention**", says: /read or not/, holds: retained },
  ];
}

function ofSql({ transport: { traits } }: Facts): Claim[] {
  const { requeue, lease, counts, retained, groups, keyOrder } = traits;
  return [
    { row: "**delivery**", says: /a consumer that dies loses its lease/, holds: lease > 0 },
    { row: "**delivery**", says: /in the queue of each group/, holds: groups },
    { row: "**no gap**", says: /readers wait/, holds: retained },
    { row: "**order**", says: /whoever claims/, holds: keyOrder === "group" },
    { row: "**attempts**", says: /counted in the row/, holds: counts },
    { row: "**time**", says: /delays .* go by the database's clock/, holds: requeue === "broker" },
  ];
}
