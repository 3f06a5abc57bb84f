import { FrameEncoder } from "../../ring/frame_encoder.ts";
import { FLAG_KIND, FLAG_NOTE, FRAME_FLAGS, FRAME_TOPIC } from "../../ring/frame.ts";
import { readData, readExtras } from "../../ring/frame_event.ts";
import { NODE_HEARTBEAT } from "../../ring/layout.ts";
import { readTopic } from "../../ring/topic_table.ts";
import { createMesh, joinMesh, type Mesh } from "../mesh.ts";
import { WorkerEngine } from "../worker_engine.ts";
import type { WorkerOptions } from "../worker_options.ts";

/** Rings of the size that most tests take. */
const CAPACITY = 4_096;

/** The engine of a thread, in this thread; what it says of its life, and its other side. */
export function engineOfThread(
  options: Partial<WorkerOptions>,
  capacity = CAPACITY,
  home = createMesh(1, capacity),
) {
  const mesh = joinMesh(home.cells.words.buffer as SharedArrayBuffer, 1);
  const engine = new WorkerEngine(mesh, {
    overflow: "block",
    blockTimeout: 1_000,
    concurrency: 1,
    park: "async",
    stallTimeout: Infinity,
    valueCodec: undefined,
    generation: 1,
    ...options,
  });
  const { words } = mesh;
  const beat = () => mesh.cells.load(words + NODE_HEARTBEAT);
  /** What the thread of the bus sends. */
  const emit = (type: string, data: unknown, key?: string) => {
    const encoder = new FrameEncoder();
    encoder.encode({ type, data, ...(key !== undefined && { key }) }, false);
    const writer = home.writers[1]!;
    encoder.write(home.cells, writer.claim(encoder.size), -1, 0);
    writer.commit(encoder.size, true);
    home.publish(1);
  };
  /** What the thread itself emits, outside its handlers. */
  const emitThere = (type: string, data?: unknown) =>
    engine.deliver(engine.core.registry.lookup({ type }), { type, data });
  /** Reads what has come for the thread of the bus. */
  const read = () => readFrames(home, 1);
  return { engine, home, mesh, beat, emit, emitThere, read };
}

/** Reads what another thread has sent: types of events, and notes. */
export function readFrames(mesh: Mesh, from: number): unknown[] {
  const { cells, layout } = mesh;
  const reader = mesh.readers[from]!;
  const seen: unknown[] = [];
  for (let word; (word = reader.peek()) >= 0;) {
    reader.take(word);
    const isNote = (cells.get(word + FRAME_FLAGS) & FLAG_KIND) === FLAG_NOTE;
    if (isNote) seen.push(readData(cells, word));
    else {
      const { type } = readExtras(cells, word);
      seen.push(type ?? readTopic(cells, layout, from, cells.get(word + FRAME_TOPIC)));
    }
    reader.finish(word, !isNote);
  }
  if (reader.release()) mesh.offerRoom(from);
  return seen;
}
