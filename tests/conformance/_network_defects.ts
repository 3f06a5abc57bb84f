import { network, onSend, onSource, onSpec } from "./_broken.ts";
import type { Defects } from "./_defects.ts";
import { override } from "../../src/testing/probes.ts";

/** Defects of coming back. */
export const NETWORK_DEFECTS: Defects = {
  "reconnect: a broker that restarts under load loses nothing that it confirmed": [{
    defect: "confirms what it could not send",
    make: () =>
      network(onSend(async (sink, lane, items) => {
        try {
          return await sink.send(lane, items);
        } catch {
          return items.map(() => undefined);
        }
      })),
    says: /was confirmed and never came/,
  }],
  "reconnect: a broker that is down at the start is waited for": [{
    defect: "takes a broker that is down for a mistake of the user",
    make: () =>
      network((transport) =>
        override(transport, {
          async source(spec, host) {
            try {
              return await transport.source(spec, host);
            } catch (cause) {
              throw new TypeError("There is no such broker", { cause });
            }
          },
        })
      ),
    says: /There is no such broker/,
  }],
  "reconnect: a restart while nothing happens goes unnoticed by who consumes": [{
    defect: "waits for ever on a connection that was cut",
    make: () =>
      network(onSource((source) => ({
        fetch: (...args) => source.fetch!(...args).catch(() => new Promise(() => {})),
      }))),
    says: /What was published after the restart did not come/,
  }],
  "reconnect: a restart while a message is handled neither loses it nor what waits behind it": [{
    defect: "begins at the end when it comes back",
    make: () => {
      let generation = 0;
      return network(onSpec((spec) => ({ ...spec, group: `all-${generation++}`, from: "latest" })));
    },
    says: /did not come|never came/,
  }],
  "reconnect: a connection that is open by half is noticed, and made anew": [{
    defect: "has no heartbeat",
    make: () => ({ ...network(), freezeNetwork: async () => await (() => Promise.resolve()) }),
    says: /The loss of the connection was not noticed/,
  }],
};
