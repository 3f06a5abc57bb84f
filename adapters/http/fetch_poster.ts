import type { Endpoint } from "./endpoint.ts";
import { type Answer, Beginning, MAX_ANSWER, type Poster } from "./poster.ts";

/**
 * Posts by `fetch`, where there are no sockets: the platform resolves the name, so that only what the
 * URL says can be checked.
 */
export function fetchPoster({ origin }: Endpoint): Poster {
  return {
    async post({ target, headers, body }, _attempt, signal): Promise<Answer> {
      const response = await fetch(origin + target, {
        method: "POST",
        headers,
        body: body as Uint8Array<ArrayBuffer>,
        redirect: "manual",
        signal,
      });
      const { status, headers: answered } = response;
      const beginning = await drain(response);
      return { status, retryAfter: answered.get("retry-after") ?? undefined, beginning };
    },
    close() {},
  };
}

/** Reads what the platform needs to use the connection again; the answer's status is known already. */
async function drain({ body }: Response): Promise<Beginning> {
  const beginning = new Beginning();
  const reader = body?.getReader();
  if (reader === undefined) return beginning;
  let size = 0;
  try {
    while (size <= MAX_ANSWER) {
      const { done, value } = await reader.read();
      if (done) return beginning;
      beginning.add(value);
      size += value.length;
    }
    await reader.cancel();
  } catch {
    // A body that breaks off takes nothing from the answer.
  }
  return beginning;
}
