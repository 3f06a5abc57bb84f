import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import process from "node:process";

const CACHE = `${process.env.HOME ?? ""}/.cache/beat`;
const WORDS = ["-Xmx96m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
const LOGGING = "-Dorg.slf4j.simpleLogger.defaultLogLevel=off";

/** The jars that `deno task services` has fetched; `undefined` where it has not. */
export function findJars(): string | undefined {
  try {
    const folder = readdirSync(CACHE).find((name) => name.startsWith("kafka-"));
    return folder === undefined ? undefined : `${CACHE}/${folder}/libs/*`;
  } catch {
    return undefined;
  }
}

/** Runs a tool of Kafka's own, and resolves with the lines that it writes. */
export function runTool(
  jars: string,
  tool: string,
  args: readonly string[],
  lines: readonly string[] = [],
): Promise<string[]> {
  const words = [...WORDS, LOGGING, "-cp", jars, `org.apache.kafka.tools.${tool}`, ...args];
  const child = spawn("java", words, { stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  child.stdout.on("data", (data) => output += String(data));
  child.stderr.on("data", (data) => errors += String(data));
  child.stdin.end(lines.map((line) => `${line}\n`).join(""));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(output.split("\n").filter((line) => line !== ""));
      else reject(new Error(`${tool} ended with ${code}: ${errors}${output}`));
    });
  });
}
