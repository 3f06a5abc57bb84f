export interface Upper {
  name: string;
}

export async function loadLower(): Promise<unknown> {
  return await import("./lower.ts");
}
