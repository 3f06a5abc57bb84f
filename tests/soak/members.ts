import { handlesOf, type Holding } from "./holding.ts";
import type { Ledger } from "./ledger.ts";

const PROGRAM = new URL("./consumer.ts", import.meta.url).pathname;
const FLAGS = ["-A", "--no-check", "--lock=scripts/tools.lock", "--v8-flags=--expose-gc"];

/** A consumer that runs. */
interface Member {
  readonly process: Deno.ChildProcess;
  readonly ended: Promise<void>;
}

/** What a consumer tells of itself. */
interface Words {
  ready(): void;
  heap(bytes: number): void;
}

/**
 * Consumers in processes of their own, which write what they handled into a ledger. The first one stays
 * from the beginning to the end, so that what it holds can be compared.
 */
export class Members {
  readonly #words: readonly string[];
  readonly #ledger: Ledger;
  readonly #running: Member[] = [];
  #heard = (_bytes: number) => {};

  /** The words tell a consumer what to connect to. */
  constructor(words: readonly string[], ledger: Ledger) {
    this.#words = words;
    this.#ledger = ledger;
  }

  /** Starts one; resolves when it consumes, or has ended before. */
  async start(): Promise<void> {
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", ...FLAGS, PROGRAM, ...this.#words],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const ready = Promise.withResolvers<void>();
    const words = { ready: ready.resolve, heap: (bytes: number) => this.#heard(bytes) };
    const member = { process, ended: this.#listen(process, words) };
    this.#running.push(member);
    await Promise.race([ready.promise, member.ended]);
  }

  /** Ends the one that has run for longest but the first as a crash would, and starts another. */
  async kill(): Promise<void> {
    const [member] = this.#running.splice(1, 1);
    member?.process.kill("SIGKILL");
    await member?.ended;
    await this.start();
  }

  /** Ends the one that has run for longest but the first in good order, and starts another. */
  async replace(): Promise<void> {
    const [member] = this.#running.splice(1, 1);
    if (member !== undefined) await leave(member);
    await this.start();
  }

  /** What the first one holds; `undefined` if it has ended, as it should not. */
  async holding(): Promise<Holding | undefined> {
    const { process, ended } = this.#running[0]!;
    const heard = new Promise<number>((resolve) => this.#heard = resolve);
    const line = process.stdin.getWriter();
    await line.write(new TextEncoder().encode("\n")).catch(() => {});
    line.releaseLock();
    const heap = await Promise.race([heard, ended]);
    return heap === undefined ? undefined : { heap, handles: handlesOf(process.pid) };
  }

  /** Ends all in good order. */
  async close(): Promise<void> {
    await Promise.all(this.#running.splice(0).map(leave));
  }

  async #listen(process: Deno.ChildProcess, words: Words): Promise<void> {
    const texts = process.stdout.pipeThrough(new TextDecoderStream());
    let rest = "";
    for await (const text of texts) {
      const lines = (rest + text).split("\n");
      // What was cut off by a kill was not told: it counts as not handled.
      rest = lines.pop()!;
      for (const line of lines) {
        if (line === "ready") words.ready();
        else if (line.startsWith("heap ")) words.heap(Number(line.slice("heap ".length)));
        else {
          const [key, sequence] = line.split(":");
          this.#ledger.see({ key: key!, sequence: Number(sequence) });
        }
      }
    }
    await process.status;
  }
}

async function leave({ process, ended }: Member): Promise<void> {
  await process.stdin.close().catch(() => {});
  await ended;
}
