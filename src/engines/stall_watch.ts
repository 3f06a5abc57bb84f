import { MAX_DELAY } from "../core/lifecycle.ts";
import { NODE_HEARTBEAT } from "../ring/layout.ts";
import type { Mesh } from "./mesh.ts";

/**
 * Calls `onStall` for each thread that has not even run its timers for `timeout` milliseconds; gives
 * the timer to stop it with, or nothing if there is nothing to watch.
 */
export function watchStalls(
  mesh: Mesh,
  timeout: number,
  onStall: (node: number) => void,
): ReturnType<typeof setInterval> | undefined {
  if (timeout > MAX_DELAY) return undefined;
  const { cells, layout } = mesh;
  const beats: number[] = [];
  return setInterval(() => {
    for (let node = 1; node <= layout.threads; node++) {
      const beat = cells.load(layout.node(node) + NODE_HEARTBEAT);
      if (beat === beats[node]) onStall(node);
      beats[node] = beat;
    }
  }, timeout);
}
