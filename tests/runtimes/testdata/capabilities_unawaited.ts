// Nobody waits for the answer, and it comes all the same.
import { capabilities } from "../../../src/runtime/capabilities.ts";

capabilities().then((found) => console.log(JSON.stringify(found)));
