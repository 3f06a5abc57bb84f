// Does the process live while all that it does is wait for a bus, whose threads do not hold it?
import { forAsync } from "../../../mod.ts";

const handlers = new URL("../../threads/testdata/kinds.ts", import.meta.url);
const bus = forAsync({ handlers, threads: 1, driver: "worker_threads" });
await bus.ready;
console.log("ready");
await bus.on("seen", () => {}).ready;
console.log("known");
await bus.close();
console.log("closed");
