// For bundlers that look for this very line, and put the file that comes out in its place.
import { run } from "./app.ts";

void run(() => new Worker(new URL("./handlers.ts", import.meta.url), { type: "module" }));
