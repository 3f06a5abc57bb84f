import { assertEquals, assertStringIncludes } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { ROOT, ROOT_URL } from "../../scripts/_files.ts";
import { run } from "../../scripts/_process.ts";

const PROGRAM = `import { advise, forFlow, forSync } from "${new URL("mod.ts", ROOT_URL)}";
interface Events {
  "user.created": { name: string };
  "user.deleted": { id: number };
  ping: void;
}
const bus = forSync<Events>();
const flow = forFlow<Events>();
`;

/** What people get wrong, and what the compiler must say about it. */
const MISTAKES: [name: string, line: string, says: string][] = [
  [
    "a misspelt option of on()",
    `bus.on("user.created", (event) => event.data.name, { onse: true });`,
    "'onse' does not exist in type 'SubscribeOptions<false>'",
  ],
  [
    "a misspelt option of onBatch()",
    `flow.onBatch("user.*", (events) => events.length, { sginal: undefined });`,
    "'sginal' does not exist in type 'SubscribeOptions",
  ],
  [
    "a pattern that matches nothing",
    `bus.on("usr.*", (event) => event);`,
    `'"usr.*"' is not assignable to parameter of type '"No event of this bus matches 'usr.*'"'`,
  ],
  [
    "a type that there is not, beside one that there is",
    `bus.on(Date.now() > 0 ? "user.created" : "user.creatd", () => {});`,
    "No event of this bus matches 'user.creatd'",
  ],
  [
    "a pattern that matches nothing, where the event is used",
    `bus.on("usr.created", ({ type, data }) => console.log(type, data.name));`,
    `'"No event of this bus matches 'usr.created'"'`,
  ],
  [
    "a type that there is not",
    `bus.once("user.creatd").then((event) => event.data.name);`,
    "No event of this bus matches 'user.creatd'",
  ],
  [
    "a type that there is not, where an EventTarget listens",
    `bus.asEventTarget().addEventListener("user.*", () => {});`,
    `'"user.*"' is not assignable to parameter of type '"user.created" | "user.deleted" | "ping"'`,
  ],
  [
    "data of another type",
    `bus.on("user.created", (event) => event.data.id);`,
    "Property 'id' does not exist on type '{ name: string; }'",
  ],
  [
    "a type that is misspelt when it is emitted",
    `bus.emit("user.creatd", { name: "Ada" });`,
    `'"user.creatd"' is not assignable to parameter of type '"user.created" | "user.deleted" | "ping"'`,
  ],
  [
    "data that is missing",
    `bus.emit("user.created");`,
    `'"user.created"' is not assignable to parameter of type 'EventOrTypeWithoutData<Events>'`,
  ],
  [
    "data that is missing, where one waits for the handlers",
    `await bus.emitAsync("user.created");`,
    `'"user.created"' is not assignable to parameter of type 'EventOrTypeWithoutData<Events>'`,
  ],
  [
    "a type that is misspelt, without data",
    `bus.emit("user.creatd");`,
    `'"user.creatd"' is not assignable to parameter of type 'EventOrTypeWithoutData<Events>'`,
  ],
  [
    "data that is missing on a topic",
    `bus.topic("user.created").emit();`,
    "Expected 1 arguments, but got 0",
  ],
  [
    "what is no event",
    `bus.emit(5);`,
    "'5' is not assignable to parameter of type 'EventOrTypeWithoutData<Events>'",
  ],
  [
    "a text that is to be queued",
    `flow.enqueue("ping");`,
    "'string' is not assignable to parameter of type 'EventInput<Events>'",
  ],
  [
    "data that fits one of two types",
    `bus.emit(Math.random() < 0.5 ? "user.created" : "user.deleted", { id: 1 });`,
    `Property 'name' is missing in type '{ id: number; }'`,
  ],
  [
    "a misspelt field of a profile",
    `advise({ name: "sync", tsp: 5 });`,
    "'tsp' does not exist in type",
  ],
];

let folder: string;
/** What the compiler says, mistake by mistake. */
let said: string[];

beforeAll(async () => {
  folder = await Deno.makeTempDir({ prefix: "beat-compile-" });
  const file = `${folder}/mistakes.ts`;
  await Deno.writeTextFile(file, PROGRAM + MISTAKES.map(([, line]) => `${line}\n`).join(""));
  const command = [
    Deno.execPath(),
    "check",
    "--quiet",
    "--config",
    `${ROOT}/deno.json`,
    "--no-lock",
  ];
  const { code, output } = await run([...command, file], { env: { NO_COLOR: "1" } });
  assertEquals(code, 1);
  const texts = output.split(/(?=^TS\d+ )/m).filter((text) => text.startsWith("TS"));
  const first = PROGRAM.split("\n").length;
  said = MISTAKES.map((_, at) =>
    texts.filter((text) => text.includes(`mistakes.ts:${first + at}:`)).join("")
  );
});

afterAll(() => Deno.remove(folder, { recursive: true }));

describe("the compiler's error", () => {
  for (const [at, [name, , says]] of MISTAKES.entries()) {
    it(`about ${name} says so and nothing else`, () => {
      assertStringIncludes(said[at]!, says);
      assertEquals(said[at]!.match(/No overload matches|^TS\d+ /gm)?.length, 1);
    });
  }
});
