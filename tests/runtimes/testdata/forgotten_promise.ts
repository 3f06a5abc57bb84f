// Does the process go on when a handler forgets a promise that rejects?
import { MemoryBroker } from "../../../src/memory/mod.ts";
import { Message, silent } from "../../../src/message/mod.ts";
import { rejections, Router } from "../../../src/router/mod.ts";
import { publisher, subscriber } from "../../../src/transport/mod.ts";

const broker = new MemoryBroker();
const out = publisher(broker);
const router = new Router({ logger: silent });
const reported = Promise.withResolvers<void>();
const reasons: string[] = [];
const handled: string[] = [];
const isReported = process.argv[2] === "with";
if (isReported) {
  router.plugin(rejections({
    onRejection: (reason) => {
      console.log(reason);
      if (reasons.push(String(reason)) === 2) reported.resolve();
    },
  }));
}
router.on("forgetful", "in", subscriber(broker), (message) => {
  handled.push(message.text());
  void Promise.reject(`forgotten ${message.text()}`);
});
const ended = router.run();
await router.running;
for (const text of ["a", "b"]) {
  await out.publish("in", new Message(text));
  // The runtime looks for rejections when a turn of the event loop is over.
  await new Promise((resolve) => setTimeout(resolve, 0));
}
if (isReported) await reported.promise;
await router.close();
await ended;
console.log(`handled ${handled.join(", ")}`);
