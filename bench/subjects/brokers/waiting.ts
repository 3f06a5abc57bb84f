/**
 * The memory of a consumer before a long queue, loaded by the process that measures one subject.
 *
 * @module
 */
import { spawn } from "node:child_process";
import process from "node:process";
import { newFile } from "../../../adapters/sql/testdata/servers.ts";
import { consume } from "../../../src/transport/mod.ts";
import type { OwnWork } from "../../harness/types.ts";
import { PREFETCH } from "./client.ts";
import { createTopic, openTransport } from "./ours.ts";
import type { BrokerName } from "./places.ts";

const MIB = 2 ** 20;
/** Messages that wait, where a process measures for a tenth of a second or more. */
const BACKLOG = 1_000_000;
/** Milliseconds of consuming in which the memory is looked at, and between two looks. */
const LOOK = 4_000;
const GLANCE = 20;
const GROUP = "bench";

/**
 * Lets another process fill a topic, then consumes it in the order of keys, and tells what this process
 * has grown by at most.
 */
export function waiting(name: BrokerName): OwnWork {
  return {
    async measure(seconds) {
      const count = Math.round(BACKLOG * Math.min(1, seconds * 10));
      const url = name === "sqlite" ? newFile() : undefined;
      const { transport, close } = await openTransport(name, url);
      const topic = await createTopic({ transport, close });
      const options = { topic, group: GROUP, from: "earliest", prefetch: PREFETCH } as const;
      // Its queue is there before the messages are: what a new one has to catch up with is another matter.
      await (await consume(transport, () => {}, options)).close();
      await filledByAnother(name, topic, count, url);
      const before = process.memoryUsage();
      let handled = 0;
      const consumption = await consume(
        transport,
        (messages) => void (handled += messages.length),
        {
          ...options,
          ordered: { by: "key", scope: "member" },
        },
      );
      let { rss, heapUsed } = before;
      const until = performance.now() + LOOK;
      while (performance.now() < until && handled < count) {
        await new Promise((resolve) => setTimeout(resolve, GLANCE));
        const now = process.memoryUsage();
        rss = Math.max(rss, now.rss);
        heapUsed = Math.max(heapUsed, now.heapUsed);
      }
      if (handled === 0) throw new Error("nothing was handled");
      await consumption.close();
      await transport.admin.remove(topic);
      await close();
      const grown = rss - before.rss;
      return {
        min: grown,
        median: grown,
        beside: { "RSS MiB": rss / MIB, "heap MiB": heapUsed / MIB, "handled k": handled / 1_000 },
      };
    },
  };
}

async function filledByAnother(
  name: BrokerName,
  topic: string,
  count: number,
  url: string | undefined,
): Promise<void> {
  const script = new URL("./fill.ts", import.meta.url).pathname;
  const flags = "Deno" in globalThis
    ? ["run", "-A", "--quiet", "--no-check", "--lock=scripts/tools.lock"]
    : [];
  const words = [name, topic, String(count), ...(url === undefined ? [] : [url])];
  const child = spawn(process.execPath, [...flags, script, ...words], { stdio: "inherit" });
  const code = await new Promise((resolve) => child.on("exit", resolve));
  if (code !== 0) throw new Error(`${topic} could not be filled`);
}
