import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { afterEach, describe, it } from "@std/testing/bdd";
import { spawn } from "node:child_process";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import process from "node:process";
import { parseEndpoint } from "./endpoint.ts";
import { RefusedAddressError } from "./errors.ts";
import { findSockets, socketPoster } from "./socket_poster.ts";
import { CERTIFICATE, PRIVATE_KEY } from "./testdata/certificate.ts";

const opened: { close(): unknown; closeAllConnections?(): void }[] = [];

afterEach(() => {
  for (const server of opened.splice(0)) {
    server.close();
    server.closeAllConnections?.();
  }
});

/** A server that keeps what it was sent. */
async function receive(answer: http.RequestListener, secure = false) {
  const seen: { host: string; sni: unknown; body: number[]; port: number | undefined }[] = [];
  const listener: http.RequestListener = (request, response) => {
    const chunks: Uint8Array[] = [];
    request.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    request.on("end", () => {
      const { headers, socket } = request;
      seen.push({
        host: headers.host!,
        sni: (socket as { servername?: unknown }).servername,
        body: chunks.flatMap((chunk) => [...chunk]),
        port: socket.remotePort,
      });
      answer(request, response);
    });
  };
  const server = secure
    ? https.createServer({ cert: CERTIFICATE, key: PRIVATE_KEY }, listener)
    : http.createServer(listener);
  return { port: await listen(server), seen };
}

async function listen(server: net.Server): Promise<number> {
  opened.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as net.AddressInfo).port;
}

/** A poster to a name that a resolver under our control knows. */
function poster(url: string, answers: string[][], ca = CERTIFICATE) {
  const endpoint = parseEndpoint("test", url, { insecureHttp: true, allow: ["127.0.0.1/32"] });
  let asked = 0;
  const lookup = () => {
    const found = answers[Math.min(asked++, answers.length - 1)]!;
    return Promise.resolve(found.map((address) => ({ address, family: 4 })));
  };
  const dns = { promises: { lookup } } as never;
  const made = socketPoster(endpoint, { ...findSockets()!, dns }, endpoint.secure ? ca : undefined);
  opened.push(made);
  const post = (attempt = 1, signal = new AbortController().signal) =>
    made.post(
      { target: "/in?a=1", headers: { "x-a": "1" }, body: Uint8Array.of(1, 255, 0) },
      attempt,
      signal,
    );
  return { post, asked: () => asked };
}

const ok: http.RequestListener = (_request, response) => void response.end("thanks");

