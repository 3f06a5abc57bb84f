import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { NODE_ANSWER, NODE_STOP } from "../ring/layout.ts";
import { createMesh } from "./mesh.ts";
import { Supervisor, type SupervisorEvents, type SupervisorOptions } from "./supervisor.ts";
import { turn, withFakeTime } from "./testdata/waits.ts";

/** A thread that does nothing, and ends when it is told to. */
class FakeThread extends EventTarget {
  isTerminated = false;
  /** Where there is none, nobody tells of the end of a thread: as in a browser. */
  unref: (() => void) | undefined = () => {};

  postMessage(): void {}

  terminate(): void {
    this.isTerminated = true;
    if (this.unref !== undefined) this.die();
  }

  die(): void {
    this.dispatchEvent(new Event("close"));
  }
}

function createStubbornThread(): FakeThread {
  return Object.assign(new FakeThread(), { unref: undefined });
}

/** Tells of a thread that does not stop, and fails. */
function failToTell(): never {
  throw new TypeError("on purpose");
}

/** Supervises one thread; notes the threads that were started and what has become of them. */
function supervise(
  options: Partial<SupervisorOptions>,
  create: () => FakeThread = () => new FakeThread(),
  events: Partial<SupervisorEvents> = {},
) {
  const mesh = createMesh(1, 1_024);
  const threads: FakeThread[] = [];
  const told: string[] = [];
  const handlers = () => {
    const thread = create();
    threads.push(thread);
    return thread;
  };
  const supervisor = new Supervisor(mesh, {
    handlers,
    maxRestarts: 5,
    stopTimeout: 100,
    ...options,
  }, {
    greeting: () => "start",
    greetsEarly: true,
    onMessage() {},
    onGone: (node, cause) => {
      told.push(`gone ${node}`);
      return cause;
    },
    onFailed: (node, cause) => told.push(`failed ${node}: ${(cause as Error)?.message}`),
    onStuck: (node) => told.push(`stuck ${node}`),
    ...events,
  });
  supervisor.start();
  const words = mesh.layout.node(1);
  return {
    supervisor,
    threads,
    told,
    /** Which start of the thread is asked to stop; 0 if none is. */
    asked: () => mesh.cells.load(words + NODE_STOP),
    /** The thread says that nothing of it touches the memory any more. */
    answer(generation: number) {
      mesh.cells.store(words + NODE_ANSWER, generation);
      supervisor.check();
    },
  };
}

describe("a thread that is to be replaced", () => {
  it("is asked to stop, and has 'stopTimeout' to do so by itself", () =>
    withFakeTime(async (time) => {
      const { supervisor, threads, asked, told } = supervise({ stopTimeout: 100 });
      const replaced = supervisor.replace(1);
      assertEquals(asked(), 1);
      time.tick(99);
      assertEquals(threads.map(({ isTerminated }) => isTerminated), [false]);
      time.tick(1);
      await replaced;
      assertEquals(threads.map(({ isTerminated }) => isTerminated), [true, false]);
      assertEquals(told, ["gone 1"]);
    }));

  it("is followed by the next as soon as it answers", () =>
    withFakeTime(async (time) => {
      const { supervisor, threads, answer, told } = supervise({ stopTimeout: 100 });
      const replaced = supervisor.replace(1);
      answer(1);
      await replaced;
      assertEquals(threads.length, 2);
      time.tick(1_000);
      assertEquals([threads.length, threads[1]!.isTerminated], [2, false]);
      assertEquals(told, ["gone 1"]);
    }));

  it("is followed by none where nobody knows of its end, even if it answers later", () =>
    withFakeTime(async (time) => {
      const { supervisor, threads, answer, told } = supervise({}, createStubbornThread);
      const replaced = supervisor.replace(1);
      await time.tickAsync(100);
      await replaced;
      assertEquals(told, ["stuck 1"]);
      answer(1);
      await supervisor.close(0);
      assertEquals([threads.length, told], [1, ["stuck 1"]]);
    }));
});

