import { Miniflare } from "npm:miniflare@4.20260730.0";
import { bundleTests } from "./_bundle.ts";
import type { Collected } from "./_collected.ts";

const COMPATIBILITY_DATE = "2026-07-01";

// Timers and I/O are forbidden at global scope, so the tests run inside a request.
const START = `
export default {
  async fetch() {
    return Response.json(await runCollected());
  },
};`;

/** Runs the tests of the given files in workerd. */
export async function runInWorkerd(files: string[]): Promise<Collected[]> {
  const contents = await bundleTests(files, {
    conditions: ["workerd", "worker"],
    external: ["node:*", "cloudflare:*"],
    start: START,
  });
  const miniflare = new Miniflare({
    modules: [{ type: "ESModule", path: "tests.js", contents }],
    compatibilityDate: COMPATIBILITY_DATE,
    compatibilityFlags: ["nodejs_compat"],
  });
  try {
    const response = await miniflare.dispatchFetch("http://localhost/");
    if (!response.ok) {
      throw new Error(`workerd answered ${response.status}: ${await response.text()}`);
    }
    return await response.json() as Collected[];
  } finally {
    await miniflare.dispose();
  }
}
