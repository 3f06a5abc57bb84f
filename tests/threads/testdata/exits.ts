// A module whose thread ends before it serves.
import { serve } from "../../../src/engines/worker.ts";
import { die } from "./die.ts";

serve(() => die(1));
