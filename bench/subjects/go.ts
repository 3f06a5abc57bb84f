/**
 * Programs in Go as subjects; `bench/go` holds that of the original, `bench/watermill` the other.
 *
 * @module
 */
import type { OutsideSubject } from "../harness/types.ts";

/** Its engines, by the names of the program's flag. */
export type GoEngine = "sync" | "deferred" | "async" | "flow";

/** What its program runs. */
export interface GoWork {
  /** Handlers on each type. @default 1 */
  handlers?: number;
  /** Types in rotation. @default 1 */
  types?: number;
  /** Events handed in before it waits until they are handled. */
  burst?: number;
  /** Events a call of `EmitBatch`. @default 0: one by one */
  batch?: number;
}

/** An engine of v1.1.2, the newest version that the Go module proxy serves. */
export function go(engine: GoEngine, work: GoWork = {}): OutsideSubject {
  const args = Object.entries({ engine, ...work }).flatMap((
    [key, value],
  ) => [`-${key}`, `${value}`]);
  return {
    name: `beat Go v1.1.2 ${engine}`,
    kind: "go",
    runtime: "go",
    program: "beat",
    async sample(seconds) {
      // Loaded here, because this file is part of the processes on all runtimes too.
      const { sampleGo } = await import("../harness/go_process.ts");
      return await sampleGo("beat", args, seconds);
    },
  };
}

/** The router of Watermill v1.5.1 on its Go channels. */
export function watermill(name: string, ...flags: string[]): OutsideSubject {
  return {
    name: `Watermill v1.5.1 ${name}`,
    kind: "peer",
    runtime: "go",
    program: "watermill",
    async sample(seconds) {
      const { sampleGo } = await import("../harness/go_process.ts");
      return await sampleGo("watermill", flags, seconds);
    },
  };
}
