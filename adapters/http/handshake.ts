import { Refusal, refuse } from "./answer.ts";

/** Origins that may send: DNS names, or `"*"` for all. */
export type AllowedOrigins = readonly string[];

/**
 * Answers the handshake of CloudEvents' webhooks: whether an origin may send. The callback that it may
 * name is not called, because that would let anybody send requests from here.
 */
export function shakeHands({ headers }: Request, origins: AllowedOrigins): Response {
  const origin = headers.get("webhook-request-origin");
  if (origin === null) {
    return refuse(new Refusal(400, "Header 'WebHook-Request-Origin' is missing"));
  }
  const isAllowed = origins.includes("*") || origins.includes(origin.toLowerCase());
  if (!isAllowed) return refuse(new Refusal(403, "Origin may not send webhooks"));
  return new Response(null, {
    status: 200,
    headers: { allow: "POST", "webhook-allowed-origin": origin, "webhook-allowed-rate": "*" },
  });
}
