// A module whose thread ends before it is told to serve.
import { serve } from "../../../src/engines/worker.ts";
import { die } from "./die.ts";

serve(() => {});
void die(1);
