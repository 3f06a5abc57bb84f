import { exists, ROOT_URL, toPath } from "./_files.ts";
import { runNpm } from "./_process.ts";

/** Every runtime that the tests know; Deno is the one that runs this script. */
export type RuntimeName = "deno" | "bun" | "node22" | "node24" | "node26" | "workerd" | "chromium";

/** The runtimes that come as a program in an npm package, and their versions. */
const PINS = {
  bun: "1.4.4",
  node22: "22.23.3",
  node24: "24.21.0",
  node26: "26.10.0",
} as const;

/** A runtime that is installed into `.runtimes/`. */
export type PinnedRuntime = keyof typeof PINS;

/** What `deno task test` runs without being asked. */
export const DEFAULT_RUNTIMES: RuntimeName[] = ["deno", "bun", "node24", "workerd"];

/** What `deno task test --all` runs. */
export const ALL_RUNTIMES: RuntimeName[] = [
  "deno",
  "bun",
  "node22",
  "node24",
  "node26",
  "workerd",
  "chromium",
];

/** Either where a runtime's program stands, or why there is none. */
export type Located = { program: string } | { missing: string };

/** Tells whether the runtime is one that is installed from npm. */
export function isPinned(name: string): name is PinnedRuntime {
  return Object.hasOwn(PINS, name);
}

/** Finds the program of a runtime in `.runtimes/`, installing it first when that is wanted. */
export async function locate(name: PinnedRuntime, install: boolean): Promise<Located> {
  const version = PINS[name];
  const pack = packageOf(name);
  const folder = `.runtimes/${name}-${version}`;
  const program = `${folder}/node_modules/${pack}/bin/${programOf(name)}`;
  if (!exists(program)) {
    if (!install) return { missing: `not in .runtimes/ and --no-install was given` };
    const failure = await runNpm(
      "install",
      "--prefix",
      folder,
      "--no-save",
      "--no-package-lock",
      "--ignore-scripts",
      `${pack}@${version}`,
    );
    if (failure !== undefined) return { missing: failure };
  }
  return { program: toPath(new URL(program, ROOT_URL)) };
}

function packageOf(name: PinnedRuntime): string {
  const { os, arch } = Deno.build;
  if (name === "bun") return `@oven/bun-${os}-${arch === "x86_64" ? "x64" : "aarch64"}`;
  const platform = os === "windows" ? "win" : os;
  return `node-${platform}-${arch === "x86_64" ? "x64" : "arm64"}`;
}

function programOf(name: PinnedRuntime): string {
  const program = name === "bun" ? "bun" : "node";
  return Deno.build.os === "windows" ? `${program}.exe` : program;
}
