// Command beat-bench measures the Go original, github.com/uniyakcom/beat v1.1.2, in the shape of
// the subjects of ../questions: one engine per process, one line of JSON.
//
// It counts the events that were handled, never those that were handed in: the asynchronous
// engines lose some although neither Emit nor Drain reports an error.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"time"
)

const (
	samples = 12
	warmUp  = 120 * time.Millisecond
	// A chunk of the warm-up takes about this long, as in ../harness/timer.ts.
	chunk = time.Millisecond
	// Buses that are filled and drained to see what Drain leaves behind.
	drainTrials = 5
	drainEvents = 1000
)

// result is one line of the harness's Sample.
type result struct {
	Min       float64 `json:"min"`
	Median    float64 `json:"median"`
	Lost      *int64  `json:"lost,omitempty"`
	Of        *int64  `json:"of,omitempty"`
	DrainLost *int64  `json:"drain_lost,omitempty"`
	DrainOf   *int64  `json:"drain_of,omitempty"`
}

func main() {
	o := options{}
	flag.StringVar(&o.engine, "engine", "sync", "sync, deferred, async or flow")
	flag.IntVar(&o.handlers, "handlers", 1, "handlers on each type")
	flag.IntVar(&o.types, "types", 1, "types in rotation")
	flag.IntVar(&o.burst, "burst", 1, "events handed in before waiting for them")
	flag.IntVar(&o.batch, "batch", 0, "events a call of EmitBatch; 0 for Emit")
	seconds := flag.Float64("time", 0.2, "seconds of measurement")
	flag.Parse()

	r, err := measure(o, *seconds)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(r)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// measure warms up, finds how many rounds make a sample, and takes samples.
func measure(o options, seconds float64) (*result, error) {
	w, err := newWork(o)
	if err != nil {
		return nil, err
	}
	defer w.bus.Close()
	rounds := 1
	var spent time.Duration
	// By the wall clock: a round that loses events waits for them in vain, which no figure shows.
	for start := time.Now(); time.Since(start) < warmUp; {
		before := time.Now()
		w.run(rounds)
		if spent = time.Since(before); spent < chunk/2 {
			rounds *= 2
		}
	}
	want := seconds / samples
	rounds = max(1, int(math.Round(float64(rounds)*want/math.Max(spent.Seconds(), 1e-6))))

	w.lost, w.of = 0, 0
	perEvent := make([]float64, samples)
	for i := range perEvent {
		elapsed, handled := w.run(rounds)
		if handled == 0 {
			return nil, fmt.Errorf("%s handled none of its events", o.engine)
		}
		// Ten handlers on a type are ten calls, and one event.
		perEvent[i] = float64(elapsed.Nanoseconds()) * float64(o.handlers) / float64(handled)
	}
	slices.Sort(perEvent)
	r := &result{Min: perEvent[0], Median: (perEvent[samples/2-1] + perEvent[samples/2]) / 2}
	if o.queues() {
		r.Lost, r.Of = &w.lost, &w.of
		lost, err := lostByDrain(o)
		if err != nil {
			return nil, err
		}
		of := int64(drainTrials * drainEvents)
		r.DrainLost, r.DrainOf = &lost, &of
	} else if w.lost != 0 {
		return nil, fmt.Errorf("%s lost %d events", o.engine, w.lost)
	}
	return r, nil
}

// lostByDrain counts the events that were handled neither before Drain returned nil nor soon after.
func lostByDrain(o options) (int64, error) {
	var lost int64
	for range drainTrials {
		w, err := newWork(o)
		if err != nil {
			return 0, err
		}
		for sent := 0; sent < drainEvents; {
			sent += w.emit(drainEvents - sent)
		}
		if err := w.bus.Drain(5 * time.Second); err == nil {
			_, handled := w.settle(0, int64(drainEvents*o.handlers))
			lost += int64(drainEvents) - handled/int64(o.handlers)
		}
	}
	return lost, nil
}
