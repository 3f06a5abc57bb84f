// Does a pending wait keep the process alive?
const cell = new Int32Array(new SharedArrayBuffer(4));
const wait = Atomics.waitAsync(cell, 0, 0, 200) as { value: Promise<string> };
wait.value.then(() => console.log("works"));
