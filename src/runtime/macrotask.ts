type Callback = () => void;

declare const setImmediate: ((callback: Callback) => unknown) | undefined;

/**
 * Calls `callback` after the event loop has had a turn: timers, I/O and rendering go first.
 * `setImmediate` where there is one; in browsers a message, as nested timers wait 4 ms there.
 */
export const scheduleMacrotask: (callback: Callback) => void = choose();

function choose(): (callback: Callback) => void {
  if (typeof setImmediate === "function") return (callback) => void setImmediate!(callback);
  if (typeof MessageChannel === "function") return messages();
  return (callback) => void setTimeout(callback, 0);
}

function messages(): (callback: Callback) => void {
  const { port1, port2 } = new MessageChannel();
  const waiting: Callback[] = [];
  // One message, one callback: what throws takes no other with it.
  port1.onmessage = () => waiting.shift()?.();
  return (callback) => {
    // First, as it throws where the stack ends: nobody would call for what had been kept.
    port2.postMessage(0);
    waiting.push(callback);
  };
}
