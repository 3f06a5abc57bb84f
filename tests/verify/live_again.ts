/**
 * How long after its server a transport is live again: it can publish, and gets what is published. The
 * consumer connects again as it does unless it is told otherwise.
 *
 * ```sh
 * deno run -A --lock=scripts/tools.lock tests/verify/live_again.ts --broker redis --away 5 --times 3
 * ```
 *
 * `--broker redis,nats` (all), `--away N` seconds that the server is down (0), `--times N` (3).
 *
 * @module
 */
import { parseArgs } from "node:util";
import { findServer, kill, up } from "../../scripts/_services.ts";
import { faultsOfRestart } from "../faults/restart.ts";
import { BROKERS, connect } from "../soak/brokers.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    broker: { type: "string", default: BROKERS.join(",") },
    away: { type: "string", default: "0" },
    times: { type: "string", default: "3" },
  },
});

let isFaulty = false;
for (const name of values.broker.split(",")) {
  const server = findServer(name);
  const service = await up(server, true);
  if ("missing" in service) {
    console.log(`${name}: skipped, ${service.missing}`);
    continue;
  }
  for (let time = 0; time < Number(values.times); time++) {
    const { transport, config, close } = await connect(name, service.url);
    const topic = `live.${crypto.randomUUID()}`;
    await transport.admin.create(topic, config);
    const restart = async () => {
      await kill(server);
      await new Promise((resolve) => setTimeout(resolve, 1_000 * Number(values.away)));
      await up(server, false);
    };
    const faults = await faultsOfRestart({ transport, topic, restart, reconnect: {} });
    for (const fault of faults) console.error(`${name}: ${fault}`);
    isFaulty ||= faults.length > 0;
    await transport.admin.remove(topic);
    await close();
  }
}
Deno.exit(isFaulty ? 1 : 0);
