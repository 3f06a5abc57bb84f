/**
 * A thread that people would start by hand, and what carries messages to it.
 *
 * @module
 */
import { startThread } from "../../src/runtime/threads.ts";
import type { Thread } from "../../src/runtime/thread.ts";

/** What carries messages to the thread. */
export type Carrier = "postMessage" | "MessageChannel" | "BroadcastChannel";

/** Sends a message. */
export type Post = (message: unknown, transfer?: ArrayBuffer[]) => void;

/** A started thread. */
export interface PeerThread {
  thread: Thread;
  /** The next message that the thread sends. */
  answer(): Promise<unknown>;
}

/** Asks the thread to listen to a carrier. */
export interface CarrierOrder {
  channel?: MessagePort;
  broadcast?: string;
}

const BROADCAST = "beat.bench";

/** Starts a thread, and waits until it says that it listens. */
export async function startPeer(module: URL): Promise<PeerThread> {
  let hear = (_message: unknown) => {};
  const answer = () => new Promise<unknown>((resolve) => hear = resolve);
  const listens = answer();
  const thread = startThread(module, {
    onMessage: (message) => hear(message),
    onError: (error) => {
      throw error;
    },
    onEnd: () => {},
  });
  await listens;
  return { thread, answer };
}

/** Lets a carrier bring messages to the thread. */
export async function openCarrier(peer: PeerThread, carrier: Carrier): Promise<Post> {
  const { thread } = peer;
  if (carrier === "postMessage") return thread.send;
  const ready = peer.answer();
  if (carrier === "BroadcastChannel") {
    thread.send({ broadcast: BROADCAST });
    await ready;
    const channel = new BroadcastChannel(BROADCAST);
    return (message) => channel.postMessage(message);
  }
  const { port1, port2 } = new MessageChannel();
  thread.send({ channel: port2 }, [port2 as unknown as ArrayBuffer]);
  await ready;
  return (message, transfer = []) => port1.postMessage(message, transfer);
}

/** The side of the thread: calls with each message of the carrier; says whether it was asked to. */
export function listenToCarrier(
  { channel, broadcast }: CarrierOrder,
  onMessage: (message: unknown) => void,
): boolean {
  const carrier = channel ??
    (broadcast === undefined ? undefined : new BroadcastChannel(broadcast));
  if (carrier === undefined) return false;
  carrier.onmessage = ({ data }: MessageEvent) => onMessage(data);
  return true;
}
