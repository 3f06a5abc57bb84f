import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { HEADER_FLUSH, RING_HEAD, RING_PUBLISHED } from "../ring/layout.ts";
import { createMesh, HOME } from "./mesh.ts";
import { ThreadFlushes } from "./thread_flushes.ts";

/** The flushes of a bus with two threads, into whose rings one event each was sent. */
function setUp() {
  const mesh = createMesh(2, 1024);
  for (const node of [1, 2]) send(node);
  const flushes = new ThreadFlushes(mesh, () => {});
  const reached: string[] = [];
  return {
    flushes,
    reached,
    /** A thread tells home something. */
    tell(node: number) {
      const { words } = mesh.layout.ring(node, HOME);
      mesh.cells.store(words + RING_PUBLISHED, mesh.cells.load(words + RING_PUBLISHED) + 64);
    },
    /** Home hears all that a thread has told. */
    hear(node: number) {
      const { words } = mesh.layout.ring(node, HOME);
      mesh.cells.store(words + RING_HEAD, mesh.cells.load(words + RING_PUBLISHED));
      flushes.check();
    },
    /** Begins a flush. */
    flush: (name: string) => flushes.flush({ reach: () => reached.push(name), refuse() {} }),
    /** Handles all that a thread has. */
    finish(node: number) {
      const { words } = mesh.layout.ring(0, node);
      mesh.cells.store(words + RING_HEAD, mesh.cells.load(words + RING_PUBLISHED));
      flushes.check();
    },
    send,
    /** Whether threads let batches leave at once. */
    isHurried: () => mesh.cells.load(HEADER_FLUSH) % 2 !== 0,
  };

  function send(node: number): void {
    const { words } = mesh.layout.ring(0, node);
    mesh.cells.store(words + RING_PUBLISHED, mesh.cells.load(words + RING_PUBLISHED) + 64);
  }
}

describe("ThreadFlushes", () => {
  it("waits for all threads, which hurry as long", () => {
    const { flush, finish, reached, isHurried } = setUp();
    flush("first");
    finish(1);
    assertEquals([reached, isHurried()], [[], true]);
    finish(2);
    assertEquals([reached, isHurried()], [["first"], false]);
  });

  it("waits for what threads have told home meanwhile, too", () => {
    const { flush, finish, tell, hear, reached } = setUp();
    flush("first");
    tell(2);
    finish(1);
    finish(2);
    assertEquals(reached, []);
    hear(2);
    assertEquals(reached, ["first"]);
  });

  it("leaves out a thread that does not stop, now and later", () => {
    const { flushes, flush, finish, send, reached, isHurried } = setUp();
    flush("first");
    flushes.leave(1);
    assertEquals([reached, isHurried()], [[], true]);
    finish(2);
    assertEquals([reached, isHurried()], [["first"], false]);
    send(2);
    flush("second");
    finish(2);
    assertEquals([reached, isHurried()], [["first", "second"], false]);
  });

  it("ends the wait for a thread that does not stop, if there is no other", () => {
    const { flushes, flush, finish, reached, isHurried } = setUp();
    finish(2);
    flush("first");
    flushes.leave(1);
    assertEquals([reached, isHurried()], [["first"], false]);
  });
});
