import { parseArgs } from "node:util";
import { loadDeliveries } from "./deliveries.ts";
import { type Engine, ENGINES } from "./engines.ts";
import { runPass } from "./pass.ts";
import { grouped, printFaults, printPass } from "./report.ts";
import { openTerminal, type Output, type Terminal } from "./terminal.ts";
import { HANDLERS, runThreads } from "./threads/run.ts";
import { checksOf, faultsIn } from "./verdict.ts";
import { BROKERS } from "./webhooks/brokers.ts";
import type { Guards } from "./webhooks/guards.ts";
import { runWebhooks } from "./webhooks/run.ts";
import { serveWebhooks } from "./webhooks/serve.ts";
import { MissingServerError } from "./webhooks/servers.ts";

const DEFAULT_ROUNDS = 1_000;
const MAX_ROUNDS = 10_000;
const MAX_THREADS = 8;

const HELP =
  `Feeds real GitHub webhook deliveries through a bus, then over HTTP through a router with
retries, dead letters and replay, and checks every count.

  --only P    only this part: bus or webhooks
  --broker B  what the webhooks go through: ${BROKERS.join(", ")}; default memory.
              A server is that of BEAT_REDIS_URL and the like, or is started for the demo
  --threads N instead: hash, parse and index them in N threads, 1 to ${MAX_THREADS}, and kill one
  --serve     keep the receiver of webhooks running, and tell how to post to it
  --port N    where it listens then; default 8787
  --rounds N  feed all deliveries N times, 1 to ${grouped(MAX_ROUNDS)}; default ${
    grouped(DEFAULT_ROUNDS)
  }, of the bus
  --help      show this
`;

/** What a test puts in the place of what the demo shows. */
export interface DemoParts {
  engines?: Engine[];
  /** The module that threads run. */
  handlers?: URL;
  /** What stands before the handlers of webhooks. */
  guards?: Guards;
}

/**
 * Runs the demo and returns the exit code: 0 if every count is right, 1 if one is off, 2 if the
 * arguments cannot be understood.
 */
export async function main(
  args: string[],
  output: Output,
  { engines = ENGINES, handlers = HANDLERS, guards }: DemoParts = {},
): Promise<number> {
  const options = readOptions(args);
  if (typeof options === "string") {
    output.write(`${options}\n\n${HELP}`);
    return 2;
  }
  if (options.help) {
    output.write(HELP);
    return 0;
  }
  const terminal = openTerminal(output);
  if (options.threads > 0) {
    return tell(terminal, "threads", await runThreads(terminal, options.threads, handlers));
  }
  const codes: number[] = [];
  try {
    if (options.serve) return await serveWebhooks(terminal, options.port, options.broker);
    if (options.only !== "webhooks") codes.push(await feed(options.rounds, terminal, engines));
    if (options.only !== "bus") codes.push(await post(terminal, options.broker, guards));
  } catch (error) {
    if (!(error instanceof MissingServerError)) throw error;
    terminal.print(terminal.paint("red", `✗ ${error.message}`));
    return 1;
  }
  return Math.max(...codes);
}

/** The second part: the same payloads as webhooks, over HTTP and through a router. */
async function post(terminal: Terminal, broker: string, guards?: Guards): Promise<number> {
  return tell(terminal, "webhooks", await runWebhooks(terminal, broker, guards));
}

/** Prints what a part has come to, and gives the exit code. */
function tell(
  { paint, print }: Terminal,
  part: string,
  { checks, faults }: { checks: number; faults: string[] },
): number {
  for (const fault of faults) print(paint("red", `✗ ${part}, ${fault}`));
  print(
    faults.length === 0
      ? paint("green", `✓ all ${checks} checks of the ${part} hold`)
      : paint("red", `✗ ${faults.length} of ${checks} checks of the ${part} fail`),
  );
  return faults.length === 0 ? 0 : 1;
}

async function feed(rounds: number, terminal: Terminal, engines: Engine[]): Promise<number> {
  const { paint, print } = terminal;
  const deliveries = loadDeliveries();
  const topics = new Set(deliveries.map(({ event }) => event.type));
  const size = `${deliveries.length} real GitHub webhooks of ${topics.size} topics`;
  print(`${paint("bold", size)}, ${grouped(rounds)} ${rounds === 1 ? "round" : "rounds"} each`);
  print();

  let checked = 0;
  let faulty = 0;
  for (const engine of engines) {
    const onProgress = terminal.progress(engine.name.padEnd(10));
    const pass = await runPass(engine, deliveries, rounds, onProgress);
    terminal.endProgress();
    printPass(terminal, pass);
    const checks = checksOf(pass, deliveries, rounds);
    const faults = faultsIn(checks);
    printFaults(terminal, engine.name, faults);
    checked += checks.length;
    faulty += faults.length;
  }
  print(paint("dim", "time: inside the handlers, which are timed call by call"));
  print(
    faulty === 0
      ? paint("green", `✓ all ${checked} counts agree with the payloads`)
      : paint("red", `✗ ${faulty} of ${checked} counts are off`),
  );
  return faulty === 0 ? 0 : 1;
}

const PARTS = ["bus", "webhooks", "all"];

interface DemoOptions {
  readonly rounds: number;
  readonly only: string;
  readonly broker: string;
  /** How many threads; 0 to run the parts without any. */
  readonly threads: number;
  readonly serve: boolean;
  readonly port: number;
  readonly help: boolean;
}

/** The options, or what is wrong with them. */
function readOptions(args: string[]): DemoOptions | string {
  try {
    const { values } = parseArgs({
      args,
      options: {
        rounds: { type: "string", default: String(DEFAULT_ROUNDS) },
        only: { type: "string", default: "all" },
        broker: { type: "string", default: "memory" },
        threads: { type: "string" },
        serve: { type: "boolean", default: false },
        port: { type: "string", default: "8787" },
        help: { type: "boolean", default: false },
      },
    });
    const { only, broker, serve, help } = values;
    if (!PARTS.includes(only)) return refusal("only", `one of ${PARTS.join(", ")}`, only);
    if (!BROKERS.includes(broker)) return refusal("broker", `one of ${BROKERS.join(", ")}`, broker);
    const rounds = readNumber(values.rounds);
    if (!(rounds >= 1 && rounds <= MAX_ROUNDS)) {
      return refusal("rounds", `a whole number from 1 to ${grouped(MAX_ROUNDS)}`, values.rounds);
    }
    const threads = values.threads === undefined ? 0 : readNumber(values.threads);
    if (values.threads !== undefined && !(threads >= 1 && threads <= MAX_THREADS)) {
      return refusal("threads", `a whole number from 1 to ${MAX_THREADS}`, values.threads);
    }
    const port = readNumber(values.port);
    if (!(port <= 65_535)) return refusal("port", "a whole number from 0 to 65,535", values.port);
    return { rounds, only, broker, threads, serve, port, help };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A whole number that is not negative; everything else is NaN. */
function readNumber(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : NaN;
}

function refusal(option: string, must: string, value: string): string {
  return `Cannot run the demo as '--${option}' must be ${must}: current value is '${value}'`;
}
