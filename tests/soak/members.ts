import type { Ledger } from "./ledger.ts";

const PROGRAM = new URL("./consumer.ts", import.meta.url).pathname;

/** A consumer that runs. */
interface Member {
  readonly process: Deno.ChildProcess;
  readonly ended: Promise<void>;
}

/** Consumers in processes of their own, which write what they handled into a ledger. */
export class Members {
  readonly #words: readonly string[];
  readonly #ledger: Ledger;
  readonly #running: Member[] = [];

  /** The words tell a consumer what to connect to. */
  constructor(words: readonly string[], ledger: Ledger) {
    this.#words = words;
    this.#ledger = ledger;
  }

  /** Starts one; resolves when it consumes, or has ended before. */
  async start(): Promise<void> {
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--lock=scripts/tools.lock", PROGRAM, ...this.#words],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const ready = Promise.withResolvers<void>();
    const member = { process, ended: this.#listen(process, ready.resolve) };
    this.#running.push(member);
    await Promise.race([ready.promise, member.ended]);
  }

  /** Ends the one that has run for longest as a crash would, and starts another. */
  async kill(): Promise<void> {
    const member = this.#running.shift();
    member?.process.kill("SIGKILL");
    await member?.ended;
    await this.start();
  }

  /** Ends the one that has run for longest in good order, and starts another. */
  async replace(): Promise<void> {
    const member = this.#running.shift();
    if (member !== undefined) await leave(member);
    await this.start();
  }

  /** Ends all in good order. */
  async close(): Promise<void> {
    await Promise.all(this.#running.splice(0).map(leave));
  }

  async #listen(process: Deno.ChildProcess, isReady: () => void): Promise<void> {
    const texts = process.stdout.pipeThrough(new TextDecoderStream());
    let rest = "";
    for await (const text of texts) {
      const lines = (rest + text).split("\n");
      // What was cut off by a kill was not told: it counts as not handled.
      rest = lines.pop()!;
      for (const line of lines) {
        if (line === "ready") isReady();
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
