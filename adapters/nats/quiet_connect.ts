import {
  connect,
  type NatsConnection,
  NatsConnectionImpl,
  type NodeConnectionOptions,
  setTransportFactory,
} from "@nats-io/transport-node";
import type { Socket } from "node:net";

/** What makes the sockets of a connection, as far as it is used. */
type Dialling = Record<"dial" | "tlsFirst" | "startTLS", (...args: never[]) => Promise<Socket>>;

/**
 * Connects as the client does. A socket that the client gives up, as a server has refused who connects, has
 * no listener left while what was written to it may still fail: on Deno that would end the process.
 */
export async function connectQuietly(options: NodeConnectionOptions): Promise<NatsConnection> {
  if (!("Deno" in globalThis)) return await connect(options);
  const { NodeTransport, nodeResolveHost } = await import(
    "@nats-io/transport-node/lib/node_transport.js"
  );
  setTransportFactory({
    factory: () => keepingListeners(new NodeTransport()),
    dnsResolveFn: nodeResolveHost,
  });
  return await NatsConnectionImpl.connect(options as object);
}

/** Has each socket keep somebody who hears of its errors. */
function keepingListeners<T extends Dialling>(transport: T): T {
  const { dial, tlsFirst, startTLS } = transport as Dialling;
  const keep = (open: Dialling[keyof Dialling]): Dialling[keyof Dialling] => async (...args) =>
    keepListener(await open.apply(transport, args));
  return Object.assign(transport, {
    dial: keep(dial),
    tlsFirst: keep(tlsFirst),
    startTLS: keep(startTLS),
  });
}

function keepListener(socket: Socket): Socket {
  const removeAll = socket.removeAllListeners;
  const ignore = () => {};
  // Who takes all listeners away takes this one, too.
  socket.removeAllListeners = (...events) => {
    removeAll.apply(socket, events);
    return socket.off("error", ignore).on("error", ignore);
  };
  return socket.on("error", ignore);
}
