/**
 * Packages of peers that stand in no lock file: some of what they depend on is not in every registry, and
 * nobody needs it but here.
 *
 * @module
 */
import { exists } from "../../scripts/_files.ts";
import { runNpm } from "../../scripts/_process.ts";
import { folderOf } from "../subjects/package_folder.ts";
import type { Job } from "./schedule.ts";

/** Installs what subjects need into `.runtimes/`; leaves out, aloud, those for which that cannot be done. */
export async function withoutPackages(jobs: Job[]): Promise<Job[]> {
  for (const pack of new Set(jobs.map(({ subject }) => subject.pack))) {
    if (pack === undefined) continue;
    const missing = await install(pack);
    if (missing === undefined) continue;
    console.error(`${pack} is not measured: ${missing}`);
    jobs = jobs.filter(({ subject }) => subject.pack !== pack);
  }
  return jobs;
}

async function install(pack: string): Promise<string | undefined> {
  const folder = folderOf(pack);
  if (exists(`${folder}/node_modules`)) return undefined;
  const flags = ["--no-save", "--no-package-lock", "--ignore-scripts"];
  return await runNpm("install", "--prefix", folder, ...flags, pack);
}
