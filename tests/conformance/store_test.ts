import { memoryStore } from "@beat/beat/middleware";
import { describe } from "@std/testing/bdd";
import { testStore } from "../_stores/contract.ts";

describe("memoryStore()", () => {
  testStore((test) => () => {
    const store = memoryStore();
    return test([store, store, store]);
  });
});
