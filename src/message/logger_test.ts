import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { stub } from "@std/testing/mock";
import { guardLogger, type Logger, silent } from "./mod.ts";

/** What is printed of a logger whose warnings end like that. */
async function printedOf(warn: Logger["warn"]): Promise<string[][]> {
  const printed = stub(console, "error", () => {});
  try {
    guardLogger({ ...silent, warn }).warn("the queue grows", { length: 7 });
    // What a promise rejects with is heard a turn later.
    await Promise.resolve();
    return printed.calls.map(({ args }) => args.map(String));
  } finally {
    printed.restore();
  }
}

describe("guardLogger()", () => {
  it("passes on what is written, to the logger itself", async () => {
    const lines: unknown[] = [];
    const logger = {
      ...silent,
      warn(this: unknown, ...line: unknown[]) {
        lines.push(this === logger, ...line);
      },
    };
    guardLogger(logger).warn("the queue grows", { length: 7 });
    assertEquals(lines, [true, "the queue grows", { length: 7 }]);
    assertEquals(await printedOf(() => {}), []);
  });

  it("prints what a logger throws, or rejects with, and who writes goes on", async () => {
    const down = new Error("disk full");
    const expected = [["A logger failed:", "Error: disk full"]];
    assertEquals(
      await printedOf(() => {
        throw down;
      }),
      expected,
    );
    assertEquals(await printedOf(() => Promise.reject(down)), expected);
  });

  it("does no harm though the console throws, as it does of what cannot be looked at", async () => {
    const printed: string[] = [];
    const errors = stub(console, "error", (line: string, shown: unknown) => {
      if (shown instanceof Error) throw new TypeError("Cannot inspect it");
      printed.push(`${line} ${shown}`);
    });
    const failing: Logger["warn"][] = [
      () => {
        throw new Error("no");
      },
      () => Promise.reject(new Error("no")),
    ];
    try {
      for (const warn of failing) guardLogger({ ...silent, warn }).warn("the queue grows");
      await Promise.resolve();
    } finally {
      errors.restore();
    }
    assertEquals(printed, Array(2).fill("A logger failed: an error that cannot be printed"));
  });
});
