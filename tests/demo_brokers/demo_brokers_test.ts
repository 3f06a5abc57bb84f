import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { runProgram } from "../examples/_program.ts";
import { withService } from "../_services/mod.ts";

const SERVERS = [
  ["redis", "BEAT_REDIS_URL"],
  ["nats", "BEAT_NATS_URL"],
  ["kafka", "BEAT_KAFKA_URL"],
  ["postgres", "BEAT_POSTGRES_URL"],
  ["mariadb", "BEAT_MARIADB_URL"],
] as const;

describe("demo --broker", () => {
  for (const [name, variable] of SERVERS) {
    withService(name, variable, () => {
      it(`takes the webhooks through ${name}, and every count is right`, async () => {
        const { code, stdout, stderr } = await runProgram(
          "examples/demo.ts",
          "--only",
          "webhooks",
          "--broker",
          name,
        );
        assertEquals({ code, stderr }, { code: 0, stderr: "" });
        assertStringIncludes(stdout, `then through ${name}\n`);
        assertStringIncludes(stdout, "routed: 17 urgent, 312 others\n");
        assert(stdout.endsWith("✓ all 20 checks of the webhooks hold\n"));
      });
    });
  }

  it("exits with 2 on a broker that it does not know", async () => {
    const { code, stdout } = await runProgram("examples/demo.ts", "--broker", "pigeon");
    assertEquals(code, 2);
    assertStringIncludes(stdout, "'--broker' must be one of memory, redis");
  });
});
