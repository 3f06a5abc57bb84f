import { afterEach, beforeEach, describe, it } from "@std/testing/bdd";
import { FakeTime } from "@std/testing/time";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { deadline } from "@std/async/deadline";
import { delay } from "@std/async/delay";

describe("FakeTime", () => {
  let time: FakeTime;
  beforeEach(() => {
    time = new FakeTime(1_000);
  });
  afterEach(() => time[Symbol.dispose]());

  it("moves Date only when told", () => {
    assertEquals([Date.now(), new Date().getTime()], [1_000, 1_000]);
    time.tick(50);
    assertEquals([Date.now(), time.now, time.start], [1_050, 1_050, 1_000]);
    assertEquals(new Date(5) instanceof Date, true);
  });

  it("runs timers in the order in which they fall due", () => {
    const log: [string, number][] = [];
    const note = (name: string) => log.push([name, Date.now()]);
    setTimeout(note, 20, "late");
    setTimeout(note, 10, "early");
    const interval = setInterval(note, 8, "again");
    clearTimeout(setTimeout(note, 5, "cleared"));
    time.tick(20);
    clearInterval(interval);
    time.tick(100);
    assertEquals(log, [["again", 1_008], ["early", 1_010], ["again", 1_016], ["late", 1_020]]);
  });

  it("lets promises settle between two timers", async () => {
    const log: number[] = [];
    const work = (async () => {
      for (let turn = 0; turn < 3; turn++) {
        await delay(10);
        log.push(Date.now());
      }
    })();
    await time.tickAsync(30);
    await work;
    assertEquals(log, [1_010, 1_020, 1_030]);
  });

  it("steps from timer to timer", async () => {
    setTimeout(() => {}, 100);
    assertEquals([await time.nextAsync(), Date.now(), time.next()], [true, 1_100, false]);
  });

  it("aborts the signal of AbortSignal.timeout()", () => {
    const signal = AbortSignal.timeout(10);
    time.tick(10);
    assertEquals([signal.aborted, signal.reason.name], [true, "TimeoutError"]);
  });

  it("can be used by one test at a time", () => {
    assertThrows(() => new FakeTime(), Error, "already faked");
  });

  it("gives deadline() its limit", async () => {
    const late = assertRejects(() => deadline(new Promise(() => {}), 10), DOMException);
    await time.tickAsync(10);
    assertEquals((await late).name, "TimeoutError");
  });

  it("clears a timer that was set before it", async () => {
    time.restore();
    let calls = 0;
    const timer = setTimeout(() => calls++, 1);
    time = new FakeTime();
    clearTimeout(timer);
    await time.delay(5);
    assertEquals(calls, 0);
  });

  it("puts the real clock back", () => {
    const faked = setTimeout;
    time.restore();
    assertEquals([setTimeout === faked, Date.now() > 1_000_000], [false, true]);
  });
});
