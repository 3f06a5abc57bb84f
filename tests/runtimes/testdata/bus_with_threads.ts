// Does the process live as long as a bus with threads has something to do, and no longer?
import { forAsync } from "../../../mod.ts";

const handlers = new URL("../../threads/testdata/kinds.ts", import.meta.url);
const bus = forAsync({
  handlers,
  threads: 1,
  driver: "worker_threads",
  keepAlive: process.argv[2] === "kept",
});
let answers = 0;
bus.on("seen", () => answers++);
for (let i = 0; i < 20; i++) bus.emit("after promise", i);
process.on("exit", () => console.log(answers));
if (process.argv[2] === "kept") {
  while (bus.stats().depth > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  // Nothing but the bus holds the process from here on.
  setTimeout(() => {
    console.log("lives");
    void bus.close();
  }, 100).unref();
}
