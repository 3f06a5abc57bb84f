import { scheduleMacrotask } from "./macrotask.ts";
import { isBrowser, isDeno } from "./runtime_name.ts";

/** What is to be done before a thread ends. */
export interface ExitHooks {
  /** Something was thrown that nobody catches. */
  fault(error: unknown): void;
  /** The thread ends now, and not every runtime tells who has started it. */
  exit(): void;
}

interface ExitEvent {
  error?: unknown;
  reason?: unknown;
  defaultPrevented?: boolean;
}

interface Scope {
  addEventListener?(
    name: string,
    listener: (event: ExitEvent) => void,
  ): void;
  close?(): void;
  WorkerGlobalScope?: unknown;
  process?: { on?(name: "exit", listener: () => void): void };
}

/** Calls hooks when this thread is about to end by itself. */
export function onExit({ fault, exit }: ExitHooks): void {
  const scope = globalThis as unknown as Scope;
  const fail = (error: unknown, { defaultPrevented }: ExitEvent) => {
    fault(error);
    // Everywhere else the thread ends of what nobody catches.
    if (isBrowser() && !defaultPrevented) scope.close!();
  };
  scope.addEventListener?.("error", (event) => fail(event.error, event));
  scope.addEventListener?.("unhandledrejection", (event) => fail(event.reason, event));
  if (isDeno() || isBrowser()) beforeEnd(scope, exit);
}

/** Calls `action` when this thread ends by itself, wherever the runtime tells it so. */
export function atThreadEnd(action: () => void): void {
  const scope = globalThis as unknown as Scope;
  beforeEnd(scope, action);
  if (!isDeno()) {
    scope.process?.on?.("exit", action);
    return;
  }
  // What nobody catches ends a `Worker` of Deno on the spot.
  for (const name of ["error", "unhandledrejection"]) {
    scope.addEventListener?.(name, ({ defaultPrevented }) => {
      if (!defaultPrevented) action();
    });
  }
}

/**
 * Makes it an error that this thread ends by itself, until the function is called that this gives:
 * Deno tells of an error, and neither of `Deno.exit` nor of `close`.
 */
export function failAtEnd(error: Error): () => void {
  let isOver = false;
  if (isDeno()) {
    beforeEnd(globalThis as unknown as Scope, () => {
      if (!isOver) reportError(error);
    });
  }
  return () => {
    isOver = true;
  };
}

function beforeEnd(scope: Scope, action: () => void): void {
  // Deno tells nobody that a `Worker` has left by `Deno.exit`, which comes here, ...
  scope.addEventListener?.("unload", action);
  // ... or by `close`, which does not.
  const close = scope.close?.bind(scope);
  // A page's `close` may be refused, and a page goes on then.
  if (close === undefined || scope.WorkerGlobalScope === undefined) return;
  const end = () => {
    action();
    close();
  };
  // A browser lets what runs come to its end, and so does this.
  scope.close = isDeno() ? end : () => scheduleMacrotask(end);
}
