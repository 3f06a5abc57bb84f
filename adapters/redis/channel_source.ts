import { Bell, type Host, type Lane, type Source } from "@beat/beat/transport";
import type { BlockingReader } from "./blocking_reader.ts";
import type { Connection } from "./connection.ts";
import { readEnvelope } from "./envelope.ts";

/** What the source of a channel is made of. */
export interface ChannelPlan {
  readonly topic: string;
  readonly channel: string;
  readonly connection: Connection;
  readonly reader: BlockingReader;
  readonly host: Host;
  /** Milliseconds after which the server has to say that it is still there. */
  readonly block: number;
}

/**
 * Where a subscriber of a channel has its deliveries from: the server pushes them. It has the server wait
 * when there is no room: what that cannot keep for us it drops with the connection.
 */
export async function openChannel(plan: ChannelPlan): Promise<Source> {
  const { topic, channel, connection, reader, host, block } = plan;
  const { client } = connection;
  const lane: Lane = { name: "", fenced: false };
  const bell = new Bell();
  /** What came before the server waited. */
  const waiting: Uint8Array[] = [];
  let isFull = false;
  let isReading = false;
  let count = 0;

  const admit = (message: Uint8Array) => {
    const rec = readEnvelope(message, `${topic}//${++count}`);
    const waits = host.admit({ rec, token: undefined, lane, count: 1 });
    if (waits === undefined) return;
    isFull = true;
    // An answer that nobody hears would be taken for none.
    if (isReading) void reader.interrupt();
    else client.stream?.pause();
    void waits.then(() => {
      isFull = false;
      while (waiting.length > 0 && !isFull) admit(waiting.shift()!);
      if (isFull) return;
      client.stream?.resume();
      bell.ring();
    });
  };
  client.on("messageBuffer", (_channel: Uint8Array, message: Uint8Array) => {
    if (isFull) waiting.push(message);
    else admit(message);
  });
  await connection.call("SUBSCRIBE", channel);

  return {
    /** Nothing comes by this way; it notices when the server does not answer any more. */
    async fetch(_room, _paused, signal) {
      if (isFull) await bell.wait(bell.rings, block, signal);
      if (isFull) return [];
      isReading = true;
      try {
        await reader.read(["XREAD", "BLOCK", block, "STREAMS", `{${channel}}:idle`, "$"], signal);
      } finally {
        isReading = false;
        if (isFull) client.stream?.pause();
      }
      return [];
    },

    ack: () => Promise.resolve(),
    close: () => reader.close(),
  };
}