describe("socketPoster()", () => {
  it("connects to the checked address, and names the host in TLS and HTTP", async () => {
    const { port, seen } = await receive(ok, true);
    const { post } = poster(`https://hooks.example.com:${port}`, [["127.0.0.1"]]);
    assertEquals((await post()).status, 200);
    assertEquals((await post()).status, 200);
    const [first, second] = seen;
    assertEquals(first!.host, `hooks.example.com:${port}`);
    assertEquals(first!.sni, "hooks.example.com");
    assertEquals(first!.body, [1, 255, 0]);
    assertEquals(first!.port, second!.port, "the connection is used again");
  });

  it("refuses a certificate of another name, or of nobody known", async () => {
    const { port, seen } = await receive(ok, true);
    const evil = poster(`https://evil.example.com:${port}`, [["127.0.0.1"]]);
    await assertRejects(() => evil.post(), Error, "evil.example.com");
    const unknown = poster(`https://hooks.example.com:${port}`, [["127.0.0.1"]], "");
    await assertRejects(() => unknown.post(), Error);
    assertEquals(seen.length, 0);
  });

  it("sends nothing when the name has a reserved address among others", async () => {
    const { port, seen } = await receive(ok);
    const { post } = poster(`http://hooks.example.com:${port}`, [["127.0.0.1", "10.0.0.1"]]);
    await assertRejects(() => post(), RefusedAddressError, "10.0.0.1");
    assertEquals(seen.length, 0);
  });

  it("is not led elsewhere by an answer that changes", async () => {
    const { port, seen } = await receive(ok);
    const { post, asked } = poster(`http://hooks.example.com:${port}`, [["127.0.0.1"], [
      "127.0.0.2",
    ]]);
    await post();
    await post();
    assertEquals([seen.length, asked()], [2, 1]);
  });

  it("asks for the addresses again after a connection has failed, and checks them again", async () => {
    const { post } = poster("http://hooks.example.com:1", [["127.0.0.1"], ["192.168.0.1"]]);
    assertEquals((await assertRejects(() => post()) as { code?: string }).code, "ECONNREFUSED");
    await assertRejects(() => post(), RefusedAddressError, "192.168.0.1");
  });

  it("takes the next address at the next attempt", async () => {
    const { port } = await receive(ok);
    const url = `http://hooks.example.com:${port}`;
    const endpoint = parseEndpoint("test", url, { insecureHttp: true, allow: ["127.0.0.0/8"] });
    const addresses = ["127.0.0.9", "127.0.0.1", "127.0.0.8"].map((address) => ({ address }));
    const asked: unknown[] = [];
    const lookup = (...args: unknown[]) => {
      asked.push(args);
      return Promise.resolve(addresses);
    };
    const made = socketPoster(endpoint, {
      ...findSockets()!,
      dns: { promises: { lookup } } as never,
    }, undefined);
    opened.push(made);
    const post = { target: "/", headers: {}, body: new Uint8Array() };
    const { signal } = new AbortController();
    await assertRejects(() => made.post(post, 1, signal));
    assertEquals((await made.post(post, 2, signal)).status, 200);
    // All of them are asked for, or one that was not checked could be among them.
    const question = ["hooks.example.com", { all: true }];
    assertEquals(asked, [question, question]);
  });

  it("closes the connections to an address that its name no longer has, when they are done", async () => {
    const closed = Promise.withResolvers<void>();
    const server = http.createServer({ keepAliveTimeout: 0 }, (request, response) => {
      if (request.headers["x-breaks"] === undefined) response.end();
      else request.socket.destroy();
    });
    const port = await listen(server);
    server.once("connection", (socket: net.Socket) => socket.on("close", () => closed.resolve()));
    const endpoint = parseEndpoint("test", `http://hooks.example.com:${port}`, {
      insecureHttp: true,
      allow: ["127.0.0.0/8"],
    });
    const answers = ["127.0.0.1", "127.0.0.9", "127.0.0.9"].map((address) => [{ address }]);
    const dns = { promises: { lookup: () => Promise.resolve(answers.shift()) } } as never;
    const made = socketPoster(endpoint, { ...findSockets()!, dns }, undefined);
    opened.push(made);
    const post = (headers: Record<string, string> = {}) =>
      made.post({ target: "/", headers, body: new Uint8Array() }, 1, new AbortController().signal);
    // One that is kept, and beside it one that breaks off, so that the name is asked for again.
    const [kept] = await Promise.allSettled([post(), post({ "x-breaks": "1" })]);
    assertEquals(kept.status, "fulfilled");
    await assertRejects(() => post());
    await closed.promise;
  });

  it("follows no redirect", async () => {
    const { port, seen } = await receive((_request, response) => {
      response.writeHead(307, { location: "/elsewhere" }).end();
    });
    const { post } = poster(`http://hooks.example.com:${port}`, [["127.0.0.1"]]);
    assertEquals((await post()).status, 307);
    assertEquals(seen.length, 1);
  });

  it("does not wait for more when an answer changes the protocol", async () => {
    const server = net.createServer((socket) => {
      socket.on("error", () => {});
      const head = ["HTTP/1.1 101 Switching Protocols", "upgrade: h2c", "connection: upgrade"];
      socket.once("data", () => socket.write(`${head.join("\r\n")}\r\n\r\n`));
    });
    const { post } = poster(`http://hooks.example.com:${await listen(server)}`, [["127.0.0.1"]]);
    const limit = AbortSignal.timeout(5_000);
    const over = new Promise((resolve) => limit.addEventListener("abort", () => resolve("over")));
    const answered = post(1, limit).then(({ status }) => status, () => "failed");
    assertNotEquals(await Promise.race([answered, over]), "over");
  });

  it("lets requests under way end when the name gets another address", async () => {
    const asked = Promise.withResolvers<http.ServerResponse>();
    const { port } = await receive((request, response) => {
      if (request.headers["x-breaks"] === undefined) asked.resolve(response);
      else request.socket.destroy();
    });
    const endpoint = parseEndpoint("test", `http://hooks.example.com:${port}`, {
      insecureHttp: true,
      allow: ["127.0.0.0/8"],
    });
    const answers = [[{ address: "127.0.0.1" }], [{ address: "127.0.0.9" }]];
    const dns = { promises: { lookup: () => Promise.resolve(answers.shift()) } } as never;
    const made = socketPoster(endpoint, { ...findSockets()!, dns }, undefined);
    opened.push(made);
    const post = (headers: Record<string, string> = {}) =>
      made.post({ target: "/", headers, body: new Uint8Array() }, 1, new AbortController().signal);
    const underWay = post();
    const response = await asked.promise;
    // What breaks off has the name asked for again.
    await assertRejects(() => post({ "x-breaks": "1" }));
    await assertRejects(() => post());
    assertEquals(answers, []);
    response.end();
    assertEquals((await underWay).status, 200);
  });

  it("reads 64 KiB of an answer that does not end", async () => {
    let closed = () => {};
    const isClosed = new Promise<void>((resolve) => closed = resolve);
    const { port } = await receive((_request, response) => {
      response.writeHead(200, { "retry-after": "7" });
      const timer = setInterval(() => response.write("x".repeat(20_000)), 1);
      response.on("close", () => {
        clearInterval(timer);
        closed();
      });
    });
    const { post } = poster(`http://hooks.example.com:${port}`, [["127.0.0.1"]]);
    const { status, retryAfter, beginning } = await post();
    assertEquals([status, retryAfter, beginning.text], [200, "7", "x".repeat(1_024)]);
    await isClosed;
  });

  it("takes nothing from an answer whose body does not end in time", async () => {
    const written = Promise.withResolvers<void>();
    const { port, seen } = await receive((_request, response) => {
      if (seen.length > 1) return void response.end();
      response.writeHead(200, { "content-length": "100" });
      response.write("x", () => written.resolve());
    });
    const { post } = poster(`http://hooks.example.com:${port}`, [["127.0.0.1"]]);
    const limit = new AbortController();
    const slow = post(1, limit.signal);
    await written.promise;
    // What was written before it has come when another one is answered.
    await post();
    limit.abort(new Error("late"));
    assertEquals((await slow).status, 200);
  });

  it("takes nothing from an answer whose body breaks off", async () => {
    const { port } = await receive((request, response) => {
      response.writeHead(204 - 4, { "content-length": "100" });
      response.write("x", () => request.socket.destroy());
    });
    const { post } = poster(`http://hooks.example.com:${port}`, [["127.0.0.1"]]);
    assertEquals((await post()).status, 200);
  });

  it("ends when its signal does: before the answer, and while the name is looked up", async () => {
    const { port } = await receive(() => {});
    const { post } = poster(`http://hooks.example.com:${port}`, [["127.0.0.1"]]);
    await assertRejects(() => post(1, AbortSignal.timeout(20)));
    const endpoint = parseEndpoint("test", "https://hooks.example.com", {
      insecureHttp: false,
      allow: [],
    });
    const dns = { promises: { lookup: () => new Promise(() => {}) } } as never;
    const stuck = socketPoster(endpoint, { ...findSockets()!, dns }, undefined);
    const post2 = { target: "/", headers: {}, body: new Uint8Array() };
    await assertRejects(() => stuck.post(post2, 1, AbortSignal.timeout(20)), DOMException);
    const late = AbortSignal.abort(new Error("late"));
    await assertRejects(() => stuck.post(post2, 1, late), Error, "late");
  });

  it("goes through no proxy of the environment", async () => {
    const proxied: string[] = [];
    const proxy = `http://127.0.0.1:${await listen(http.createServer((request, response) => {
      proxied.push(request.url!);
      response.end();
    }))}`;
    const { port, seen } = await receive(ok);
    const names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].flatMap((
      name,
    ) => [name, name.toLowerCase()]);
    const env: Record<string, string | undefined> = {
      ...process.env,
      NODE_USE_ENV_PROXY: "1",
      NO_PROXY: "",
      no_proxy: "",
    };
    for (const name of names) env[name] = proxy;
    const script = new URL("./testdata/behind_proxy.ts", import.meta.url).pathname;
    const flags = "Deno" in globalThis ? ["run", "-A", "--no-check", "--no-lock"] : [];
    const child = spawn(process.execPath, [...flags, script, `http://127.0.0.1:${port}`], { env });
    await new Promise((resolve) => child.once("close", resolve));
    assertEquals([seen.length, proxied], [1, []]);
  });

  it("closes its connections", async () => {
    const server = http.createServer((_request, response) => void response.end());
    const port = await listen(server);
    let closed = () => {};
    const isClosed = new Promise<void>((resolve) => closed = resolve);
    server.on("connection", (socket: net.Socket) => socket.on("close", () => closed()));
    const endpoint = parseEndpoint("test", `http://127.0.0.1:${port}`, {
      insecureHttp: true,
      allow: ["127.0.0.1/32"],
    });
    const made = socketPoster(endpoint, findSockets()!, undefined);
    const post = { target: "/", headers: {}, body: new Uint8Array() };
    assert((await made.post(post, 1, new AbortController().signal)).status === 200);
    made.close();
    await isClosed;
  });
});
