interface DenoLike {
  permissions: { querySync(descriptor: { name: "env"; variable: string }): { state: string } };
  env: { get(name: string): string | undefined };
}

interface ProcessLike {
  env?: Record<string, string | undefined>;
}

/**
 * Reads an environment variable. It never prompts: what may not be read is `undefined`, as is
 * what is not set, or a runtime without an environment.
 */
export function readEnvironment(name: string): string | undefined {
  const { Deno: deno, process } = globalThis as unknown as {
    Deno?: DenoLike;
    process?: ProcessLike;
  };
  try {
    if (deno?.permissions !== undefined) {
      const { state } = deno.permissions.querySync({ name: "env", variable: name });
      return state === "granted" ? deno.env.get(name) : undefined;
    }
    return process?.env?.[name];
  } catch {
    return undefined;
  }
}
