// A thread that loses every tenth delivery, and gives every tenth of the others a wrong hash.
import { serve } from "@beat/beat/worker";
import { textsOf, type ThreadedEvents, wordsOf } from "../../../examples/demo/threads/payload.ts";

serve<ThreadedEvents>((bus, { index }) => {
  bus.on("webhook.received", async ({ id, data }) => {
    if (Number(id) % 10 === 0) return;
    const words = wordsOf(textsOf(JSON.parse(new TextDecoder().decode(data))));
    const result = { digest: "none", words, parsedBy: index, indexedBy: index };
    await bus.enqueue({ type: "webhook.indexed", id: id!, data: result });
  });
  bus.emit("thread.started", index);
});
