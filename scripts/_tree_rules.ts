import { exists, readJson, readText, ROOT } from "./_files.ts";
import { npm, run } from "./_process.ts";

const LOCKS = ["deno.lock", "scripts/tools.lock", "package-lock.json"];

/** Large tools that only scripts use. */
const TOOLS = ["miniflare", "esbuild", "vega", "vega-lite"];

/** Tools in the lock file that every task downloads first. */
export function findToolsInLock(text: string = readText("deno.lock")): string[] {
  return TOOLS.filter((tool) => text.includes(`"npm:${tool}@`)).map((tool) =>
    `deno.lock holds ${tool}: run what uses it with --lock=scripts/tools.lock`
  );
}

/** Places in the lock files that tie them to one registry. */
export function findAddressesInLocks(): string[] {
  return LOCKS.flatMap((lock) => {
    if (!exists(lock)) return [`${lock} is missing`];
    return addressesIn(lock, readText(lock));
  });
}

/** Lines of a lock file with an address to download from. */
export function addressesIn(lock: string, text: string): string[] {
  return text.split("\n").flatMap((line, at) =>
    // Pages to give money on are no place to download from.
    /https?:\/\//.test(line) && !/^\s*"url": /.test(line)
      ? [`${lock}:${at + 1} ${line.trim()}`]
      : []
  );
}

/** Places in the tree that name this machine or a registry. */
export async function findMachineNames(): Promise<string[]> {
  const { stdout } = await run(["git", "ls-files", "-co", "--exclude-standard"]);
  const files = stdout.split("\n").filter((file) => file !== "" && exists(file));
  const patterns = await machinePatterns();
  return files.flatMap((file) => machineNamesIn(file, readText(file), patterns));
}

/** Lines of a file that match one of the patterns. */
export function machineNamesIn(file: string, text: string, patterns: RegExp[]): string[] {
  return text.split("\n").flatMap((line, at) =>
    patterns.some((pattern) => pattern.test(line)) ? [`${file}:${at + 1} ${line.trim()}`] : []
  );
}

/** What must not stand in the tree: this folder, homes of people, hosts of registries. */
export async function machinePatterns(): Promise<RegExp[]> {
  const patterns = [
    pathPattern(ROOT),
    /(?<![\w.])\/(home|Users)\/\w+\//,
    /\bregistry\.npmjs\b|\bnpm\.jsr\b/,
  ];
  const host = await registryHost();
  return host === undefined ? patterns : [...patterns, new RegExp(RegExp.escape(host))];
}

/** Matches an absolute path, but not the same words at the end of a longer one. */
export function pathPattern(path: string): RegExp {
  return new RegExp(`(?:file://|(?<![\\w./@-]))${RegExp.escape(path)}(?![\\w-])`);
}

async function registryHost(): Promise<string | undefined> {
  try {
    const { stdout } = await run(npm("config", "get", "registry"));
    return URL.parse(stdout.trim())?.host;
  } catch {
    // Without npm there is no configured registry whose name could have got into the tree.
    return undefined;
  }
}

/** Tells where the version of the package and the newest heading of the change log differ. */
export function findVersionDrift(): string[] {
  const { version } = readJson("deno.json");
  if (!exists("CHANGELOG.md")) return ["CHANGELOG.md is missing"];
  const newest = newestVersion(readText("CHANGELOG.md"));
  return newest === version
    ? []
    : [`deno.json says ${version}, the newest heading of CHANGELOG.md says ${newest}`];
}

/** The version in the first heading of a change log that has one. */
export function newestVersion(changelog: string): string | undefined {
  return /^##\s+\[?v?(\d+\.\d+\.\d+[\w.-]*)/m.exec(changelog)?.[1];
}
