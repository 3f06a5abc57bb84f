import { isDeno } from "./runtime_name.ts";

/** What is to be done before a thread ends. */
export interface ExitHooks {
  /** Something was thrown that nobody catches. */
  fault(error: unknown): void;
  /** The thread ends now, and not every runtime tells who has started it. */
  exit(): void;
}

interface Scope {
  addEventListener?(
    name: string,
    listener: (event: { error?: unknown; reason?: unknown }) => void,
  ): void;
  close?(): void;
}

/** Calls hooks when this thread is about to end by itself. */
export function onExit({ fault, exit }: ExitHooks): void {
  const scope = globalThis as unknown as Scope;
  scope.addEventListener?.("error", ({ error }) => fault(error));
  scope.addEventListener?.("unhandledrejection", ({ reason }) => fault(reason));
  if (!isDeno()) return;
  // Deno tells nobody that a `Worker` has left by `Deno.exit`, which comes here, ...
  scope.addEventListener?.("unload", exit);
  // ... or by `close`, which does not.
  const close = scope.close?.bind(scope);
  if (close === undefined) return;
  scope.close = () => {
    exit();
    close();
  };
}
