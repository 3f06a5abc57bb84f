import { PublishError } from "../../message/errors.ts";
import { Outlet } from "../outlet.ts";
import { ScriptedSink } from "./scripted_sink.ts";

/** An outlet over a scripted sink. */
export function open(capacity = 1_000): { sink: ScriptedSink; outlet: Outlet } {
  const sink = new ScriptedSink();
  return { sink, outlet: new Outlet(sink, { capacity }) };
}

/** Follows a promise: what it came to, or `"open"`. */
export function follow(promise: Promise<void>): { state: unknown } {
  const followed: { state: unknown } = { state: "open" };
  promise.then(() => followed.state = "resolved", (error) => followed.state = error);
  return followed;
}

/** What became of the messages of a publish that fails: index, outcome and cause. */
export async function failuresOf(promise: Promise<void>): Promise<[number, string, unknown][]> {
  const error = await promise.then(() => "resolved", (error) => error);
  if (!(error instanceof PublishError)) throw new TypeError(`Not a PublishError: ${error}`);
  return error.failed.map(({ index, outcome, cause }) => [index, outcome, cause]);
}
