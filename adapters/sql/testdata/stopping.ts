import { writeSync } from "node:fs";
import type { Publisher } from "@beat/beat/message";
import type { SqlConnection, SqlSession } from "../mod.ts";

/** Where a process stops: before or after a statement, or a publishing. */
export interface Stop {
  readonly name: string;
  readonly when: "before" | "after";
  /** What the statement is like. @default {publishing} */
  readonly statement?: RegExp;
  /** How often a message may be refused before it is put aside. @default {nothing is refused} */
  readonly refusals?: number;
  /** Whether something may have been published that is not acked. @default {false} */
  readonly mayRepeat?: boolean;
}

const CLAIM = /SET attempts = attempts \+ 1/;
/** The statement by which deliveries are acked. */
export const ACK: RegExp = /^(WITH ended AS \()?DELETE FROM \S+deliveries/;
const PROLONG = /SET visible_at = /;
const BURY = /SET lease = NULL, dead_at/;

/** Each step of a relay, with the statements that databases have for it. */
export const STOPS: readonly Stop[] = [
  { name: "before its claim", when: "before", statement: CLAIM },
  { name: "after its claim", when: "after", statement: CLAIM },
  { name: "before it publishes", when: "before" },
  { name: "before it hears that it has published", when: "after", mayRepeat: true },
  { name: "before its ack", when: "before", statement: ACK, mayRepeat: true },
  { name: "before it hears of its ack", when: "after", statement: ACK, mayRepeat: true },
  { name: "before it prolongs", when: "before", statement: PROLONG, refusals: Infinity },
  { name: "after it has prolonged", when: "after", statement: PROLONG, refusals: Infinity },
  { name: "before it puts aside", when: "before", statement: BURY, refusals: 2 },
  { name: "after it has put aside", when: "after", statement: BURY, refusals: 2 },
];

/** Says so, and does nothing any more: the whole process stands still, until it is killed. */
function standStill({ name }: Stop): never {
  writeSync(1, `${name}\n`);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  throw new Error("It was not killed");
}

/** A connection on which the process stops. */
export function stoppingConnection(connection: SqlConnection, stop: Stop): SqlConnection {
  const session = (inner: SqlSession): SqlSession => ({
    dialect: inner.dialect,
    query(sql, values) {
      if (!stop.statement?.test(sql)) return inner.query(sql, values);
      if (stop.when === "before") standStill(stop);
      const rows = inner.query(sql, values);
      return rows instanceof Promise ? rows.then(() => standStill(stop)) : standStill(stop);
    },
  });
  return {
    ...session(connection),
    transaction: (work) => connection.transaction((inner, tx) => work(session(inner), tx)),
  };
}

/** A publisher with which the process stops. */
export function stoppingPublisher(publisher: Publisher, stop: Stop): Publisher {
  return {
    close: (options) => publisher.close(options),
    [Symbol.asyncDispose]: () => publisher.close(),
    async publish(topic, messages, options) {
      if (stop.refusals !== undefined) throw new RangeError("too large");
      if (stop.statement === undefined && stop.when === "before") standStill(stop);
      await publisher.publish(topic, messages, options);
      if (stop.statement === undefined) standStill(stop);
    },
  };
}
