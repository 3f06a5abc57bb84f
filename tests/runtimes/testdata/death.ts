// What the one that has started a thread hears of its death, as Beat's drivers tell it.
import { startThread } from "../../../src/runtime/threads.ts";
import type { Driver } from "../../../src/runtime/thread.ts";

const [kind, cause] = process.argv.slice(2);
if (kind === "web" && typeof Worker !== "function") {
  console.log("is missing");
  process.exit();
}
const driver: Driver = kind === "web" ? "web-worker" : "worker_threads";
const module = new URL(cause === "import" ? "./nowhere.ts" : "./_dying.ts", import.meta.url);
// Only Node keeps a thread within a limit: elsewhere it would take all that the machine has.
const isLimited = cause === "memory";
if (isLimited && ("bun" in process.versions || "deno" in process.versions)) {
  console.log("is missing");
  process.exit();
}
const heard = new Set<string>();
const thread = startThread(isLimited ? startLimited : module, {
  onMessage: () => thread.send(cause),
  onError: () => heard.add("error"),
  onEnd: () => {
    heard.add("end");
    finish();
  },
}, driver);
const timer = setTimeout(finish, 2_000);

function startLimited(): unknown {
  const { Worker: NodeWorker } = process.getBuiltinModule("node:worker_threads");
  return new NodeWorker(module, { resourceLimits: { maxOldGenerationSizeMb: 16 } });
}

function finish(): void {
  clearTimeout(timer);
  console.log([...heard].join(", ") || "nothing");
  process.exit();
}
