import type { Message } from "../../message/message.ts";
import { LATE, type Script } from "./model_world.ts";

/** What a call of a handler tells. */
export interface ScriptHooks {
  /** It has handled a message. */
  done(message: Message): void;
  /** It says itself that a message failed. */
  blamed(message: Message): void;
  /** It has ended. */
  end(): void;
}

/** A call of a handler that does as it is told. */
export function act(script: Script, messages: readonly Message[], hooks: ScriptHooks): unknown {
  const { done, blamed, end } = hooks;
  const succeed = () => {
    for (const message of messages) if (message.state !== "nacked") done(message);
    end();
  };
  const fail = () => {
    end();
    throw new Error("scripted");
  };
  switch (script) {
    case "return":
      return succeed();
    case "resolve":
      return later(120, succeed);
    case "late":
      return later(LATE, succeed);
    case "obey":
      return obey(messages[0]!.signal, succeed, end);
    case "throw":
      return fail();
    case "reject":
      return later(80, fail);
    case "nack":
      for (const message of messages) {
        message.nack({ delay: 300, reason: "scripted" });
        blamed(message);
      }
      return end();
    case "early":
      for (const message of messages) if (message.ack()) done(message);
      return later(60, end);
  }
}

async function later(ms: number, then: () => void): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  then();
}

/** Takes long, but stops with the reason of its signal when it is asked to. */
function obey(signal: AbortSignal, succeed: () => void, end: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      succeed();
      resolve();
    }, LATE);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      end();
      reject(signal.reason);
    });
  });
}
