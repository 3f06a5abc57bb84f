import { Proxy } from "../../tests/faults/proxy.ts";
import { consume } from "@beat/beat/transport";
import { natsTransport } from "./mod.ts";
const url = Deno.env.get("BEAT_NATS_URL")!;
const p = await Proxy.open(url);
const far = natsTransport({ servers: p.url });
await far.admin.create("zz");
const lost = Promise.withResolvers<void>();
const log = (...a: unknown[]) => console.log(Math.round(performance.now()), ...a);
const c = await consume(far, () => {}, {
  topic: "zz",
  group: "all",
  reconnect: { initialDelay: 60_000, maxDelay: 60_000 },
  onConnection: (e) => {
    log(e.kind, e.cause);
    if (e.kind === "lost") lost.resolve();
  },
});
log("open");
const closing = p.close();
await lost.promise;
log("lost");
await c.close();
log("closed");
await far.close();
log("far closed");
await closing;
log("proxy closed");
Deno.exit();
