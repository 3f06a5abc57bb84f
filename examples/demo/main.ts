import { parseArgs } from "node:util";
import { loadDeliveries } from "./deliveries.ts";
import { type Engine, ENGINES } from "./engines.ts";
import { runPass } from "./pass.ts";
import { grouped, printFaults, printPass } from "./report.ts";
import { openTerminal, type Output } from "./terminal.ts";
import { checksOf, faultsIn } from "./verdict.ts";

const DEFAULT_ROUNDS = 1_000;
const MAX_ROUNDS = 10_000;

const HELP = `Feeds real GitHub webhook deliveries through a bus and checks every count.

  --rounds N  feed all deliveries N times, 1 to ${grouped(MAX_ROUNDS)}; default ${
  grouped(DEFAULT_ROUNDS)
}
  --help      show this
`;

/**
 * Runs the demo and returns the exit code: 0 if every count is right, 1 if one is off, 2 if the
 * arguments cannot be understood.
 */
export async function main(
  args: string[],
  output: Output,
  engines: Engine[] = ENGINES,
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
  return await feed(options.rounds, output, engines);
}

async function feed(rounds: number, output: Output, engines: Engine[]): Promise<number> {
  const terminal = openTerminal(output);
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

/** The options, or what is wrong with them. */
function readOptions(args: string[]): { rounds: number; help: boolean } | string {
  try {
    const { values } = parseArgs({
      args,
      options: {
        rounds: { type: "string", default: String(DEFAULT_ROUNDS) },
        help: { type: "boolean", default: false },
      },
    });
    const rounds = /^\d+$/.test(values.rounds) ? Number(values.rounds) : NaN;
    if (rounds >= 1 && rounds <= MAX_ROUNDS) return { rounds, help: values.help };
    const range = `a whole number from 1 to ${grouped(MAX_ROUNDS)}`;
    return `Cannot run the demo as '--rounds' must be ${range}: current value is '${values.rounds}'`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
