import { createHash } from "node:crypto";
import { loadDeliveries } from "../deliveries.ts";
import { textsOf, wordsOf } from "./payload.ts";

/** One delivery as it is sent, and what must come of it. */
export interface Parcel {
  /** Counts the deliveries, from 1. */
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly digest: string;
  /** How many different words it adds to the index. */
  readonly words: number;
  /** Whether the thread that gets it dies of it. */
  readonly kills: boolean;
}

/** All recorded deliveries, `rounds` times; the thread that gets the middle one dies of it. */
export function makeParcels(rounds: number): Parcel[] {
  const kinds = loadDeliveries().map(({ event: { data } }) => {
    const bytes = new TextEncoder().encode(JSON.stringify(data));
    const digest = createHash("sha256").update(bytes).digest("hex");
    return { bytes, digest, words: wordsOf(textsOf(data)).length };
  });
  const count = kinds.length * rounds;
  return Array.from({ length: count }, (_, at) => ({
    ...kinds[at % kinds.length]!,
    id: String(at + 1),
    kills: at === Math.floor(count / 2),
  }));
}
