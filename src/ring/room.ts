import { NODE_PARK, NODE_WANTS_ROOM } from "./layout.ts";
import { announceSleep, stayAwake } from "./park.ts";
import { type Cells, pause } from "../runtime/shared_cells.ts";

/** Looks at a full ring before this thread goes to sleep. */
const SPINS = 200;

/**
 * How a thread shows that it lives while it waits: `show` is called before it sleeps, for at most
 * `interval` milliseconds. What it throws ends the wait.
 */
export interface WaitingPulse {
  readonly interval: number;
  show(): void;
}

/**
 * Blocks this thread, whose words begin at `node`, until `hasRoom` says so; whether it does within
 * `timeout` milliseconds. Where a thread must not block, as a page, it spins. `isAwaited` says
 * whether the thread waits for room otherwise, too.
 */
export function waitForRoom(
  cells: Cells,
  node: number,
  timeout: number,
  hasRoom: () => boolean,
  isAwaited: boolean,
  pulse?: WaitingPulse,
): boolean {
  const end = performance.now() + timeout;
  // A reader that is at work makes room sooner than a sleep and a wake-up take.
  for (let i = 0; i < SPINS; i++) {
    if (hasRoom()) return true;
    pause();
  }
  try {
    cells.store(node + NODE_WANTS_ROOM, 1);
    for (;;) {
      // The readers look at `WANTS_ROOM` after they have moved the head, and then at `PARK`.
      announceSleep(cells, node);
      if (hasRoom()) return true;
      const left = end - performance.now();
      if (left <= 0) return false;
      pulse?.show();
      try {
        cells.wait(node + NODE_PARK, 1, Math.min(left, pulse?.interval ?? left));
      } catch {
        for (let i = 0; i < 1_000 && !hasRoom(); i++) pause();
      }
    }
  } finally {
    cells.store(node + NODE_WANTS_ROOM, isAwaited ? 1 : 0);
    stayAwake(cells, node);
    // The same word may have put this thread's event loop to sleep: nobody else would wake it.
    cells.notify(node + NODE_PARK);
  }
}
