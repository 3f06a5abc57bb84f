/** The shards of threads that share no memory against what is promised of them, by random programs. */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { BusCore } from "../core/bus_core.ts";
import { FrameEncoder } from "../ring/frame_encoder.ts";
import { readData } from "../ring/frame_event.ts";
import { HEADER_FLUSH, Layout, NODE_BATCHED } from "../ring/layout.ts";
import { finishForWriter, finishFrame, releaseDone, takeOverFromReader } from "../ring/recovery.ts";
import { scheduleMacrotask } from "../runtime/macrotask.ts";
import { FlowThread } from "./flow_thread.ts";
import { HomeLink } from "./home_link.ts";
import { createMesh, HOME, type Mesh } from "./mesh.ts";
import { type Parcel, PostOffice } from "./post_office.ts";
import { ThreadCounters } from "./thread_counters.ts";
import type { Engine } from "../core/engine.ts";
import type { BatchSettings } from "./flow_options.ts";

const NODES = [HOME, 1, 2];
const THREADS = [1, 2];
/** Rings are crowded by a few events. */
const LAYOUT = new Layout(THREADS.length, 1024);
const LARGEST = LAYOUT.capacity / 4;
/** They share out the shards of a thread. */
const TYPES = ["a", "b", "c", "d"];

/** One of the threads that have been a node. */
interface Life {
  link: HomeLink;
  flow: FlowThread;
  core: BusCore;
  isDead: boolean;
  /** What the handlers wait for. */
  gate: PromiseWithResolvers<void>;
}

/** The data of events: when one is handled, its thread may die, and may tell what it has begun. */
interface Item {
  n: number;
  end: "told" | "untold" | undefined;
  text: string;
}

/** Threads with shards that share nothing, and the messages between them, in one thread. */
class World {
  readonly accepted: number[] = [];
  readonly begun: number[] = [];
  readonly doubtful: number[] = [];
  /** How often a handler has ended its thread. */
  deaths = 0;
  /** What handlers had emitted that died with their thread. */
  readonly mayBeLost = new Set<number>();
  readonly #settings: BatchSettings;
  readonly #office = new PostOffice(LAYOUT);
  readonly #home = createMesh(THREADS.length, LAYOUT.capacity, this.#office.cells);
  readonly #encoder = new FrameEncoder();
  readonly #lives: Life[] = [];
  /** Messages on their way, by thread: to it and from it. */
  readonly #toThread: Int32Array[][] = [];
  readonly #toHome: Int32Array[][] = [];
  /** By thread, what it has emitted in handlers since the event loop has had a turn. */
  readonly #unsent: number[][] = [];
  #flushes = 0;

  constructor(settings: Pick<BatchSettings, "batchSize" | "shards">) {
    this.#settings = { ...settings, batchTimeout: Infinity, spread: [] };
    for (const node of THREADS) this.#start(node);
  }

  /** Events that home has been told to be through. */
  get batched(): number {
    const { cells } = this.#home;
    const counts = THREADS.map((node) => cells.get(LAYOUT.node(node) + NODE_BATCHED));
    return counts.reduce((sum, count) => sum + count);
  }

  /** Emits an event, if there is room; inside a handler the thread may die before it tells. */
  write(from: number, to: number, { size, end, flag: isInHandler }: Step): void {
    const mesh = this.#mesh(from);
    const n = this.accepted.length;
    const data: Item = { n, end, text: "x".repeat(size) };
    this.#encoder.encode({ type: TYPES[n % 4], data }, false);
    const bytes = this.#encoder.size;
    assert(bytes <= LARGEST);
    const writer = mesh.writers[to]!;
    if (!writer.hasRoom(bytes)) return;
    this.#encoder.write(mesh.cells, writer.claim(bytes), -1, 0);
    writer.commit(bytes, true);
    if (from !== HOME) this.#lives[from].link.isInHandler = () => isInHandler;
    if (from !== HOME && isInHandler) this.#unsent[from].push(n);
    mesh.publish(to);
    this.accepted.push(n);
  }

