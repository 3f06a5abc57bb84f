/**
 * The servers that subjects need: those that are up are used, the others are started, and ended with
 * the run. Their data is in temporary folders.
 *
 * @module
 */
import { endTestServices, findTestServices } from "../../scripts/_test_services.ts";
import type { Job } from "./schedule.ts";

/** Leaves subjects out, aloud, whose server cannot be had; processes find the others by the environment. */
export async function withoutServers(jobs: Job[]): Promise<Job[]> {
  const needed = new Set(jobs.map(({ subject }) => subject.server));
  for (const name of needed) {
    if (name === undefined) continue;
    const services = await findTestServices([name], true);
    if ("missing" in services) {
      console.error(`${name} is not measured: ${services.missing}`);
      jobs = jobs.filter(({ subject }) => subject.server !== name);
      continue;
    }
    for (const [variable, url] of Object.entries(services.env)) Deno.env.set(variable, url);
  }
  return jobs;
}

/** Ends what {@linkcode withoutServers} has started. */
export const endServers: () => Promise<void> = endTestServices;
