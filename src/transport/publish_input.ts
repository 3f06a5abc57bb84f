import type { PublishOptions } from "../message/contracts.ts";
import { Message } from "../message/message.ts";
import { checkTopic } from "../message/names.ts";
import { checkOptions, type Rules, SIGNAL } from "../options/options.ts";
import { refuse } from "../options/refusal.ts";

const RULES: Rules = { signal: SIGNAL };

/**
 * What `publish` was given, as a list.
 *
 * @throws {TypeError | RangeError} If the topic, a message or an option is malformed.
 */
export function checkInput(
  topic: string,
  messages: Message | readonly Message[],
  options: PublishOptions | undefined,
): readonly Message[] {
  checkTopic("publish", topic);
  if (options !== undefined) checkOptions("publish", options, RULES);
  if (messages instanceof Message) return [messages];
  if (!Array.isArray(messages)) {
    refuse("publish", "messages", "a Message or an array of them", messages);
  }
  for (let index = 0; index < messages.length; index++) {
    const message: unknown = messages[index];
    if (!(message instanceof Message)) {
      refuse("publish", `messages[${index}]`, "a Message", message);
    }
  }
  return messages;
}
