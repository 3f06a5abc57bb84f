import { execFile, spawn } from "node:child_process";
import { Buffer } from "node:buffer";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** A message as Watermill has read it. */
export interface PeerMessage {
  readonly uuid: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly payload: Uint8Array;
}

const SOURCE = fileURLToPath(new URL("./watermill", import.meta.url));
const FOLDER = fileURLToPath(new URL("../../.runtimes/interop", import.meta.url));
const PROGRAM = `${FOLDER}/watermill-peer`;
/** Where Go usually is, whether or not the shell finds it. */
const GO = ["/usr/local/go/bin/go", "/usr/bin/go"].find((path) => existsSync(path)) ?? "go";
const run = promisify(execFile);

/** Whether Go is here. */
export async function hasGo(): Promise<boolean> {
  return await run(GO, ["version"]).then(() => true, () => false);
}

/** Builds the program; what was built before is used as far as nothing has changed. */
export async function buildPeer(): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  await run(GO, ["build", "-buildvcs=false", "-o", PROGRAM, "."], { cwd: SOURCE });
}

/** Has Watermill publish `count` messages. */
export async function publishAsGo(
  broker: string,
  url: string,
  topic: string,
  count: number,
): Promise<void> {
  await run(PROGRAM, [broker, "publish", url, topic, String(count)], { timeout: 60_000 });
}

/** Has Watermill consume; `ready` resolves when it has subscribed, `messages` when it has `count`. */
export function consumeAsGo(
  broker: string,
  url: string,
  topic: string,
  count: number,
): { ready: Promise<void>; messages: Promise<PeerMessage[]> } {
  const child = spawn(PROGRAM, [broker, "consume", url, topic, String(count)], {
    stdio: ["ignore", "pipe", "pipe"],
    env: process.env,
  });
  const ready = Promise.withResolvers<void>();
  const messages: PeerMessage[] = [];
  let stderr = "";
  child.stderr.on("data", (data) => stderr += data);
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line === "ready") return ready.resolve();
    const { uuid, metadata, payload } = JSON.parse(line);
    messages.push({ uuid, metadata, payload: new Uint8Array(Buffer.from(payload, "base64")) });
  });
  const ended = new Promise<PeerMessage[]>((resolve, reject) => {
    child.on("close", (code) => {
      const error = new Error(`Watermill ended with ${code}: ${stderr}`);
      ready.reject(error);
      if (code === 0) resolve(messages);
      else reject(error);
    });
  });
  // Whoever waits for one of them hears of a failure there.
  ready.promise.catch(() => {});
  ended.catch(() => {});
  return { ready: ready.promise, messages: ended };
}
