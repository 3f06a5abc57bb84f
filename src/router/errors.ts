import { show } from "../options/refusal.ts";

/** A router has a handler of this name already. */
export class DuplicateHandlerError extends Error {
  /** The name that is taken. */
  readonly handler: string;

  /** Creates the error from the name that is taken. */
  constructor(handler: string) {
    super(`Cannot add handler ${show(handler)} as the router has one of this name`);
    this.name = "DuplicateHandlerError";
    this.handler = handler;
  }
}
