import type { Plan, Queue, Stretch } from "./contracts.ts";

/** How many rows it has. */
const LENGTH = 512;

/** All of a queue that knows no order. */
const ALL: Stretch = { after: 0, upTo: Infinity, isLast: true };

/** The stretch that begins after a row. */
export function* stretchOf({ tables, name, ordered }: Queue, after: number): Plan<Stretch> {
  if (!ordered) return ALL;
  const [row] = yield [
    `SELECT MAX(seq) AS last, COUNT(*) AS length FROM (
      SELECT seq FROM ${tables.deliveries} WHERE queue = ? AND seq > ? ORDER BY seq LIMIT ${LENGTH}
    ) s`,
    [name, after],
  ];
  const length = Number(row!.length);
  return { after, upTo: length === 0 ? after : Number(row!.last), isLast: length < LENGTH };
}
