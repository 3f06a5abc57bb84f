import * as esbuild from "npm:esbuild@0.28.2";
import { Miniflare } from "npm:miniflare@4.20260730.0";

const COMPATIBILITY_DATE = "2026-07-01";

/** Bundles a module as its users would, and starts it as a worker of workerd; who starts it disposes of it. */
export async function startWorker(
  entry: URL,
  bindings: Record<string, string> = {},
): Promise<Miniflare> {
  const { outputFiles } = await esbuild.build({
    entryPoints: [entry.pathname],
    bundle: true,
    write: false,
    format: "esm",
    target: "esnext",
    platform: "browser",
    conditions: ["workerd", "worker"],
    external: ["node:*"],
    logLevel: "silent",
  });
  await esbuild.stop();
  return new Miniflare({
    modules: [{ type: "ESModule", path: "worker.js", contents: outputFiles[0]!.text }],
    compatibilityDate: COMPATIBILITY_DATE,
    compatibilityFlags: ["nodejs_compat"],
    bindings,
    handleRuntimeStdio: () => {},
  });
}
