import { run } from "../_process.ts";
import type { Found } from "./_server.ts";

const POLICY = "/usr/sbin/policy-rc.d";
const REFUSE = "#!/bin/sh\nexit 101\n";
/** Milliseconds that an installation may take. */
const LIMIT = 600_000;

/**
 * Finds a program in one of the given places, and installs its Debian package where that is wanted and
 * can be done.
 */
export async function findPackaged(
  pack: string,
  places: () => readonly string[],
  install: boolean,
): Promise<Found> {
  const program = places().find(isFile);
  if (program !== undefined) return { program };
  if (!install) return { missing: `${pack} is not installed` };
  const failure = await installPackage(pack);
  if (failure !== undefined) return { missing: failure };
  const installed = places().find(isFile);
  return installed === undefined
    ? { missing: `the package ${pack} does not hold ${places().join(" or ")}` }
    : { program: installed };
}

/** Whether there is such a file. */
export function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Installs a package; `undefined` when that succeeded, otherwise why not. */
async function installPackage(pack: string): Promise<string | undefined> {
  if (!isFile("/usr/bin/apt-get")) return `${pack} is not installed, and this is no Debian`;
  if (Deno.uid() !== 0) return `${pack} is not installed, and only root may install it`;
  return await withoutAutostart(async () => {
    const first = await aptInstall(pack);
    if (first === undefined) return undefined;
    // The list of packages may be missing or old.
    await apt("update");
    return await aptInstall(pack);
  });
}

/** The system must not start servers of its own: it asks this script, which says no. */
async function withoutAutostart<T>(work: () => Promise<T>): Promise<T> {
  if (isFile(POLICY)) return await work();
  await Deno.writeTextFile(POLICY, REFUSE, { mode: 0o755 });
  try {
    return await work();
  } finally {
    await Deno.remove(POLICY);
  }
}

function aptInstall(pack: string): Promise<string | undefined> {
  return apt("install", "--yes", "--no-install-recommends", pack);
}

async function apt(...args: string[]): Promise<string | undefined> {
  const command = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120", ...args];
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const { code, output } = await run(command, { env, timeLimit: LIMIT });
  return code === 0 ? undefined : `apt-get ${args[0]} failed: ${output.trim()}`;
}
