import "./_without_shared_memory.ts";
import "../threads/flow_batches_test.ts";
