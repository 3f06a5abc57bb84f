import "./_without_shared_memory.ts";
import "../threads/start_test.ts";
