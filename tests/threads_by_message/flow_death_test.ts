import "./_without_shared_memory.ts";
import "../threads/flow_death_test.ts";
