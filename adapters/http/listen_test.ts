import { Message } from "@beat/beat/message";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { afterEach, describe, it } from "@std/testing/bdd";
import net from "node:net";
import { closeAll, listening, publisher } from "./testdata/sockets.ts";
import { webhookSubscriber } from "./webhook_subscriber.ts";

afterEach(closeAll);

describe("listen()", () => {
  it("rejects when the port is taken", async () => {
    const { hooks, port } = await listening();
    await assertRejects(() => hooks.listen({ port }), Error);
  });

  it("takes a free port of this machine, for nobody else, unless told otherwise", async () => {
    const hooks = webhookSubscriber({ unsigned: true });
    const [one, other] = [await hooks.listen(), await hooks.listen()];
    assertEquals(one.url, `http://127.0.0.1:${one.port}`);
    assert(one.port > 0 && other.port > 0 && one.port !== other.port);
    await hooks.close();
  });

  it("ends with the subscriber", async () => {
    const { hooks, port } = await listening();
    await hooks.close();
    await assertRejects(() => connect(port));
    await assertRejects(() => hooks.listen(), Error, "closed");
  });

  for (
    const options of [{ port: -1 }, { port: 1.5 }, { port: 65_536 }, { hostname: "" }, { prot: 1 }]
  ) {
    it(`refuses ${JSON.stringify(options)}`, async () => {
      const hooks = webhookSubscriber({ unsigned: true });
      await assertRejects(
        () => hooks.listen(options as { port: number }),
        Error,
        "Cannot listen as",
      );
    });
  }

  it({
    name: "hangs up on a body that comes too slowly (Deno keeps the connection)",
    ignore: "Deno" in globalThis,
    fn: async () => {
      const { port } = await listening({ readTimeout: 50 });
      const socket = await connect(port);
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.resume();
      socket.write("POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nabc");
      await closed;
    },
  });

  it("answers a body that comes too slowly, and takes others meanwhile", async () => {
    const { url, port, delivered } = await listening({ readTimeout: 100 });
    const slow = raw(port, [`POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nabc`]);
    await publisher(url).publish("orders", new Message("hello"));
    assert((await slow).startsWith("HTTP/1.1 408"), await slow);
    assertEquals(delivered.length, 1);
  });

  it("answers a chunked body over the limit before its end", async () => {
    const { port, delivered } = await listening({ maxBody: 10_000 });
    const head = "POST /orders HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    const chunk = `1000\r\n${"x".repeat(4096)}\r\n`;
    const answer = await raw(port, [head, chunk, chunk, chunk]);
    assert(answer.startsWith("HTTP/1.1 413"), answer);
    assertEquals(delivered.length, 0);
  });

  // What is no request never comes to the receiver: the server of the platform refuses it, or hangs up.
  const malformed: [what: string, text: string, answers: readonly string[]][] = [
    ["a frame that is none", "\x16\x03\x01\x02\x00\x01", ["400", "nothing"]],
    ["a request line that is none", "POST\r\n\r\n", ["400", "nothing"]],
    ["a header that is none", "POST /orders HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n", ["400"]],
    [
      "a length that is none",
      "POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: ten\r\n\r\n0123456789",
      ["400"],
    ],
    [
      "two lengths",
      "POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
      ["400"],
    ],
    [
      "a chunk size that is none",
      "POST /orders HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
      ["400", "nothing"],
    ],
    [
      "a body that breaks off",
      "POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc",
      ["400", "nothing"],
    ],
    [
      "a chunked body that breaks off",
      "POST /orders HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
      ["400", "nothing"],
    ],
  ];
  for (const [what, text, answers] of malformed) {
    it(`refuses ${what}, delivers nothing of it, and takes others`, async () => {
      const { url, port, delivered } = await listening({ unsigned: true });
      const answer = await everything(port, text);
      const status = /^HTTP\/1\.1 (\d+) /.exec(answer)?.[1] ?? "nothing";
      assert(answers.includes(status), `${what} was answered by: ${answer}`);
      assertEquals(delivered.length, 0);
      await publisher(url, { unsigned: true }).publish("orders", new Message("hello"));
      assertEquals(delivered.length, 1);
    });
  }
});

async function connect(port: number): Promise<net.Socket> {
  const socket = net.connect(port, "127.0.0.1");
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return socket;
}

/** Sends pieces of a request and reads until the answer's head has come. */
async function raw(port: number, pieces: string[]): Promise<string> {
  const socket = await connect(port);
  let text = "";
  const answered = new Promise<string>((resolve) => {
    socket.on("data", (chunk: Uint8Array) => {
      text += new TextDecoder().decode(chunk);
      if (text.includes("\r\n\r\n")) resolve(text);
    });
    socket.on("error", () => resolve(text));
    socket.on("close", () => resolve(text));
  });
  for (const piece of pieces) socket.write(piece);
  const answer = await answered;
  socket.destroy();
  return answer;
}

/** Sends a text and nothing more, and reads until the other side hangs up. */
async function everything(port: number, text: string): Promise<string> {
  const socket = await connect(port);
  let answer = "";
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("data", (chunk: Uint8Array) => answer += new TextDecoder().decode(chunk));
  socket.on("error", () => {});
  socket.end(text, "latin1");
  await closed;
  return answer;
}
