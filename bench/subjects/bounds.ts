/**
 * Lower bounds in the form of a peer: what a call costs without any bus around it. `emit` is code
 * that all their users share, so that the used state spoils it as it spoils a library's.
 *
 * @module
 */
import { type BenchEvent, createShapes } from "./events.ts";
import { type Handler, otherHandlers } from "./handlers.ts";
import type { Peer, PeerKind } from "./peers.ts";
import { repeat } from "./used.ts";

function makeBareCall(): Peer {
  let bound: Handler = () => {};
  return {
    emitter: {
      emit(_type, event) {
        bound(event);
      },
    },
    on(_type, handler) {
      bound = handler;
      return () => {};
    },
  };
}

/** Binds the others in turn, because a bare call knows one handler at a time. */
async function useBareCall(): Promise<void> {
  const peer = makeBareCall();
  const events = createShapes("other.all");
  await repeat(() => {
    for (const handler of otherHandlers) {
      peer.on("other.all", handler);
      for (let i = 0; i < events.length; i++) peer.emitter.emit("other.all", events[i]!);
    }
  });
}

function makeBareLoop(): Peer {
  const list: Handler[] = [];
  return {
    emitter: {
      emit(_type, event) {
        for (let i = 0; i < list.length; i++) list[i]!(event);
      },
    },
    on(_type, handler) {
      list.push(handler);
      return () => void list.splice(list.indexOf(handler), 1);
    },
  };
}

function makeBareLookup(): Peer {
  const byType: Record<string, Handler> = Object.create(null);
  return {
    emitter: {
      emit(type, event) {
        byType[type]!(event);
      },
    },
    on(type, handler) {
      byType[type] = handler;
      return () => {};
    },
  };
}

function makeBareQueue(): Peer {
  const byType: Record<string, Handler> = Object.create(null);
  let queue: BenchEvent[] = [];
  function drain(): void {
    const events = queue;
    queue = [];
    for (let i = 0; i < events.length; i++) byType[events[i]!.type]!(events[i]!);
  }
  return {
    emitter: {
      emit(_type, event) {
        if (queue.push(event) === 1) queueMicrotask(drain);
      },
    },
    on(type, handler) {
      byType[type] = handler;
      return () => {};
    },
  };
}

/** One handler in a variable. */
export const BARE_CALL: PeerKind = {
  name: "bare call",
  isolates: false,
  make: makeBareCall,
  use: useBareCall,
};

/** An array drained in one microtask: no limit, no order of its own, no isolation. */
export const BARE_QUEUE: PeerKind = { name: "bare queue", isolates: false, make: makeBareQueue };

/** A list of handlers, without try. */
export const BARE_LOOP: PeerKind = { name: "bare loop", isolates: false, make: makeBareLoop };

/** One handler a type in an object without prototype. */
export const BARE_LOOKUP: PeerKind = {
  name: "bare look-up",
  isolates: false,
  make: makeBareLookup,
};
