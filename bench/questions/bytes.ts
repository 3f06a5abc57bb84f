/**
 * How many bytes does an emit leave for the garbage collector?
 *
 * @module
 */
import type { Stage } from "../../mod.ts";
import type { Goal, ProcessSubject, Question, Work } from "../harness/types.ts";
import { createEvent, TYPE } from "../subjects/events.ts";
import { handlers } from "../subjects/handlers.ts";
import { ourSends } from "../subjects/sends.ts";
import {
  createAsyncBus,
  createDeferredBus,
  createFlowBus,
  createSyncBus,
  useAsyncBus,
  useFlowBus,
} from "../subjects/ours.ts";
import { EMITTERY, type Peer, RX_SUBJECT, SYNC_PEERS } from "../subjects/peers.ts";
import { settled } from "../subjects/settled.ts";
import { ours, peer } from "../subjects/subject.ts";

/** Big enough that the harness's own promises vanish in it, small enough for every queue. */
const BURST = 1_000;
/** A queue yields to the event loop now and then: a round holds many turns of it. */
const QUEUED = 16_384;
/** Less than one machine word in sixteen emits: nothing is allocated for each. */
const NOTHING: Goal[] = [{ limit: 0.5 }];

/** Rounds of one burst, so that synchronous and queueing subjects are read alike. */
function bursts(emit: () => unknown): Work {
  return {
    opsPerRound: BURST,
    async run(rounds) {
      for (let i = 0; i < rounds; i++) {
        let last: unknown;
        for (let k = 0; k < BURST; k++) last = emit();
        await last;
        await settled((i + 1) * BURST);
      }
    },
  };
}

function emitter({ emitter, on }: Peer): Work {
  on(TYPE, handlers[0]!);
  const event = createEvent();
  return bursts(() => emitter.emit(TYPE, event));
}

function sync(form: (bus: ReturnType<typeof createSyncBus>) => () => unknown): () => Work {
  return () => {
    const bus = createSyncBus();
    bus.on(TYPE, handlers[0]!);
    return bursts(form(bus));
  };
}

/**
 * The last handler call of a round ends its wait: asking again and again whether all have been
 * handled allocates more than the bus does.
 */
function queued(create: () => Pick<ReturnType<typeof createAsyncBus>, "on" | "emit">): () => Work {
  return () => {
    const bus = create();
    const event = createEvent();
    let left = 0;
    let end = () => {};
    bus.on(TYPE, (event) => {
      handlers[0]!(event);
      if (--left === 0) end();
    });
    const round = async (emits: number) => {
      const ended = new Promise<void>((resolve) => end = resolve);
      left = emits;
      for (let k = 0; k < emits; k++) bus.emit(event);
      if (emits === 0) end();
      await ended;
    };
    return {
      opsPerRound: QUEUED,
      async run(rounds) {
        for (let i = 0; i < rounds; i++) await round(QUEUED);
      },
      idle: () => round(0),
    };
  };
}

/** Batches of which a round is a multiple, so that each leaves without waiting. */
function flowing(stages: Stage[]): () => Work {
  return queued(() => createFlowBus({ batchSize: QUEUED / 64, stages }));
}

let kept: unknown;

/** Shows that the meter reads right: three fields are 24 bytes after a header of 24. */
function control(): ProcessSubject {
  return {
    name: "control: an object of 48 B",
    kind: "bound",
    use: () => {},
    setup: () => ({
      opsPerRound: BURST,
      handledPerRound: 0,
      run(rounds) {
        for (let i = 0; i < rounds * BURST; i++) kept = { a: i, b: i, c: kept === undefined };
      },
    }),
  };
}

const event = createEvent();
const { data } = event;

/** Bytes allocated for one emit. */
export const bytesQuestion: Question = {
  id: "bytes",
  title: "Bytes allocated per emit",
  measure: "bytes",
  states: ["used"],
  cases: [{
    name: "one handler",
    subjects: [
      ours("emit(event)", sync((bus) => () => bus.emit(event)), { goals: NOTHING }),
      ours("emit(type, data)", sync((bus) => () => bus.emit(TYPE, data))),
      ours("unsafeEmit(event)", sync((bus) => () => bus.unsafeEmit(event)), { goals: NOTHING }),
      ours(
        "topic.dispatch(event)",
        sync((bus) => {
          const topic = bus.topic(TYPE);
          return () => topic.dispatch(event);
        }),
        { goals: NOTHING },
      ),
      ours(
        "topic.emit(data)",
        sync((bus) => {
          const topic = bus.topic(TYPE);
          return () => topic.emit(data);
        }),
      ),
      ours("forAsync emit(event)", queued(createAsyncBus), { use: useAsyncBus, goals: NOTHING }),
      ours("forSync deferred emit(event)", queued(createDeferredBus), {
        use: useAsyncBus,
        goals: NOTHING,
      }),
      ours("forAsync with a thread, emit(event) of 64 B", ourSends, {
        use: useAsyncBus,
        goals: NOTHING,
      }),
      ours("forFlow emit(event)", flowing([]), { use: useFlowBus, goals: NOTHING }),
      ours("forFlow emit(event), a stage", flowing([() => {}]), { use: useFlowBus }),
      control(),
      ...[...SYNC_PEERS, RX_SUBJECT, EMITTERY].map((kind) => peer(kind, emitter)),
    ],
  }],
  notes: [
    "Growth of V8's heap ÷ emits; Bun's heap statistics do not move with it, so it is not measurable there.",
    "0 is judged as below 0.5 B; emit(type, data) and topic.emit make the one event that handlers get.",
    "With a thread: in the thread that emits. A handler there that reads `event.data` gets an array of its own.",
    "A flow bus hands each stage an array of its batch: that is 8 B an event, and kept by nobody.",
  ],
};
