// A thread whose program is a data: URL, and imports a module by the URL of a file.
import { startThread } from "./_threads.ts";

const module = new URL("./_answer.ts", import.meta.url);
const thread = startThread(`import("${module}").then(({ answer }) => port.postMessage(answer));`);
thread.onMessage((data) => {
  console.log(data === 42 ? "works" : "answers something else");
  thread.terminate();
});
thread.onEnd(() => {});
