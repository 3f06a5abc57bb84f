// What every thread does: hash and parse what comes, index what belongs to its repositories.
import { createHash } from "node:crypto";
import process from "node:process";
import { serve } from "@beat/beat/worker";
import { repositoryOf, textsOf, type ThreadedEvents, wordsOf } from "./payload.ts";

serve<ThreadedEvents>((bus, { index }) => {
  bus.on("webhook.received", async ({ id, data, metadata }) => {
    const digest = createHash("sha256").update(data).digest("hex");
    // As a fault of native code or a lack of memory would: nobody is asked, nothing is caught.
    if (metadata?.kills === "true") process.exit(1);
    const payload = JSON.parse(new TextDecoder().decode(data));
    await bus.enqueue({
      type: "webhook.parsed",
      id: id!,
      key: repositoryOf(payload),
      data: { digest, texts: textsOf(payload), thread: index },
    });
  });

  bus.on("webhook.parsed", async ({ id, data: { digest, texts, thread } }) => {
    const data = { digest, words: wordsOf(texts), parsedBy: thread, indexedBy: index };
    await bus.enqueue({ type: "webhook.indexed", id: id!, data });
  });

  bus.emit("thread.started", index);
});
