// For bundlers that leave URLs alone: `handlers.ts` is an entry of its own, this is its output.
import { run } from "./app.ts";

await run(new URL("./handlers.js", import.meta.url));
