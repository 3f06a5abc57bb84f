import type { Transport } from "../transport/port.ts";

/** An object with some members replaced; all others are those of the object itself. */
export function override<T extends object>(object: T, changes: Partial<T>): T {
  return new Proxy(object, {
    get(target, name) {
      if (Object.hasOwn(changes, name)) return changes[name as keyof T];
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** A transport that may not be used, and counts how often its broker was asked. */
export function untouchable(transport: Transport): { transport: Transport; calls: () => number } {
  let calls = 0;
  const refuse = () => {
    calls++;
    return Promise.reject(new TypeError("Nobody should have called it"));
  };
  return {
    calls: () => calls,
    transport: override(transport, {
      source: refuse,
      sink: () => override(transport.sink(), { send: refuse }),
      peek: refuse,
      ...(transport.admin && { admin: withEach(transport.admin, refuse) }),
    }),
  };
}

/** An object whose functions are all the same one. */
function withEach<T extends object>(object: T, call: () => Promise<never>): T {
  return new Proxy(object, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? call : value;
    },
  });
}

/** A signal that tells how many listeners it has. */
export function countingListeners(): { signal: AbortSignal; listeners: () => number } {
  const { signal } = new AbortController();
  const listening = new Set<unknown>();
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listening.add(args[1]);
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listening.delete(args[1]);
    removeEventListener.apply(signal, args);
  };
  return { signal, listeners: () => listening.size };
}
