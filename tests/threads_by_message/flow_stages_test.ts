import "./_without_shared_memory.ts";
import "../threads/flow_stages_test.ts";
