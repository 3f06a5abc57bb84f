import type { Message } from "@beat/beat/message";
import type { StandardSchema } from "@beat/beat/middleware";

/** What the flow needs of a payload of GitHub. */
export interface Payload {
  action?: string;
  repository?: { full_name: string };
  sender?: { login: string };
}

/** What a person should look at now. */
const URGENT = /alert|advisory|vulnerability/;

/** A payload is an object that says who did it; written by hand, as it would be with Zod or Valibot. */
export const payloadSchema: StandardSchema<unknown, Payload> = {
  "~standard": {
    version: 1,
    vendor: "demo",
    validate(value) {
      const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
      if (isObject) return { value: value as Payload };
      return { issues: [{ message: "expected an object" }] };
    },
  },
};

/** Whose events keep their order: those of one repository. */
export function repositoryOf(message: Message): string {
  return message.json<Payload>().repository?.full_name ?? "";
}

/** Whether somebody should look at it now. */
export function isUrgent(event: string): boolean {
  return URGENT.test(event);
}
