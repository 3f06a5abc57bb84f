/**
 * An adapter whose records are looked at as they come from the broker, before the engine has them.
 *
 * @module
 */
import type { Delivery, Host, Source, Transport } from "../../../src/transport/mod.ts";
import type { Client } from "./client.ts";
import { openOurs } from "./ours.ts";
import type { BrokerName } from "./places.ts";

const arrived = new WeakMap<Uint8Array, number>();

/** When the record came whose payload this is, by `performance.now()`. */
export function arrivedAt(payload: Uint8Array): number {
  return arrived.get(payload)!;
}

/** A topic through an adapter that is looked at. */
export function openArriving(name: BrokerName): Promise<Client> {
  return openOurs(name, "engine", watched);
}

function watched(transport: Transport): Transport {
  const note = ({ rec }: Delivery) => void arrived.set(rec.payload, performance.now());
  const { name, traits } = transport;
  return {
    name,
    traits,
    sink: () => transport.sink(),
    close: () => transport.close(),
    async source(spec, host) {
      const near: Host = {
        ...forwarded(host),
        admit(delivery) {
          note(delivery);
          return host.admit(delivery);
        },
      };
      const source = await transport.source(spec, near);
      const fetch: Source["fetch"] = async (room, paused, signal) => {
        const deliveries = await source.fetch!(room, paused, signal);
        deliveries.forEach(note);
        return deliveries;
      };
      return new Proxy(source, {
        get(target, key) {
          if (key === "fetch" && target.fetch !== undefined) return fetch;
          const value = Reflect.get(target, key, target);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    },
  };
}

function forwarded(host: Host): Host {
  return {
    admit: (delivery) => host.admit(delivery),
    offer: (delivery) => host.offer(delivery),
    revoke: (lane, within) => host.revoke(lane, within),
    lost: (lane, cause) => host.lost(lane, cause),
    end: () => host.end(),
    event: (event) => host.event(event),
  };
}
