import "./_without_shared_memory.ts";
import "../threads/delivery_test.ts";
