/** Whether this is workerd, where timers, handlers and streams belong to the request that made them. */
export function isWorkerd(): boolean {
  return globalThis.navigator?.userAgent === "Cloudflare-Workers";
}
