import type { HealthReporter } from "../../src/transport/capabilities.ts";
import type { Transport } from "../../src/transport/port.ts";
import { override } from "../../src/testing/probes.ts";
import {
  deliversNothing,
  network,
  onFetch,
  onSend,
  onSource,
  onSpec,
  same,
  underTwoNames,
} from "./_broken.ts";
import type { Defects } from "./_defects.ts";
import { failingWith, onPublisher } from "./_faces.ts";

/** Defects of coming back. */
export const NETWORK_DEFECTS: Defects = {
  "reconnect: a broker that restarts under load loses nothing that it confirmed": [
    {
      defect: "confirms what it could not send",
      make: () =>
        network(onSend(async (sink, lane, items) => {
          try {
            return await sink.send(lane, items);
          } catch {
            return items.map(() => undefined);
          }
        })),
      says: /confirmed messages never came, '.*' first/,
      waits: true,
    },
    {
      defect: "delivers everything twice, under two names",
      make: () => network(onFetch(underTwoNames)),
      says: /came and nobody published it/,
    },
  ],
  "reconnect: a broker that is down at the start is waited for": [
    {
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
    },
    {
      defect: "finds its broker whether it is there or not",
      make: () =>
        network((transport) =>
          override<Transport & Partial<HealthReporter>>(transport, {
            health: () => Promise.resolve({ ok: true, latencyMs: 1 }),
          })
        ),
      says: /A broker that is down must not be said to be there/,
    },
  ],
  "reconnect: a restart while a message is handled neither loses it nor what waits behind it": [
    {
      defect: "begins at the end when it comes back",
      make: () => {
        let generation = 0;
        return network(
          onSpec((spec) => ({ ...spec, group: `all-${generation++}`, from: "latest" })),
        );
      },
      says: /did not come|never came/,
      waits: true,
    },
    {
      defect: "delivers nothing",
      make: () => network(deliversNothing),
      says: /The call of the handler did not happen/,
      waits: true,
    },
  ],
  "reconnect: a connection that is open by half is noticed, and made anew": [
    {
      defect: "has no heartbeat",
      make: () => ({ ...network(), freezeNetwork: async () => await (() => Promise.resolve()) }),
      says: /The loss of the connection was not noticed/,
      waits: true,
    },
  ],
  "reconnect: a restart while nothing happens goes unnoticed by who consumes, and holds up no close":
    [
      {
        defect: "waits on a connection that was cut until it is closed",
        make: () =>
          network(onSource((source) => ({
            fetch: (room, paused, signal) =>
              source.fetch!(room, paused, signal).catch(() =>
                new Promise((resolve) => {
                  if (signal.aborted) resolve([]);
                  else signal.addEventListener("abort", () => resolve([]));
                })
              ),
          }))),
        says: /What was published after the restart did not come/,
        waits: true,
      },
      {
        defect: "waits with its end for the broker",
        make: () =>
          network((transport) => override(transport, { close: () => new Promise(() => {}) })),
        says: /Closing while the broker is down did not happen/,
        waits: true,
      },
      {
        defect: "goes on publishing though it was closed while the broker was down",
        make: () => network(same, onPublisher(() => ({ close: () => Promise.resolve() }))),
        says: /Publishing after a close while the broker was down must fail: it did not/,
      },
      {
        defect: "forgets that it was closed while the broker was down",
        make: () => network(same, failingWith(() => new Error("The connection was reset"))),
        says: /must fail with a ClosedError: Error: The connection was reset/,
      },
    ],
};
