import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { FLAG_EVENT, FRAME_FLAGS, FRAME_HEADER } from "../ring/frame.ts";
import { Layout } from "../ring/layout.ts";
import { finishForWriter, finishFrame, releaseDone, takeOverFromReader } from "../ring/recovery.ts";
import { scheduleMacrotask } from "../runtime/macrotask.ts";
import { HomeLink } from "./home_link.ts";
import { createMesh, HOME, type Mesh } from "./mesh.ts";
import { type Parcel, PostOffice } from "./post_office.ts";

const THREADS = 2;
const NODES = [HOME, 1, 2];
const LAYOUT = new Layout(THREADS, 1024);
/** Room for nine frames: rings are full now and then, and there are gaps. */
const SIZE = FRAME_HEADER + 80;
const PAYLOAD = FRAME_HEADER / 4;

const turn = () => new Promise<void>((resolve) => scheduleMacrotask(resolve));

/** Threads that share nothing, and the messages between them, in one thread. */
class World {
  readonly accepted: number[] = [];
  readonly handled: number[] = [];
  readonly doubtful: number[] = [];
  /** Of these the ones whose thread could tell. */
  readonly told: number[] = [];
  /** What handlers had emitted that died with their thread. */
  readonly mayBeLost = new Set<number>();
  readonly #office = new PostOffice(LAYOUT);
  readonly #home = createMesh(THREADS, LAYOUT.capacity, this.#office.cells);
  readonly #links: HomeLink[] = [];
  /** Messages on their way, by thread: to it and from it. */
  readonly #toThread: Int32Array[][] = [];
  readonly #toHome: Int32Array[][] = [];
  /** By thread, what it has emitted in handlers since the event loop has had a turn. */
  readonly #unsent: number[][] = [];

  constructor() {
    for (let node = 1; node <= THREADS; node++) this.#start(node);
  }

  /** Emits an event, if there is room; inside a handler the thread may die before it tells. */
  write(from: number, to: number, isInHandler: boolean): void {
    const mesh = this.#mesh(from);
    const writer = mesh.writers[to];
    if (!writer?.hasRoom(SIZE)) return;
    const word = writer.claim(SIZE) >> 2;
    mesh.cells.set(word + FRAME_FLAGS, FLAG_EVENT);
    mesh.cells.set(word + PAYLOAD, this.accepted.length);
    writer.commit(SIZE, true);
    if (from !== HOME) this.#links[from].isInHandler = () => isInHandler;
    if (from !== HOME && isInHandler) this.#unsent[from].push(this.accepted.length);
    mesh.publish(to);
    this.accepted.push(this.accepted.length);
  }

  /** Handles an event; without `isWhole` the thread is still at it. */
  handle(node: number, from: number, isWhole: boolean): void {
    const mesh = this.#mesh(node);
    const reader = mesh.readers[from];
    const word = reader?.peek() ?? -1;
    if (word < 0) return;
    reader!.take(word);
    reader!.start(word);
    this.handled.push(mesh.cells.get(word + PAYLOAD));
    if (!isWhole) return;
    reader!.finish(word, true);
    reader!.release();
  }

