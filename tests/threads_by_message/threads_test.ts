import "./_without_shared_memory.ts";
import "../threads/threads_test.ts";
