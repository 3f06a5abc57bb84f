// A module that cannot serve, in a thread that ends of no rejection.
import { serve } from "../../../src/engines/worker.ts";

const { process } = globalThis as { process?: { on?(name: string, hear: () => void): void } };
process?.on?.("unhandledRejection", () => {});
globalThis.addEventListener?.("unhandledrejection", (event) => event.preventDefault());

serve(() => Promise.reject(new RangeError("cannot serve")));
