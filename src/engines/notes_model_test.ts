/**
 * Holds any program of subscriptions, ends and deaths against what all threads must know in the end. The
 * threads live in this one; their rings are so small that most notes have to wait for room.
 */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { Registry } from "../core/registry.ts";
import { Resolution } from "../core/resolution.ts";
import { FLAG_KIND, FLAG_NOTE, FRAME_FLAGS } from "../ring/frame.ts";
import { readData } from "../ring/frame_event.ts";
import { finishForWriter, takeOverFromReader } from "../ring/recovery.ts";
import type { Registration } from "../core/registration.ts";
import { createMesh, HOME, joinMesh, type Mesh } from "./mesh.ts";
import { type Note, Notes } from "./notes.ts";
import { Outbox } from "./outbox.ts";
import { Routes } from "./routes.ts";

const THREADS = 3;
const CAPACITY = 1_024;
const TYPES = ["a", "b", "c", "d", "e", "f"];
/** Rounds without an end would be notes that are sent to and fro for ever. */
const MOST_ROUNDS = 2_000;

/** What a node does next; `pick` chooses the subscription or the ring. */
interface Step {
  node: number;
  act: "on" | "each" | "off" | "die" | "serve" | "flush" | "read" | "turn";
  pick: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  node: fc.nat({ max: THREADS }),
  act: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom("on" as const, "each" as const, "off" as const) },
    { weight: 1, arbitrary: fc.constantFrom("die" as const, "serve" as const) },
    { weight: 2, arbitrary: fc.constantFrom("flush" as const, "turn" as const) },
    { weight: 8, arbitrary: fc.constant("read" as const) },
  ),
  pick: fc.nat(),
});

/** One of the threads, as far as it tells others what it subscribes. */
class Node {
  readonly mesh: Mesh;
  readonly generation: number;
  readonly routes: Routes;
  readonly notes: Notes;
  readonly live: Registration[] = [];
  /** Subscriptions whose `ready` has not resolved. */
  readonly unready = new Set<Registration>();
  readonly #registry = new Registry();
  #hasServed = false;

  constructor(mesh: Mesh, generation: number) {
    this.mesh = mesh;
    this.generation = generation;
    this.routes = new Routes(THREADS + 1, mesh.self);
    const outbox = new Outbox(
      mesh,
      this.routes,
      { overflow: "error", blockTimeout: 0 },
      () => {},
    );
    this.notes = new Notes(mesh, this.routes, outbox, generation);
    this.#registry.onRemove = (registration) => this.notes.remove(registration);
    if (mesh.self === HOME) this.serve();
    else this.notes.greet();
  }

  serve(): void {
    if (this.#hasServed) return;
    this.#hasServed = true;
    this.notes.serve();
  }

  subscribe(type: string, each: boolean): void {
    const registration = this.#registry.add(type, () => {});
    registration.each = each && this.mesh.self !== HOME;
    this.notes.add(registration);
    this.live.push(registration);
    if (registration.readiness === undefined) return;
    this.unready.add(registration);
    registration.readiness.then(() => this.unready.delete(registration));
  }

  /** Hears what another node has sent, up to so many notes; says whether there was any. */
  read(from: number, most: number): boolean {
    const { cells, readers } = this.mesh;
    const reader = readers[from];
    let count = 0;
    for (let word; reader !== undefined && count < most; count++) {
      if ((word = reader.peek()) < 0) break;
      reader.take(word);
      const isNote = (cells.get(word + FRAME_FLAGS) & FLAG_KIND) === FLAG_NOTE;
      if (isNote) this.notes.hear(from, readData(cells, word) as Note);
      reader.finish(word, !isNote);
    }
    reader?.release();
    return count > 0;
  }
}

/** The nodes of a program, and what becomes of their rings when one dies. */
class Nodes {
  readonly #home = createMesh(THREADS, CAPACITY);
  readonly all: Node[] = [];

  constructor() {
    for (let self = 0; self <= THREADS; self++) this.all.push(this.#create(self, 1));
  }

  run({ node: self, act, pick }: Step): void | Promise<void> {
    const node = this.all[self]!;
    if (act === "on" || act === "each") {
      node.subscribe(TYPES[pick % TYPES.length]!, act === "each");
    } else if (act === "off") {
      const [ended] = node.live.splice(pick % Math.max(1, node.live.length), 1);
      ended?.unsubscribe();
    } else if (act === "die" && self !== HOME) this.#replace(node);
    else if (act === "serve") node.serve();
    else if (act === "flush") node.notes.flush();
    else if (act === "read") node.read(pick % (THREADS + 1), 1 + pick % 4);
    else return Promise.resolve();
  }

  /** Has all of them serve and hear everything, until nobody has anything to say. */
  settle(): void {
    for (const node of this.all) node.serve();
    let isQuiet = false;
    for (let round = 0; !isQuiet; round++) {
      assert(round < MOST_ROUNDS, "notes are sent to and fro");
      isQuiet = true;
      for (const node of this.all) {
        for (let from = 0; from <= THREADS; from++) {
          if (node.read(from, Infinity)) isQuiet = false;
        }
        if (node.notes.flush()) isQuiet = false;
      }
    }
  }

  /** Which threads have subscribed a type, by what each has itself. */
  wanting(type: string, each: boolean): number[] {
    return this.all.filter(({ mesh, live }) =>
      mesh.self !== HOME && live.some((one) => one.pattern === type && one.each === each)
    ).map(({ mesh }) => mesh.self);
  }

  #create(self: number, generation: number): Node {
    const home = this.#home;
    const mesh = self === HOME
      ? home
      : joinMesh(home.cells.words.buffer as SharedArrayBuffer, self);
    return new Node(mesh, generation);
  }

  /** What the supervisor does: what the dead thread has written counts, what it has not read does not. */
  #replace({ mesh: { self }, generation }: Node): void {
    const { cells, layout } = this.#home;
    for (let other = 0; other <= THREADS; other++) {
      finishForWriter(cells, layout.ring(self, other));
      takeOverFromReader(cells, layout.ring(other, self));
    }
    this.all[self] = this.#create(self, generation + 1);
  }
}

describe("what threads tell each other", () => {
  it("comes to all of them in any program of subscriptions, ends and deaths", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 200, size: "max" }), async (steps) => {
        const nodes = new Nodes();
        for (const step of steps) await nodes.run(step);
        nodes.settle();
        for (let i = 0; i < 5; i++) await null;
        for (const { routes, unready } of nodes.all) {
          assertEquals([...unready].map(({ pattern }) => pattern), []);
          for (const type of TYPES) {
            const { workers, each } = routes.of(new Resolution(type));
            assertEquals(
              [workers, each.toSorted()],
              [nodes.wanting(type, false), nodes.wanting(type, true)],
            );
          }
        }
      }),
      { numRuns: 150 },
    );
  });
});
