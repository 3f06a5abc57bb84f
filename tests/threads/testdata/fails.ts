// A module that cannot be loaded.
throw new Error("fails on purpose");
