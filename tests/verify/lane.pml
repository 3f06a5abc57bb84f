/*
 * A lane: taking it, leaving it, dying with it, and where it ends. `lane.ts`, `lane_host.ts` and
 * `producer.ts` in few words. Two owners compete for one lane; one may die between any two steps,
 * and home takes the lane from it when it is gone for certain. Home may seal the lane at any time.
 * An event that its owner believes accepted must be handled once, one that it believes refused
 * never; one of an owner that died before it knew, at most once.
 *
 * Mutants, which must be caught: NO_EXCHANGE (the lane is looked at, then taken), JUDGE_FIRST (the
 * owner looks at the state before it publishes), END_FIRST (home notes the end before it tells that
 * it does), LEAVE_FIRST (the owner leaves before its last event is published), RECLAIM_ALIVE (home
 * takes the lane from a thread that goes on).
 */
#define OWNERS 2
#define EVENTS 2
#define PLACES 5

mtype = { NONE, LIVE, LEFT };
mtype owner = NONE;
mtype = { OPEN, SEALING, SEALED };
mtype state = OPEN;
byte data[PLACES];
byte published;
byte end;
byte next;                      /* home: what it reads next */
byte writers;                   /* how many write at this moment */
bool gone[OWNERS];
bool holds[OWNERS];
byte through;
mtype = { UNKNOWN, ACCEPTED, REFUSED };
mtype outcome[PLACES];
byte handled[PLACES];

#define LIMIT (state == SEALED -> end : published)

proctype Owner(byte me) {
  byte event, tail, number;
  bool isOpen;
#ifdef NO_EXCHANGE
  if
  :: owner == NONE -> skip
  :: state == SEALED -> goto over
  fi;
  owner = LIVE;
#else
  if
  :: atomic { owner == NONE -> owner = LIVE }
  :: state == SEALED -> goto over
  fi;
#endif
  atomic { holds[me] = true; writers++; assert(writers == 1) };
  tail = published;
  do
  :: event == EVENTS -> break
  :: event < EVENTS ->
    number = me * EVENTS + event + 1;
    if
    :: goto dead
    :: true
    fi;
    data[tail] = number;
    tail++;
#ifdef JUDGE_FIRST
    isOpen = (state == OPEN);
#endif
#ifdef LEAVE_FIRST
    if
    :: event == EVENTS - 1 -> owner = LEFT
    :: else
    fi;
#endif
    if
    :: goto dead
    :: true
    fi;
    published = tail;
    if
    :: goto dead
    :: true
    fi;
#ifndef JUDGE_FIRST
    isOpen = (state == OPEN);
#endif
    if
    :: isOpen -> outcome[number] = ACCEPTED
    :: else ->
      (state == SEALED);
      if
      :: end >= tail -> outcome[number] = ACCEPTED
      :: else -> outcome[number] = REFUSED; break
      fi
    fi;
    event++
  od;
  atomic { holds[me] = false; writers-- };
#ifndef LEAVE_FIRST
  owner = LEFT;
#endif
  goto over;
dead:
  atomic { gone[me] = true; writers-- };
over:
  through++
}

proctype Home() {
  byte at;
  bool left;
  do
  :: next < LIMIT -> handled[data[next]]++; next++
  :: left = (owner == LEFT);
    if
    :: left && !(next < LIMIT) -> owner = NONE
    :: else
    fi
#ifdef RECLAIM_ALIVE
  :: owner == LIVE && (holds[0] || holds[1]) -> holds[0] = false; holds[1] = false; owner = LEFT
#else
  :: owner == LIVE && gone[0] && holds[0] -> holds[0] = false; owner = LEFT
  :: owner == LIVE && gone[1] && holds[1] -> holds[1] = false; owner = LEFT
#endif
  :: state == OPEN ->
#ifdef END_FIRST
    end = published;
    state = SEALING;
#else
    state = SEALING;
    end = published;
#endif
    state = SEALED
  :: state == SEALED && through == OWNERS && !(next < LIMIT) -> break
  od;
  at = 1;
  do
  :: at == PLACES -> break
  :: else ->
    assert(handled[at] <= 1);
    assert(outcome[at] != ACCEPTED || handled[at] == 1);
    assert(outcome[at] != REFUSED || handled[at] == 0);
    at++
  od
}

init {
  atomic {
    outcome[1] = UNKNOWN; outcome[2] = UNKNOWN; outcome[3] = UNKNOWN; outcome[4] = UNKNOWN;
    run Home();
    run Owner(0);
    run Owner(1)
  }
}
