// The same, where the module itself waits: export makes it a module with top-level await.
export {};
const cell = new Int32Array(new SharedArrayBuffer(4));
const wait = Atomics.waitAsync(cell, 0, 0, 200) as { value: Promise<string> };
await wait.value;
console.log("works");
