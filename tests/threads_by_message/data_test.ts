import "./_without_shared_memory.ts";
import "../threads/data_test.ts";
