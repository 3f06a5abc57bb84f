import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ConnectionNews } from "./connection_news.ts";

const LOST = { kind: "lost", at: 0 } as const;

describe("ConnectionNews", () => {
  it("tells the others when a listener throws, and prints that", () => {
    const news = new ConnectionNews();
    const printed: unknown[] = [];
    const print = console.error;
    console.error = (...words) => printed.push(words.at(-1));
    const failure = new Error("a listener failed");
    let calls = 0;
    try {
      news.onConnection(() => {
        throw failure;
      });
      news.onConnection(() => calls++);
      news.tell(LOST);
    } finally {
      console.error = print;
    }
    assertEquals(calls, 1);
    assertEquals(printed, [failure]);
  });

  it("takes a listener away as often as it was added", () => {
    const news = new ConnectionNews();
    let calls = 0;
    const listener = () => calls++;
    const [stop] = [news.onConnection(listener), news.onConnection(listener)];
    stop!();
    stop!();
    news.tell(LOST);
    assertEquals(calls, 1);
  });
});
