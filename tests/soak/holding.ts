import process from "node:process";

/** What a process holds: it must not become more. */
export interface Holding {
  /** Bytes of the heap after a collection. */
  readonly heap: number;
  /** Files and connections that are open. */
  readonly handles: number;
}

/**
 * Bytes that a heap may grow by, and handles that may become more: pools open connections when there is
 * work, and each of them is three handles of the process that has the failing network.
 */
const GROWTH = { heap: 32 * 2 ** 20, handles: 64 };

/** Bytes of this process's heap after a collection, if it was started with what lets it collect. */
export function heldBytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed;
}

/** Files and connections that a process has open. */
export function handlesOf(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}

/** What this process holds. */
export function ownHolding(): Holding {
  return { heap: heldBytes(), handles: handlesOf(Deno.pid) };
}

/** What has become too much; nothing if all is flat. */
export function judgeHolding(
  who: string,
  early: Holding | undefined,
  late: Holding | undefined,
): string[] {
  if (early === undefined || late === undefined) return [`${who} has ended before its time`];
  const faults: string[] = [];
  const heap = late.heap - early.heap;
  if (heap > GROWTH.heap) faults.push(`memory: the heap of ${who} grew by ${inMebibytes(heap)}`);
  const handles = late.handles - early.handles;
  if (handles > GROWTH.handles) faults.push(`handles: ${who} has ${handles} more of them`);
  return faults;
}

/** For people. */
export function describeHolding({ heap, handles }: Holding): string {
  return `${inMebibytes(heap)} and ${handles} handles`;
}

function inMebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
