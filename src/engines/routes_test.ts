import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Resolution } from "../core/resolution.ts";
import { HOME } from "./mesh.ts";
import { Routes } from "./routes.ts";

/** What home knows of two threads. */
function routesOfHome() {
  const routes = new Routes(3, HOME);
  routes.serve(HOME);
  const wanted = (type: string) => {
    const { hasWorkers, workers, each, isPlain } = routes.of(new Resolution(type));
    return { hasWorkers, workers, each, isPlain };
  };
  return { routes, wanted };
}

const NOBODY = { hasWorkers: false, workers: [], each: [], isPlain: true };

describe("a type", () => {
  it("is wanted by each thread that has not said what it subscribes", () => {
    const { routes, wanted } = routesOfHome();
    routes.serve(1);
    assertEquals(wanted("a"), { ...NOBODY, hasWorkers: true, workers: [2] });
    routes.serve(2);
    assertEquals(wanted("a"), NOBODY);
  });

  it("is wanted by no thread that has failed first, if none of the others wants it", () => {
    const { routes, wanted } = routesOfHome();
    routes.leave(2);
    assertEquals(wanted("a"), { ...NOBODY, hasWorkers: true, workers: [1] });
    routes.add(1, 1, "b", false);
    routes.serve(1);
    assertEquals(wanted("a"), NOBODY);
    assertEquals(wanted("b"), { ...NOBODY, hasWorkers: true, workers: [1] });
  });

  it("is wanted by threads that are not there, if all have failed", () => {
    const { routes, wanted } = routesOfHome();
    routes.leave(1);
    routes.leave(2);
    assertEquals(wanted("a"), { ...NOBODY, hasWorkers: true });
  });

  it("that each thread gets is one that nobody gets any more, if all who want it have failed", () => {
    const { routes, wanted } = routesOfHome();
    routes.add(1, 1, "a", true);
    routes.serve(1);
    routes.serve(2);
    assertEquals(wanted("a"), { ...NOBODY, each: [1], isPlain: false });
    routes.leave(1);
    assertEquals(wanted("a"), { ...NOBODY, hasWorkers: true });
  });
});
