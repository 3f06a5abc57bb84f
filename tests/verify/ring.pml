/*
 * One ring: publishing, letting go, sleeping and waking. `ring_writer.ts`, `ring_reader.ts` and
 * `park.ts` in few words; positions wrap at 8 as theirs do at 2 ** 32.
 *
 * Spin runs all interleavings of these steps one after the other: it knows no weak memory. That a
 * store is seen after what was stored before it is argued in the comments of the code.
 *
 * Mutants, which must be caught: NO_RECHECK, NO_ROOM_RECHECK, PUBLISH_FIRST, HEAD_FIRST.
 */
#define SLOTS 2
#define EVENTS 5
#define WRAP 8

byte data[SLOTS];     /* 0: being written */
byte published = 6;   /* starts just below the wrap */
byte head = 6;
bool parkedReader, parkedWriter;
byte handled;

#define FULL ((published + WRAP - head) % WRAP == SLOTS)
#define EMPTY (published == head)

inline wake(park) {
  if
  :: park -> park = false
  :: else
  fi
}

active proctype writer() {
  byte event = 1;
  do
  :: event > EVENTS -> break
  :: else ->
    do
    :: !FULL -> break
    :: else ->
      parkedWriter = true;
#ifndef NO_ROOM_RECHECK
      if
      :: !FULL -> parkedWriter = false
      :: else -> (!parkedWriter)
      fi
#else
      (!parkedWriter)
#endif
    od;
#ifdef PUBLISH_FIRST
    published = (published + 1) % WRAP;
    data[((published + WRAP - 1) % WRAP) % SLOTS] = event;
#else
    data[published % SLOTS] = 0;
    data[published % SLOTS] = event;
    published = (published + 1) % WRAP;
#endif
    wake(parkedReader);
    event++
  od
}

active proctype reader() {
  byte seen;
  do
  :: handled == EVENTS -> break
  :: else ->
    do
    :: !EMPTY -> break
    :: else ->
      parkedReader = true;
#ifndef NO_RECHECK
      if
      :: !EMPTY -> parkedReader = false
      :: else -> (!parkedReader)
      fi
#else
      (!parkedReader)
#endif
    od;
#ifdef HEAD_FIRST
    head = (head + 1) % WRAP;
    seen = data[((head + WRAP - 1) % WRAP) % SLOTS];
#else
    seen = data[head % SLOTS];
    head = (head + 1) % WRAP;
#endif
    assert(seen == handled + 1);
    handled++;
    wake(parkedWriter)
  od
}