  /** Takes events into the shards of a thread. */
  take(node: number, from: number, count: number): void {
    const { flow, core, link: { mesh } } = this.#lives[node];
    const reader = mesh.readers[from]!;
    for (let left = count; left > 0; left--) {
      const word = reader.peek();
      if (word < 0) return;
      reader.take(word);
      const { n } = readData(mesh.cells, word) as Item;
      flow.take(core.registry.current(TYPES[n % 4]), reader, word);
    }
  }

  /** Ends what a thread does in one go. */
  close(node: number): void {
    const { flow, link: { mesh } } = this.#lives[node];
    for (const reader of mesh.readers) reader!.release();
    flow.follow();
  }

  /** Lets the promises of a thread's handlers settle, and those that come next wait again. */
  release(node: number): void {
    const life = this.#lives[node];
    life.gate.resolve();
    life.gate = Promise.withResolvers();
  }

  /** Lets batches leave early from now on, or no more. */
  flush(): void {
    this.#home.cells.store(HEADER_FLUSH, ++this.#flushes);
  }

  /** Lets the oldest message arrive at home or at a thread. */
  deliver(node: number, isToHome: boolean): boolean {
    const packed = (isToHome ? this.#toHome : this.#toThread)[node].shift();
    if (packed === undefined) return false;
    if (isToHome) this.#office.receive(node, { beat: packed });
    else this.#lives[node].link.receive(packed);
    return true;
  }

  /** Ends a thread, which may tell what it has begun, and starts the next one. */
  kill(node: number, isTold: boolean): void {
    const life = this.#lives[node];
    life.isDead = true;
    if (isTold) life.link.end();
    else for (const event of this.#unsent[node]) this.mayBeLost.add(event);
    while (this.deliver(node, true));
    this.#office.close(node);
    const { cells } = this.#home;
    for (const other of NODES) {
      finishForWriter(cells, LAYOUT.ring(node, other));
      const place = LAYOUT.ring(other, node);
      for (const word of takeOverFromReader(cells, place).started) {
        this.doubtful.push((readData(cells, word) as Item).n);
        finishFrame(cells, place, word);
      }
      releaseDone(cells, place);
    }
    this.#start(node);
  }

  /** Lets the event loop have a turn. */
  async turn(): Promise<void> {
    await new Promise<void>((resolve) => scheduleMacrotask(resolve));
    for (const events of this.#unsent) if (events) events.length = 0;
  }

  /** Lets everything arrive and be taken, and what has begun come to its end. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet++) {
      await this.turn();
      const before = this.begun.length;
      for (const node of THREADS) {
        for (const from of NODES) this.take(node, from, 20);
        this.close(node);
        this.release(node);
        while (this.deliver(node, true) || this.deliver(node, false)) quiet = 0;
      }
      if (this.begun.length > before) quiet = 0;
    }
  }

  /** Whether each ring into a thread has room for the largest event. */
  hasRoom(): boolean {
    return NODES.every((from) =>
      THREADS.every((to) => this.#mesh(from).writers[to]!.hasRoom(LARGEST))
    );
  }

  #mesh(node: number): Mesh {
    return node === HOME ? this.#home : this.#lives[node].link.mesh;
  }

  #start(node: number): void {
    const toThread: Int32Array[] = this.#toThread[node] = [];
    const toHome: Int32Array[] = this.#toHome[node] = [];
    this.#unsent[node] = [];
    const copy = this.#office.open(node, {
      send: (message) => void toThread.push((message as Parcel).beat),
    });
    const port = { send: (message: unknown) => void toHome.push((message as Parcel).beat) };
    const link = new HomeLink(copy, node, port, true);
    const core: BusCore = new BusCore({}, {
      get core() {
        return core;
      },
      subscribed() {},
    } as unknown as Engine);
    const flow = new FlowThread(link.mesh, {
      core,
      counters: new ThreadCounters(link.mesh),
      settings: this.#settings,
      valueCodec: undefined,
      onSettled() {},
    });
    flow.onBegin = () => link.flush();
    const life = { link, flow, core, isDead: false, gate: Promise.withResolvers<void>() };
    core.on("*", ({ data }) => {
      // What a dead thread has left in this one's queue of microtasks.
      if (life.isDead) return;
      const { n, end } = data as Item;
      this.begun.push(n);
      if (end !== undefined) {
        this.deaths++;
        this.kill(node, end === "told");
      }
      return life.gate.promise;
    });
    this.#lives[node] = life;
  }
}

