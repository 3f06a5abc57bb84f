/*
 * The death of a writer. It may come between any two steps, and the runtime may say that a thread
 * has ended which goes on. The supervisor publishes what the writer had completed, counts it, and
 * gives the ring to the next writer, while the reader goes on: it must get each completed event
 * once, whole and in order, and the count must be theirs.
 *
 * Mutants, which must be caught: RESPAWN_ON_EVENT (the event is believed, without the answer),
 * WRITTEN_FIRST (a frame counts as completed before it is), NOT_PUBLISHED (what was completed is
 * written over), NOT_COUNTED (what was completed and not counted stays so).
 */
#define SLOTS 2
#define EVENTS 3
#define WRITERS 3
#define NUMBERS 6       /* each death but the last may take one with it */

byte data[SLOTS];       /* 0: being written */
byte order[SLOTS];      /* how many events came before */
byte head;
byte published;
byte written;
byte counted;
byte number;            /* of the event that was emitted last */
bool completed[NUMBERS];
bool seen[NUMBERS];
byte writer;            /* the writer that the supervisor has started last */
bool reported;          /* the runtime says that it has ended */
bool stop[WRITERS];     /* it is asked to stop, which it sees between events */
bool answered[WRITERS]; /* nothing of it touches the ring any more */
bool gone[WRITERS];     /* it has really ended */
bool finished;

inline mayDie() {
  if
  :: me < WRITERS - 1 -> atomic { gone[me] = true; reported = true }; goto over
  :: me < WRITERS - 1 && !reported -> reported = true /* is said to have ended, and goes on */
  :: true
  fi
}

inline store() {
  data[tail % SLOTS] = 0;
  order[tail % SLOTS] = counted;
  mayDie();
  data[tail % SLOTS] = mine + 1;
  mayDie()
}

proctype Writer(byte me) {
  byte tail = published;
  byte mine;
  do
  :: stop[me] -> answered[me] = true; goto over
  :: !stop[me] && tail == EVENTS && published == EVENTS -> finished = true; goto over
  :: !stop[me] && tail < EVENTS && tail - head < SLOTS ->
    atomic { mine = number; number++ };
#ifdef WRITTEN_FIRST
    written = tail + 1;
    store();
    completed[mine] = true;
#else
    store();
    atomic { written = tail + 1; completed[mine] = true };
#endif
    mayDie();
    counted++;
    tail++;
    mayDie()
  :: published != tail -> published = tail /* at once, or after a batch */
  od;
over:
  gone[me] = true
}

proctype Supervisor() {
  do
  :: finished -> break
  :: reported && !finished && writer < WRITERS - 1 ->
#ifndef RESPAWN_ON_EVENT
    stop[writer] = true;
    (answered[writer] || gone[writer]);
    if
    :: finished -> break
    :: else
    fi;
#endif
#ifndef NOT_COUNTED
    if
    :: written != published -> counted = order[(written + SLOTS - 1) % SLOTS] + 1
    :: else
    fi;
#endif
#ifndef NOT_PUBLISHED
    published = written;
#endif
    reported = false;
    writer++;
    run Writer(writer)
  od
}

active proctype Reader() {
  byte last;
  byte now;
  do
  :: head == EVENTS -> break
  :: head != published ->
    now = data[head % SLOTS];
    assert(now > last);
    last = now;
    seen[now - 1] = true;
    head++
  od;
  (finished);
  assert(counted == EVENTS);
  now = 0;
  do
  :: now == NUMBERS -> break
  :: else -> assert(!completed[now] || seen[now]); now++
  od
}

init {
  atomic {
    run Supervisor();
    run Writer(0)
  }
}
