// Imported before all else: this program has no shared memory then, as a page that is not isolated.
Reflect.deleteProperty(globalThis, "SharedArrayBuffer");
