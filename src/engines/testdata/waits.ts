import { FakeTime } from "@std/testing/time";
import type { AnyBus } from "./kinds.ts";

/** Lets timers and I/O have a turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** What never settles, as a handler or a stage that hangs. */
export function never(): Promise<void> {
  return new Promise(() => {});
}

/** Waits until every delivery has settled: at once on a sync bus, some microtasks on the others. */
export async function quiet(bus: Pick<AnyBus, "stats">): Promise<void> {
  while (bus.stats().depth > 0) await turn();
}

/** Runs a test on a clock that only the test moves. */
export async function withFakeTime(run: (time: FakeTime) => Promise<void>): Promise<void> {
  const time = new FakeTime();
  try {
    await run(time);
  } finally {
    time.restore();
  }
}

/** A handler whose promises the test settles, and the data that it was called with. */
export function held() {
  const started: unknown[] = [];
  const settle: (() => void)[] = [];
  const handler = (event: { data: unknown }) => {
    started.push(event.data);
    return new Promise<void>((resolve) => settle.push(resolve));
  };
  return { handler, started, settle };
}
