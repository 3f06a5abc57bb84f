import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { HomeInbox } from "./home_inbox.ts";
import { createMesh, HOME, joinMesh } from "./mesh.ts";
import { withFakeTime } from "./testdata/waits.ts";
import type { ForeignEvents } from "./foreign_events.ts";
import type { HomeQueue } from "./home_queue.ts";

describe("the inbox of home", () => {
  it("looks once a millisecond whether its full queue has room, and not all the time", () =>
    withFakeTime(async (time) => {
      const mesh = createMesh(1, 1_024);
      const there = joinMesh(mesh.cells.words.buffer as unknown as SharedArrayBuffer, 1);
      there.writers[HOME]!.claim(24);
      there.writers[HOME]!.commit(24, true);
      there.publish(HOME);
      const queue = { isFull: true };
      let looks = 0;
      const look = () => {
        looks++;
        inbox.move();
      };
      const nothing = () => {};
      const inbox: HomeInbox = new HomeInbox(
        mesh,
        queue as HomeQueue,
        {} as ForeignEvents,
        nothing,
        nothing,
        look,
      );
      assertEquals([inbox.move(), inbox.move(), inbox.hasNext()], [false, false, false]);
      await time.tickAsync(10);
      assertEquals(looks, 10);
      queue.isFull = false;
      assertEquals(inbox.hasNext(), true);
    }));
});
