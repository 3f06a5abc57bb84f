/**
 * How many events a second go through the shapes of the Disruptor's table?
 *
 * @module
 */
import type { Case, Question } from "../harness/types.ts";
import { feedByLanes } from "../subjects/lanes.ts";
import { ROUND_TRIP } from "../subjects/round_trip.ts";
import { DIAMOND, MULTICAST, ourShape, PIPELINE, type Shape, UNICAST } from "../subjects/shapes.ts";
import { ours } from "../subjects/subject.ts";

function toCase(name: string, shape: Shape): Case {
  return {
    name,
    subjects: [
      ours("emit", () => ourShape(shape, false)),
      ours("emitBatch of 32", () => ourShape(shape, true)),
      ROUND_TRIP,
    ],
  };
}

/** The shapes by which the Disruptor is known. */
export const shapesQuestion: Question = {
  id: "shapes",
  title: "The Disruptor's shapes: unicast, pipeline, three producers, multicast, diamond",
  measure: "rate",
  states: ["fresh"],
  cases: [
    toCase("unicast: 1 to 1", UNICAST),
    toCase("pipeline: 1 to 1 to 1 to 1", PIPELINE),
    {
      name: "three producers: 3 to 1, lanes, 64 B",
      subjects: [
        ours("emit", () => feedByLanes(3, "emit")),
        ours("emitBatch of 32", () => feedByLanes(3, "emitBatch")),
        ROUND_TRIP,
      ],
    },
    toCase("multicast: 1 to 3, each", MULTICAST),
    toCase("diamond: 1 to 2 to 1", DIAMOND),
  ],
  notes: [
    "Events that home emits a second, 8 B each, until all that comes of them has been handled; four threads in all.",
    "The Disruptor publishes (Java, spinning threads of their own cores, EPYC 9374F; not measured here), in M/s:",
    "  v4: unicast 160.4, pipeline 101.3, three producers 29.7, multicast 70.0, diamond 63.1",
    "  java.util.concurrent.ArrayBlockingQueue: 20.9, 5.2, 18.8, 2.4, 3.4",
  ],
};
