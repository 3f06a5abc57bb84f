import type { Case } from "../case.ts";
import { ADMIN } from "./admin.ts";
import { ATTEMPTS } from "./attempts.ts";
import { BATCH } from "./batch.ts";
import { BOOKS } from "./books.ts";
import { CLOCK } from "./clock.ts";
import { CLOSE } from "./close.ts";
import { DEDUPE } from "./dedupe.ts";
import { DELIVERY } from "./delivery.ts";
import { FETCHING } from "./fetching.ts";
import { FROM } from "./from.ts";
import { GROUP } from "./group.ts";
import { HEADERS } from "./headers.ts";
import { LEAKS } from "./leaks.ts";
import { ORDER } from "./order.ts";
import { PAYLOAD } from "./payload.ts";
import { PUBLISH } from "./publish.ts";
import { RECONNECT } from "./reconnect.ts";
import { SUBSCRIBE } from "./subscribe.ts";

/** All tests, in the order in which they are registered. */
export const CASES: readonly Case[] = [
  ...DELIVERY,
  ...ATTEMPTS,
  ...SUBSCRIBE,
  ...FROM,
  ...FETCHING,
  ...GROUP,
  ...ORDER,
  ...BATCH,
  ...HEADERS,
  ...PAYLOAD,
  ...PUBLISH,
  ...DEDUPE,
  ...BOOKS,
  ...ADMIN,
  ...CLOSE,
  ...RECONNECT,
  ...CLOCK,
  ...LEAKS,
];
