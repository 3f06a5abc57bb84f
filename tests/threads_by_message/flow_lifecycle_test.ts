import "./_without_shared_memory.ts";
import "../threads/flow_lifecycle_test.ts";