const step = fc.record({
  action: fc.constantFrom(
    ...["write", "write", "write", "take", "take", "take", "close", "close", "release"] as const,
    ...["deliver", "deliver", "deliver", "deliver", "turn", "turn", "flush", "kill"] as const,
  ),
  from: fc.constantFrom(...NODES),
  node: fc.constantFrom(...THREADS),
  size: fc.integer({ min: 0, max: 150 }),
  end: fc.integer({ min: 0, max: 60 }).map((n) => ([, "told", "untold"] as const)[n]),
  count: fc.integer({ min: 1, max: 8 }),
  flag: fc.boolean(),
});

type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

function play(step: Step, world: World): void {
  const { action, from, node, count, flag } = step;
  if (action === "write") world.write(from, node, step);
  else if (action === "take") world.take(node, from, count);
  else if (action === "close") world.close(node);
  else if (action === "release") world.release(node);
  else if (action === "deliver") world.deliver(node, flag);
  else if (action === "flush") world.flush();
  else world.kill(node, flag);
}

const program = fc.record({
  batchSize: fc.constantFrom(1, 3, 1_000),
  shards: fc.constantFrom(1, 3),
  steps: fc.array(step, { maxLength: 200, size: "max" }),
});

describe("the shards of threads that share no memory", () => {
  it("handle each event once, or leave its batch in doubt, whoever dies, and find room", async () => {
    await fc.assert(
      fc.asyncProperty(program, async ({ steps, ...settings }) => {
        const world = new World(settings);
        for (const one of steps) {
          if (one.action === "turn") await world.turn();
          else play(one, world);
        }
        // What waits in batches that nothing makes leave takes half of a ring at most.
        await world.settle();
        assert(world.hasRoom());
        const flushes = steps.filter(({ action }) => action === "flush").length;
        if (flushes % 2 === 0) world.flush();
        await world.settle();
        const { accepted, begun, doubtful, mayBeLost, batched, deaths } = world;
        const [wasBegun, isDoubtful] = [new Set(begun), new Set(doubtful)];
        assertEquals([wasBegun.size, isDoubtful.size], [begun.length, doubtful.length]);
        const lost = accepted.filter((event) => !wasBegun.has(event) && !isDoubtful.has(event));
        assertEquals(lost.filter((event) => !mayBeLost.has(event)), []);
        // Also of a thread that could not say anything: a batch is announced as a whole, and alone.
        const cut = doubtful.filter((event) => !wasBegun.has(event)).length;
        assert(cut <= deaths * (settings.batchSize - 1), `${cut} events, ${deaths} deaths`);
        assertEquals(batched, begun.filter((event) => !isDoubtful.has(event)).length);
      }),
      { numRuns: 60 },
    );
  });

  it("tell that they live while one batch keeps their event loop from turning", () => {
    const office = new PostOffice(LAYOUT);
    createMesh(THREADS.length, LAYOUT.capacity, office.cells);
    const { now } = performance;
    let time = 1_000;
    let parcels = 0;
    performance.now = () => time;
    try {
      const port = { send: () => void parcels++ };
      const { mesh } = new HomeLink(office.open(1, { send() {} }), 1, port, true);
      const counters = new ThreadCounters(mesh);
      for (; time < 1_020; time++) counters.showLife();
      assertEquals(parcels, 3);
    } finally {
      performance.now = now;
    }
  });
});
