/**
 * What the results file says about the machine.
 *
 * @module
 */
import type { Runtime } from "./runtimes.ts";

/** The machine and the programs on it. */
export interface Machine {
  os: string;
  cpu: string;
  cores: number;
  threads: number;
}

/** Reads what the system says; where it says nothing, a core is taken to have one thread. */
export async function describeMachine(): Promise<Machine> {
  const threads = navigator.hardwareConcurrency;
  const { os } = Deno.build;
  if (os === "linux") return { os, threads, ...await readProc(threads) };
  if (os === "darwin") {
    const [cpu, cores] = (await ask(["sysctl", "-n", "machdep.cpu.brand_string", "hw.physicalcpu"]))
      .split("\n");
    return { os, threads, cpu: cpu || "unknown", cores: Number(cores) || threads };
  }
  return { os, threads, cpu: Deno.env.get("PROCESSOR_IDENTIFIER") ?? "unknown", cores: threads };
}

async function readProc(threads: number): Promise<{ cpu: string; cores: number }> {
  const text = await Deno.readTextFile("/proc/cpuinfo").catch(() => "");
  const value = (block: string, key: string) =>
    new RegExp(`^${key}\\s*: (.*)$`, "m").exec(block)?.[1];
  const blocks = text.trim().split("\n\n");
  const cores = new Set(
    blocks.map((block) => `${value(block, "physical id")}/${value(block, "core id")}`),
  );
  const known = value(blocks[0]!, "core id") !== undefined;
  return {
    cpu: value(blocks[0]!, "model name") ?? Deno.build.arch,
    cores: known ? cores.size : threads,
  };
}

async function ask([program, ...args]: string[]): Promise<string> {
  try {
    const { stdout } = await new Deno.Command(program!, { args }).output();
    return new TextDecoder().decode(stdout).trim();
  } catch {
    return "";
  }
}

/** The versions of the runtimes, for the head of the report. */
export function versionsOf(runtimes: Runtime[]): Record<string, string> {
  return Object.fromEntries(runtimes.map(({ name, version }) => [name, version]));
}
