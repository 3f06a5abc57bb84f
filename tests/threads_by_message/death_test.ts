import "./_without_shared_memory.ts";
import "../threads/death_test.ts";
