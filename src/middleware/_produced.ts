import type { Produced } from "../message/handler.ts";
import { Message } from "../message/message.ts";

/** What a handler produced, as an array; empty if nothing. */
export function producedBy(produced: Produced): readonly Message[] {
  if (produced === undefined) return [];
  return produced instanceof Message ? [produced] : produced as readonly Message[];
}

/** What several calls produced, as if one had; nothing is copied where one of them gave nothing. */
export function joinProduced(one: Produced, other: Produced): Produced {
  if (one === undefined) return other;
  if (other === undefined) return one;
  return [...producedBy(one), ...producedBy(other)];
}
