// A handle that the event loop counts is held while the wait is pending.
const cell = new Int32Array(new SharedArrayBuffer(4));
const wait = Atomics.waitAsync(cell, 0, 0, 200) as { value: Promise<string> };
const handle = setInterval(() => {}, 2 ** 30);
wait.value.then(() => {
  clearInterval(handle);
  console.log("works");
});
