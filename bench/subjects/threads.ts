/**
 * Subjects that send events to one other thread.
 *
 * @module
 */
import { forAsync } from "../../mod.ts";
import type { Work } from "../harness/types.ts";
import { note } from "./handlers.ts";
import { type Carrier, openCarrier, startPeer } from "./peer_thread.ts";
import { allHandled } from "./settled.ts";

/** Events of a round: as many as a ring holds. */
const SIZE = 1_000;
/** Events in a batch, and in an array or a packed buffer of the peers. */
const BATCH = 32;
const PACK = 100;
const BYTES = 64;

/** What the measured bus sends. */
interface Events {
  lent: Uint8Array;
  built: Uint8Array;
  json: { value: number };
}

/** Our bus: one event a call, or in batches. */
export async function ourThreads(type: keyof Events, isBatched = false): Promise<Work> {
  const handlers = new URL("./thread_handlers.ts", import.meta.url);
  const bus = forAsync<Events>({ handlers, threads: 1, blockTimeout: 60_000 });
  await bus.ready;
  const data = type === "json" ? { value: 1 } : new Uint8Array(BYTES).fill(1);
  const event = { type, data } as { type: "lent"; data: Uint8Array };
  const batch = new Array<typeof event>(BATCH).fill(event);
  const size = isBatched ? SIZE - SIZE % BATCH : SIZE;
  return {
    opsPerRound: size,
    async run(rounds) {
      const before = bus.stats().processed;
      for (let i = 0; i < rounds; i++) {
        if (isBatched) { for (let k = 0; k < size; k += BATCH) bus.emitBatch(batch); }
        else for (let k = 0; k < size; k++) bus.emit(event);
      }
      await allHandled(bus);
      note(bus.stats().processed - before);
    },
  };
}

/** How the peers pass an event on. */
export type Shape =
  | "one by one"
  | "one by one, answered every 100"
  | "arrays of 100"
  | "packed buffers of 100";

const PEER_THREAD = new URL("./thread_peers.ts", import.meta.url);

/** What people write by hand. */
export async function peerThreads(carrier: Carrier, shape: Shape): Promise<Work> {
  const peer = await startPeer(PEER_THREAD);
  const post = await openCarrier(peer, carrier);
  const event = { type: "built", data: new Uint8Array(BYTES).fill(1) };
  const array = new Array<typeof event>(PACK).fill(event);
  const emitOne = () => post(event);
  const emit = {
    "one by one": emitOne,
    "one by one, answered every 100": emitOne,
    "arrays of 100": () => post(array.map(({ type, data }) => ({ type, data: data.slice() }))),
    "packed buffers of 100": () => {
      const packed = new Uint8Array(PACK * BYTES);
      for (let at = 0; at < packed.length; at += BYTES) packed.set(event.data, at);
      post(packed.buffer, [packed.buffer]);
    },
  }[shape];
  const events = emit === emitOne ? 1 : PACK;
  const send = async (count: number) => {
    const answered = peer.answer();
    post({ target: count });
    for (let i = 0; i < count; i += events) emit();
    note((await answered as { seen: number }).seen);
  };
  return {
    opsPerRound: SIZE,
    async run(rounds) {
      const all = rounds * SIZE;
      const unanswered = shape === "one by one, answered every 100" ? PACK : all;
      for (let i = 0; i < all; i += unanswered) await send(unanswered);
    },
  };
}

/** R: a word that two threads hand to each other and back. */
export async function pingPong(): Promise<Work> {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const { thread } = await startPeer(PEER_THREAD);
  thread.send({ memory: cell.buffer });
  const trips = 100;
  return {
    opsPerRound: trips,
    run(rounds) {
      let ping = Atomics.load(cell, 0) & 0x3ffffffe;
      Atomics.store(cell, 0, ping);
      for (let i = 0; i < rounds * trips; i++) {
        Atomics.store(cell, 0, ping + 1);
        ping = (ping + 2) & 0x3ffffffe;
        while ((Atomics.load(cell, 0) & 1) === 1);
      }
      note(rounds * trips);
    },
  };
}
