import "./_without_shared_memory.ts";
import "../threads/flow_model_test.ts";
