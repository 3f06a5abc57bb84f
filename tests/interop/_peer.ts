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

/** Builds the program, where Go is: false where it is not, and need not be. */
export async function preparePeer(): Promise<boolean> {
  const hasGo = await run(GO, ["version"]).then(() => true, () => false);
  if (!hasGo && process.env.BEAT_REQUIRE_SERVICES === "1") throw new Error("Go is not installed");
  if (!hasGo) return false;
  await mkdir(FOLDER, { recursive: true });
  // What was built before is used as far as nothing has changed.
  await run(GO, ["build", "-buildvcs=false", "-o", PROGRAM, "."], { cwd: SOURCE });
  return true;
}

/** The payload of a message, on both sides: text, and bytes that are none. */
export function payloadOf(at: number): Uint8Array {
  return Uint8Array.from([...new TextEncoder().encode(`ü ${at}`), 0, 255]);
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

/**
 * Has Watermill consume; `ready` resolves when it has subscribed, over HTTP with the URL to post to,
 * `messages` when it has `count`.
 */
export function consumeAsGo(
  broker: string,
  url: string,
  topic: string,
  count: number,
): { ready: Promise<string>; messages: Promise<PeerMessage[]> } {
  const child = spawn(PROGRAM, [broker, "consume", url, topic, String(count)], {
    stdio: ["ignore", "pipe", "pipe"],
    env: process.env,
  });
  const ready = Promise.withResolvers<string>();
  const messages: PeerMessage[] = [];
  let stderr = "";
  child.stderr.on("data", (data) => stderr += data);
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line.startsWith("ready")) return ready.resolve(line.slice("ready ".length));
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
