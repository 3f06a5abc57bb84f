/** What `outcome` resolves with, or nothing if it rejects or takes longer than `limit` ms. */
export async function within<T>(limit: number, outcome: T | Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limit);
  });
  try {
    return await Promise.race([outcome, timeout]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