describe("what is told of a thread at its end", () => {
  it("may fail, and keeps nobody waiting: of one that does not stop", () =>
    withFakeTime(async (time) => {
      const { supervisor } = supervise({}, createStubbornThread, { onStuck: failToTell });
      const replaced = assertRejects(() => supervisor.replace(1), TypeError, "on purpose");
      const closed = supervisor.close(60_000);
      await time.tickAsync(100);
      await replaced;
      await closed;
    }));

  it("may fail, and keeps nobody waiting: of one that has gone", () =>
    withFakeTime(async (time) => {
      const { supervisor, answer } = supervise({}, undefined, { onGone: failToTell });
      const closed = supervisor.close(60_000);
      assertThrows(() => answer(1), TypeError, "on purpose");
      await closed;
      await time.tickAsync(60_000);
    }));
});

describe("the end of all threads", () => {
  it("leaves them the time of close(), and starts none again", () =>
    withFakeTime(async (time) => {
      const { supervisor, threads, told } = supervise({ stopTimeout: 60_000 });
      const closed = supervisor.close(30);
      time.tick(29);
      assertEquals(threads.map(({ isTerminated }) => isTerminated), [false]);
      time.tick(1);
      await closed;
      assertEquals(threads.map(({ isTerminated }) => isTerminated), [true]);
      assertEquals(told, ["gone 1"]);
    }));

  it("waits for them where the time of close() has no end", async () => {
    const { supervisor, threads, answer } = supervise({});
    const closed = supervisor.close(Infinity);
    // A timer that takes no such time would be over by then.
    for (let i = 0; i < 3; i++) await turn();
    assertEquals(threads.map(({ isTerminated }) => isTerminated), [false]);
    answer(1);
    await closed;
  });

  it("cuts short the time of one that is being replaced", () =>
    withFakeTime(async (time) => {
      const { supervisor, threads, told } = supervise({ stopTimeout: 60_000 });
      const replaced = supervisor.replace(1);
      const closed = supervisor.close(30);
      time.tick(30);
      await Promise.all([replaced, closed]);
      assertEquals([threads.length, told], [1, ["gone 1"]]);
    }));
});

describe("'maxRestarts'", () => {
  const FAILED = "failed 1: undefined";

  for (const maxRestarts of [0, 2]) {
    it(`leaves ${maxRestarts} starts more to a thread that dies before it serves`, () => {
      const { threads, told } = supervise({ maxRestarts });
      while (!told.includes(FAILED)) threads.at(-1)!.die();
      assertEquals(threads.length, 1 + maxRestarts);
    });

    it(`leaves as many as ever to the next of one that has served: ${maxRestarts}`, () => {
      const { supervisor, threads, told } = supervise({ maxRestarts });
      for (let generation = 1; generation <= 10; generation++) {
        assertEquals(supervisor.serve(1, generation), true);
        threads.at(-1)!.die();
      }
      assertEquals([threads.length, told.includes(FAILED)], [11, false]);
      while (!told.includes(FAILED)) threads.at(-1)!.die();
      assertEquals(threads.length, 11 + maxRestarts);
    });
  }

  it("does not count a thread of which one hears only later that it has served", () => {
    const { supervisor, threads, told } = supervise({ maxRestarts: 2 });
    threads.at(-1)!.die();
    assertEquals(supervisor.serve(1, 1), false);
    while (!told.includes(FAILED)) threads.at(-1)!.die();
    assertEquals(threads.length, 4);
  });

  it("counts a function that throws when it is to start a thread again", async () => {
    let starts = 0;
    const { threads, told } = supervise({ maxRestarts: 2 }, () => {
      if (++starts > 1) throw new RangeError("no more threads");
      return new FakeThread();
    });
    threads[0]!.die();
    for (let i = 0; i < 10; i++) await null;
    assertEquals(starts, 3);
    assertEquals(told.at(-1), "failed 1: no more threads");
  });
});
