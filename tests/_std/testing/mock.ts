/**
 * Typed stand-in for `@std/testing/mock`: spies, stubs and their assertions.
 *
 * @module
 */

import { equal } from "../assert/equal.ts";
import { AssertionError } from "../assert/assertion_error.ts";
import { format } from "../assert/_format.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

/** A mistake in the use of a spy or a stub. */
export class MockError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "MockError";
  }
}

/** One recorded call. */
export interface SpyCall<Self = Any, Args extends unknown[] = Any[], Return = Any> {
  /** The arguments. */
  args: Args;
  /** The value returned, unless it threw. */
  returned?: Return;
  /** What was thrown. */
  error?: Error;
  /** The `this` of the call. */
  self?: Self;
}

/** A function that records its calls. */
export interface Spy<Self = Any, Args extends unknown[] = Any[], Return = Any> {
  (this: Self, ...args: Args): Return;
  /** The function behind the spy. */
  original: (this: Self, ...args: Args) => Return;
  /** All calls, in order. */
  calls: SpyCall<Self, Args, Return>[];
  /** Whether the original method was put back. */
  restored: boolean;
  /** Puts the original method back. */
  restore(): void;
}

/** A {@linkcode Spy} in the place of a method. */
export interface MethodSpy<Self = Any, Args extends unknown[] = Any[], Return = Any>
  extends Spy<Self, Args, Return>, Disposable {}

/** A {@linkcode MethodSpy} that does something else than the method. */
export interface Stub<Self = Any, Args extends unknown[] = Any[], Return = Any>
  extends MethodSpy<Self, Args, Return> {
  /** What runs in place of the method. */
  fake: (this: Self, ...args: Args) => Return;
}

type ArgsOf<Self, Key extends keyof Self> = Self[Key] extends (...args: infer Args) => unknown
  ? Args
  : never;
type ReturnOf<Self, Key extends keyof Self> = Self[Key] extends (...args: Any) => infer Return
  ? Return
  : never;

function record<Self, Args extends unknown[], Return>(
  original: (this: Self, ...args: Args) => Return,
  behaviour: (this: Self, ...args: Args) => Return,
  putBack: () => void,
): MethodSpy<Self, Args, Return> {
  const calls: SpyCall<Self, Args, Return>[] = [];
  const recorder = function (this: Self, ...args: Args): Return {
    const call: SpyCall<Self, Args, Return> = { args };
    if (this) call.self = this;
    calls.push(call);
    try {
      return call.returned = behaviour.apply(this, args);
    } catch (error) {
      call.error = error as Error;
      throw error;
    }
  };
  const restore = () => {
    if (spy.restored) throw new MockError("Cannot restore: the method is already restored");
    putBack();
    spy.restored = true;
  };
  const spy = Object.assign(recorder, {
    original,
    calls,
    restored: false,
    restore,
    [Symbol.dispose]: () => {
      if (!spy.restored) restore();
    },
  });
  return spy;
}

function replaceMethod<Self extends object>(
  self: Self,
  property: keyof Self,
  fake?: (...args: Any[]) => Any,
): MethodSpy {
  const original = self[property] as Any;
  if (typeof original !== "function") {
    throw new MockError(`Cannot spy as property '${String(property)}' is not a method`);
  }
  const own = Object.getOwnPropertyDescriptor(self, property);
  const putBack = () => {
    if (own) Object.defineProperty(self, property, own);
    else delete self[property];
  };
  const spy = record(original, fake ?? original, putBack);
  Object.defineProperty(self, property, {
    value: spy,
    configurable: true,
    writable: true,
    enumerable: own?.enumerable ?? false,
  });
  return spy;
}

/** Makes a function that records its calls and does nothing. */
export function spy<Self = Any, Args extends unknown[] = Any[]>(): Spy<Self, Args, undefined>;
/** Makes a function that records its calls and does what `fn` does. */
export function spy<Self, Args extends unknown[], Return>(
  fn: (this: Self, ...args: Args) => Return,
): Spy<Self, Args, Return>;
/** Records the calls of a method. */
export function spy<Self extends object, Key extends keyof Self>(
  self: Self,
  property: Key,
): MethodSpy<Self, ArgsOf<Self, Key>, ReturnOf<Self, Key>>;
export function spy(target?: Any, property?: PropertyKey): Any {
  if (property !== undefined) return replaceMethod(target, property);
  const fn = target ?? (() => undefined);
  return record(fn, fn, () => {
    throw new MockError("Cannot restore: the function is no method");
  });
}

/** Replaces a method by one that does nothing. */
export function stub<Self extends object, Key extends keyof Self>(
  self: Self,
  property: Key,
): Stub<Self, ArgsOf<Self, Key>, ReturnOf<Self, Key>>;
/** Replaces a method by `fn`. */
export function stub<Self extends object, Key extends keyof Self>(
  self: Self,
  property: Key,
  fn: (this: Self, ...args: ArgsOf<Self, Key>) => ReturnOf<Self, Key>,
): Stub<Self, ArgsOf<Self, Key>, ReturnOf<Self, Key>>;
export function stub(self: Any, property: PropertyKey, fn?: Any): Any {
  const fake = fn ?? (() => undefined);
  return Object.assign(replaceMethod(self, property, fake), { fake });
}

/** Fails unless `spy` was called `expectedCalls` times. */
export function assertSpyCalls(spy: Spy, expectedCalls: number): void {
  if (spy.calls.length === expectedCalls) return;
  const args = spy.calls.map((call) => call.args);
  throw new AssertionError(
    `Expected ${expectedCalls} calls of the spy, got ${spy.calls.length}: ${format(args)}`,
  );
}

/** What {@linkcode assertSpyCall} compares; what is absent is not looked at. */
export interface ExpectedSpyCall<Self = Any, Args extends unknown[] = Any[], Return = Any> {
  /** The arguments. */
  args?: [...Args, ...unknown[]];
  /** The `this` of the call. */
  self?: Self;
  /** The value returned; a promise is not awaited. */
  returned?: Return;
  /** The error thrown. */
  error?: {
    /** Its class. */
    // deno-lint-ignore no-explicit-any
    Class?: new (...args: any[]) => Error;
    /** A part of its message. */
    msgIncludes?: string;
  };
}

/** Fails unless the call number `callIndex` of `spy` is as expected. */
export function assertSpyCall<Self, Args extends unknown[], Return>(
  spy: Spy<Self, Args, Return>,
  callIndex: number,
  expected: ExpectedSpyCall<Self, Args, Return> = {},
): void {
  const call = spy.calls[callIndex];
  if (call === undefined) {
    throw new AssertionError(
      `Expected call ${callIndex} of the spy, got ${spy.calls.length} calls`,
    );
  }
  for (const part of ["args", "self", "returned"] as const) {
    if (!(part in expected) || equal(call[part], expected[part])) continue;
    throw new AssertionError(
      `Call ${callIndex} has unexpected '${part}': ${format(call[part])} in place of ${
        format(expected[part])
      }`,
    );
  }
  if (expected.error !== undefined) checkError(call.error, callIndex, expected.error);
}

function checkError(
  thrown: unknown,
  callIndex: number,
  { Class = Error, msgIncludes = "" }: NonNullable<ExpectedSpyCall["error"]>,
): void {
  if (thrown instanceof Class && thrown.message.includes(msgIncludes)) return;
  throw new AssertionError(
    `Call ${callIndex} was to throw ${Class.name} with ${format(msgIncludes)}, got ${
      format(thrown)
    }`,
  );
}
