import "./_without_shared_memory.ts";
import "../threads/overflow_test.ts";
