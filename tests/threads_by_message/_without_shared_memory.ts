// Imported before all else: this program has no shared memory then, as a page that is not isolated.
// Node takes some for its own threads when it loads them.
globalThis.process?.getBuiltinModule?.("node:worker_threads");
Reflect.deleteProperty(globalThis, "SharedArrayBuffer");
