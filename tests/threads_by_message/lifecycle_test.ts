import "./_without_shared_memory.ts";
import "../threads/lifecycle_test.ts";
