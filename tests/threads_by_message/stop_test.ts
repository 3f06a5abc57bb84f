import "./_without_shared_memory.ts";
import "../threads/stop_test.ts";
