/*
 * The death of a reader. It may come between any two steps, and the runtime may say that a thread
 * has ended which goes on: on Deno that is so after `terminate()`. The supervisor gives the ring to
 * the next reader; every event must be handled once, or handled at most once and named in doubt.
 *
 * Mutants, which must be caught: RESPAWN_ON_EVENT (the event is believed, without the answer),
 * STARTED_IS_READY (what had begun is begun again), HEAD_BEFORE_DONE (the head passes what has
 * begun, so that nobody can name it).
 */
#define EVENTS 3
#define READERS 3

mtype = { READY, STARTED, DONE };
mtype mark[EVENTS];
byte handled[EVENTS];   /* how often a handler has run to its end */
byte begun[EVENTS];     /* how often one has begun */
bool doubt[EVENTS];
byte head;
byte reader;            /* the reader that the supervisor has started last */
bool reported;          /* the runtime says that it has ended */
bool stop[READERS];     /* it is asked to stop, which it sees between events */
bool answered[READERS]; /* nothing of it touches the ring any more */
bool gone[READERS];     /* it has really ended */
bool finished;

proctype Reader(byte me) {
  byte next = head;
  do
  :: stop[me] -> answered[me] = true; goto over
  :: !stop[me] && next < EVENTS && mark[next] == DONE -> next++
  :: !stop[me] && next < EVENTS && mark[next] != DONE ->
    mark[next] = STARTED;
#ifdef HEAD_BEFORE_DONE
    head = next + 1;
#endif
    begun[next]++;
    if
    :: me < READERS - 1 -> atomic { gone[me] = true; reported = true }; goto over /* dies in its handler */
    :: me < READERS - 1 && !reported -> reported = true /* is said to have ended, and goes on */
    :: true
    fi;
    handled[next]++;
    mark[next] = DONE;
    next++;
#ifndef HEAD_BEFORE_DONE
    head = next
#endif
  :: !stop[me] && next == EVENTS -> finished = true; goto over
  od;
over:
  gone[me] = true
}

proctype Supervisor() {
  byte at;
  do
  :: finished -> break
  :: reported && !finished && reader < READERS - 1 ->
#ifndef RESPAWN_ON_EVENT
    stop[reader] = true;
    (answered[reader] || gone[reader]);
    if
    :: finished -> break
    :: else
    fi;
#endif
    at = head;
    do
    :: at == EVENTS -> break
    :: else ->
      if
      :: mark[at] == STARTED ->
#ifdef STARTED_IS_READY
        mark[at] = READY
#else
        doubt[at] = true;
        mark[at] = DONE
#endif
      :: else
      fi;
      at++
    od;
    reported = false;
    reader++;
    run Reader(reader)
  od;
  at = 0;
  do
  :: at == EVENTS -> break
  :: else ->
    assert(begun[at] <= 1);
    assert(handled[at] == 1 || doubt[at]);
    at++
  od
}

init {
  byte at;
  atomic {
    do
    :: at == EVENTS -> break
    :: else -> mark[at] = READY; at++
    od;
    run Supervisor();
    run Reader(0)
  }
}