  /** Lets the oldest message arrive at home or at a thread. */
  deliver(node: number, isToHome: boolean): boolean {
    const packed = (isToHome ? this.#toHome : this.#toThread)[node].shift();
    if (packed === undefined) return false;
    if (isToHome) this.#office.receive(node, { beat: packed });
    else this.#links[node].receive(packed);
    return true;
  }

  /** Ends a thread, which may tell what it has begun, and starts the next one. */
  kill(node: number, isTold: boolean): void {
    if (isTold) this.#links[node].end();
    else for (const event of this.#unsent[node]) this.mayBeLost.add(event);
    while (this.deliver(node, true));
    this.#office.close(node);
    const { cells } = this.#home;
    for (const other of NODES) {
      finishForWriter(cells, LAYOUT.ring(node, other));
      const place = LAYOUT.ring(other, node);
      for (const word of takeOverFromReader(cells, place).started) {
        this.doubtful.push(cells.get(word + PAYLOAD));
        if (isTold) this.told.push(cells.get(word + PAYLOAD));
        finishFrame(cells, place, word);
      }
      releaseDone(cells, place);
    }
    this.#start(node);
  }

  /** Lets the event loop have a turn. */
  async turn(): Promise<void> {
    await turn();
    for (const events of this.#unsent) if (events) events.length = 0;
  }

  /** Lets everything arrive and be handled. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet++) {
      await this.turn();
      const before = this.handled.length;
      for (const node of NODES) {
        for (const from of NODES) for (let i = 0; i < 20; i++) this.handle(node, from, true);
        while (node !== HOME && (this.deliver(node, true) || this.deliver(node, false))) quiet = 0;
      }
      if (this.handled.length > before) quiet = 0;
    }
  }

  #mesh(node: number): Mesh {
    return node === HOME ? this.#home : this.#links[node].mesh;
  }

  #start(node: number): void {
    const toThread: Int32Array[] = this.#toThread[node] = [];
    const toHome: Int32Array[] = this.#toHome[node] = [];
    this.#unsent[node] = [];
    const copy = this.#office.open(node, {
      send: (message) => void toThread.push((message as Parcel).beat),
    });
    this.#links[node] = new HomeLink(copy, node, {
      send: (message) => void toHome.push((message as Parcel).beat),
    });
  }
}

const step = fc.record({
  action: fc.constantFrom(
    "write",
    "write",
    "handle",
    "handle",
    "deliver",
    "deliver",
    "turn",
    "kill",
  ),
  node: fc.constantFrom(...NODES),
  other: fc.constantFrom(...NODES),
  flag: fc.boolean(),
});

function play({ action, node, other, flag }: StepOf<typeof step>, world: World) {
  if (action === "write") world.write(node, other, flag);
  else if (action === "handle") world.handle(node, other, flag);
  else if (node === HOME) return;
  else if (action === "deliver") world.deliver(node, flag);
  else world.kill(node, flag);
}

type StepOf<A> = A extends fc.Arbitrary<infer Step> ? Step : never;

describe("threads that share no memory", () => {
  it("handle each event once, or leave it in doubt, whoever dies", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 200, size: "max" }), async (steps) => {
        const world = new World();
        for (const one of steps) {
          if (one.action === "turn") await world.turn();
          else play(one, world);
        }
        await world.settle();
        const { accepted, handled, doubtful, told, mayBeLost } = world;
        const known = new Set([...handled, ...doubtful]);
        assertEquals(accepted.filter((event) => !known.has(event) && !mayBeLost.has(event)), []);
        assertEquals(new Set(handled).size, handled.length);
        assertEquals(told.filter((event) => !handled.includes(event)), []);
      }),
      { numRuns: 60 },
    );
  });

  it("tell that an event begins before its handlers are called", async () => {
    const world = new World();
    world.write(HOME, 1, false);
    await world.turn();
    world.deliver(1, false);
    world.handle(1, HOME, false);
    world.kill(1, false);
    await world.settle();
    assertEquals([world.handled, world.doubtful], [[0], [0]]);
  });

  it("tell what they emit outside a handler before emit() returns", async () => {
    const world = new World();
    world.write(1, HOME, false);
    world.kill(1, false);
    await world.settle();
    assertEquals(world.handled, [0]);
  });

  it("change nothing any more once they are gone", () => {
    const office = new PostOffice(LAYOUT);
    createMesh(THREADS, LAYOUT.capacity, office.cells);
    office.open(1, { send: () => {} });
    const parcel = { beat: Int32Array.of(LAYOUT.node(1), 1, 7) };
    assertEquals(office.receive(1, parcel.beat), false);
    office.close(1);
    assertEquals(office.receive(1, parcel), false);
    assertEquals(office.cells.get(LAYOUT.node(1)), 0);
  });
});
