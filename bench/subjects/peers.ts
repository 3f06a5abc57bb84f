/**
 * The peers behind one interface. A peer is loaded when it is made, so that a process only ever
 * runs the library that it measures.
 *
 * @module
 */
import type { BenchEvent } from "./events.ts";
import type { Handler } from "./handlers.ts";

/** A library ready to be measured. */
export interface Peer {
  /** The library's own object where its `emit` has this form: the loop calls it without a wrapper. */
  emitter: { emit(type: string, event: BenchEvent): unknown };
  /** Subscribes; returns what unsubscribes. */
  on(type: string, handler: Handler): () => void;
}

/** A library that can be made. */
export interface PeerKind {
  name: string;
  isolates: boolean;
  make(): Peer | Promise<Peer>;
  /** What makes it used, where the common way does not fit. */
  use?(): Promise<void>;
}

interface ClassicEmitter {
  emit(type: string, event: BenchEvent): unknown;
  on(type: string, handler: Handler): unknown;
  off(type: string, handler: Handler): unknown;
}

function classic(emitter: ClassicEmitter): Peer {
  return {
    emitter,
    on(type, handler) {
      emitter.on(type, handler);
      return () => void emitter.off(type, handler);
    },
  };
}

async function makeMitt(): Promise<Peer> {
  const mittModule = await import("mitt");
  // Its types say CommonJS, its files say ES module: the value is the function itself.
  const mitt = mittModule.default as unknown as typeof mittModule.default.default;
  return classic(mitt<Record<string, BenchEvent>>());
}

async function makeEventEmitter3(): Promise<Peer> {
  const { EventEmitter } = await import("eventemitter3");
  return classic(new EventEmitter());
}

async function makeTseep(): Promise<Peer> {
  const { EventEmitter } = await import("tseep");
  return classic(new EventEmitter<Record<string, Handler>>());
}

async function makeNodeEvents(): Promise<Peer> {
  const { EventEmitter } = await import("node:events");
  const emitter = new EventEmitter();
  emitter.setMaxListeners(0);
  return classic(emitter);
}

async function makeNanoEvents(): Promise<Peer> {
  const { createNanoEvents } = await import("nanoevents");
  const emitter = createNanoEvents<Record<string, Handler>>();
  return { emitter, on: (type, handler) => emitter.on(type, handler) };
}

function makeEventTarget(): Peer {
  const target = new EventTarget();
  return {
    emitter: {
      emit: (type, event) => target.dispatchEvent(new CustomEvent(type, { detail: event })),
    },
    on(type, handler) {
      const listener = (event: Event) => handler((event as CustomEvent<BenchEvent>).detail);
      target.addEventListener(type, listener);
      return () => target.removeEventListener(type, listener);
    },
  };
}

async function makeRxSubject(): Promise<Peer> {
  const { Subject } = await import("rxjs");
  const subject = new Subject<BenchEvent>();
  return {
    emitter: { emit: (_type, event) => subject.next(event) },
    on(_type, handler) {
      const subscription = subject.subscribe(handler);
      return () => subscription.unsubscribe();
    },
  };
}

/** Batches by size alone: `bufferTime` would also end them by age, by an interval that never stops. */
async function makeRxBuffer(): Promise<Peer> {
  const { bufferCount, Subject } = await import("rxjs");
  const subject = new Subject<BenchEvent>();
  const byType: Record<string, Handler[]> = Object.create(null);
  subject.pipe(bufferCount(100)).subscribe((batch) => {
    for (const event of batch) for (const handler of byType[event.type]!) handler(event);
  });
  return {
    emitter: { emit: (_type, event) => subject.next(event) },
    on(type, handler) {
      const list = byType[type] ??= [];
      list.push(handler);
      return () => void list.splice(list.indexOf(handler), 1);
    },
  };
}

async function makeEmittery(): Promise<Peer> {
  const { default: Emittery } = await import("emittery");
  const emitter = new Emittery<Record<string, BenchEvent["data"]>>();
  return {
    // Its listeners get { name, data }: with our data as its data a handler reads the same fields.
    emitter: { emit: (type, event) => emitter.emit(type, event.data) },
    on: (type, handler) => emitter.on(type, (event) => handler(event as unknown as BenchEvent)),
  };
}

/** Libraries that call handlers inside `emit`. */
export const SYNC_PEERS: readonly PeerKind[] = [
  { name: "mitt", isolates: false, make: makeMitt },
  { name: "eventemitter3", isolates: false, make: makeEventEmitter3 },
  { name: "nanoevents", isolates: false, make: makeNanoEvents },
  { name: "tseep", isolates: false, make: makeTseep },
  { name: "node:events", isolates: false, make: makeNodeEvents },
  { name: "EventTarget", isolates: true, make: makeEventTarget },
];

/** One stream for one type: fits only the questions with one type. */
export const RX_SUBJECT: PeerKind = {
  name: "RxJS Subject",
  isolates: true,
  make: makeRxSubject,
};

/** The same stream in arrays of 100, handed to handlers by type. */
export const RXJS_BUFFER: PeerKind = {
  name: "RxJS bufferCount(100)",
  isolates: false,
  make: makeRxBuffer,
};

/** The library that calls handlers later. */
export const EMITTERY: PeerKind = { name: "emittery", isolates: false, make: makeEmittery };

/** The peer that C is made of. */
export const NODE_EVENTS: PeerKind = SYNC_PEERS[4]!;
