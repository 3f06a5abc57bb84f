import type { Ticket } from "../../examples/transport/shelf.ts";
import { leasedShelf, onFetch, onRequeue, shelf } from "./_broken.ts";
import type { Defects } from "./_defects.ts";

/** As long as nobody sets it off. */
const { now } = Date;

/** Defects of those who ask their own clock what only that of the broker can tell. */
export const CLOCK_DEFECTS: Defects = {
  "clock: a consumer whose clock is an hour off waits as long as any other": [
    {
      defect: "tells the broker the time of day until which it shall wait",
      make: () =>
        shelf(
          onRequeue((items) =>
            items.map((item) => ({ ...item, delay: Date.now() + item.delay - now() }))
          ),
        ),
      says: /'later' did not come again, nacked with 100 ms by a clock that is 3600000 ms off/,
      waits: true,
    },
    {
      defect: "compares the time that the broker tells with the time of day",
      make: () =>
        shelf(
          onRequeue((items) =>
            items.map((item) => ({ ...item, delay: now() + item.delay - Date.now() }))
          ),
        ),
      says: /It came after [\d.]+ ms, nacked with 100 ms by a clock that is 3600000 ms off/,
    },
  ],
  "clock: what a consumer had whose clock is an hour off comes to another after its lease": [
    {
      defect: "tells the broker the time of day at which its lease ends",
      make: () => leasedShelf(lengthened(() => Date.now() - now())),
      says: /1 of 1 messages did not come/,
      waits: true,
    },
    {
      defect: "compares the end of a lease with the time of day",
      make: () => leasedShelf(lengthened(() => now() - Date.now())),
      says: /It came after [\d.]+ ms from a consumer whose clock is 3600000 ms off/,
    },
  ],
};

/** Has what is fetched be ours for longer than its lease by so many milliseconds. */
function lengthened(by: () => number): ReturnType<typeof onFetch> {
  return onFetch((deliveries) => {
    for (const { token } of deliveries) (token as { ticket: Ticket }).ticket.dueAt += by();
    return deliveries;
  });
}
