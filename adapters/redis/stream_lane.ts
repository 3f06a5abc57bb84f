import type { Delivery, Lane } from "@beat/beat/transport";
import type { Layout } from "./layout.ts";

/** An entry of a stream; without fields it was trimmed. */
export interface StreamEntry {
  readonly id: string;
  readonly fields: readonly Uint8Array[] | null;
  /** How often it was delivered, this time included. */
  readonly count: number;
}

/** One stream of a topic, as a source has it. A new assignment is a new object. */
export class StreamLane implements Lane {
  readonly name: string;
  readonly partition: number;
  /** The key of the stream. */
  readonly stream: string;
  fenced = false;
  /** The ids that the engine has. */
  readonly held = new Set<string>();
  /** Where the next look for what was left behind begins. */
  cursor = "0-0";
  /** Whether what the owner before had is still to be taken. */
  inherits = false;
  /** Whether it is being given away. */
  isLeaving = false;
  /** The last id that the group had read when something was found to be trimmed unread. */
  gap = "";

  constructor(name: string, partition: number, stream: string) {
    this.name = name;
    this.partition = partition;
    this.stream = stream;
  }

  /** Makes deliveries of entries. */
  deliver(topic: string, layout: Layout, entries: readonly StreamEntry[]): Delivery[] {
    const deliveries = deliveriesOf(this, topic, layout, entries);
    for (const delivery of deliveries) this.held.add(idOf(delivery));
    return deliveries;
  }

  /** The engine has these no longer. */
  release<T extends readonly Delivery[]>(deliveries: T): T {
    for (const delivery of deliveries) this.held.delete(idOf(delivery));
    return deliveries;
  }
}

/** Makes deliveries of entries of a lane. */
export function deliveriesOf(
  lane: Lane,
  topic: string,
  layout: Layout,
  entries: readonly StreamEntry[],
): Delivery[] {
  const deliveries: Delivery[] = [];
  for (const { id, fields, count } of entries) {
    if (fields === null) continue;
    const rec = layout.read(fields, { id: `${topic}/${lane.name}/${id}`, time: parseInt(id) });
    deliveries.push({ rec, token: id, lane, count });
  }
  return deliveries;
}

/** The lane of a delivery that came from a stream. */
export function laneOf({ lane }: Delivery): StreamLane {
  return lane as StreamLane;
}

/** The id of a delivery that came from a stream. */
export function idOf({ token }: Delivery): string {
  return token as string;
}

/** Runs something for the deliveries of each lane. */
export async function eachLane(
  deliveries: readonly Delivery[],
  run: (lane: StreamLane, own: readonly Delivery[]) => Promise<void>,
): Promise<void> {
  await Promise.all(
    Array.from(Map.groupBy(deliveries, laneOf), ([lane, own]) => run(lane, own)),
  );
}
