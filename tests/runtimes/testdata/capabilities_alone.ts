// The process must end by itself.
import { capabilities } from "../../../src/runtime/capabilities.ts";

console.log(JSON.stringify(await capabilities()));
