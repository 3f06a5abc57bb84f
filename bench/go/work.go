package main

import (
	"fmt"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/uniyakcom/beat/core"
	"github.com/uniyakcom/beat/optimize"
)

// patience is how long no event may come before the rest of a burst counts as lost.
const patience = 50 * time.Millisecond

type options struct {
	engine   string
	handlers int
	types    int
	burst    int
	batch    int
}

// queues tells whether handlers run on other goroutines than Emit.
func (o options) queues() bool { return o.engine != "sync" }

// counter is as wide as a cache line, so that handlers on several threads don't slow each other.
type counter struct {
	shared atomic.Int64
	own    int64
	_      [48]byte
}

// work is a bus with its handlers, and the events to emit in turn.
type work struct {
	options
	bus      core.Bus
	events   []*core.Event
	counters []counter
	turn     int
	// Events of the bursts that never came, of all that were handed in.
	lost, of int64
}

// build makes the bus as the package's own entry points do and its own benchmarks configure it.
func build(engine string) (core.Bus, error) {
	impl, params := engine, map[string]interface{}{}
	switch engine {
	case "sync", "async":
	case "deferred":
		// The synchronous engine with a goroutine pool, which no entry point switches on.
		impl, params["poolsz"] = "sync", 20
	case "flow":
		// 100 ns, as the package's benchmarks have it; its default of 100 ms stalls every burst.
		params["batchsz"], params["batchTimeout"] = 100, time.Duration(100)
	default:
		return nil, fmt.Errorf("no engine %q", engine)
	}
	return optimize.Build(&optimize.Advised{Impl: impl, Params: params})
}

func newWork(o options) (*work, error) {
	bus, err := build(o.engine)
	if err != nil {
		return nil, err
	}
	w := &work{options: o, bus: bus, counters: make([]counter, o.types)}
	for i := range w.counters {
		eventType := "order.step" + strconv.Itoa(i)
		w.events = append(w.events, &core.Event{Type: eventType, Data: []byte("data")})
		for range o.handlers {
			bus.On(eventType, w.handler(&w.counters[i]))
		}
	}
	for len(w.events) < o.batch {
		w.events = append(w.events, w.events[len(w.events)%o.types])
	}
	return w, nil
}

// handler counts; an atomic addition is only paid where other goroutines run it.
func (w *work) handler(c *counter) core.Handler {
	if w.queues() {
		return func(*core.Event) error { c.shared.Add(1); return nil }
	}
	return func(*core.Event) error { c.own++; return nil }
}

func (w *work) handled() int64 {
	var sum int64
	for i := range w.counters {
		sum += w.counters[i].shared.Load() + w.counters[i].own
	}
	return sum
}

// emit hands in one event, or one batch of at most limit, and returns how many.
func (w *work) emit(limit int) int {
	if w.batch > 0 {
		n := min(limit, len(w.events))
		_ = w.bus.EmitBatch(w.events[:n])
		return n
	}
	_ = w.bus.Emit(w.events[w.turn])
	if w.turn++; w.turn == len(w.events) {
		w.turn = 0
	}
	return 1
}

// run does rounds of one burst each and waits for every burst. It returns the time until the last
// event was handled and the number of handler calls.
func (w *work) run(rounds int) (time.Duration, int64) {
	var elapsed time.Duration
	before := w.handled()
	if !w.queues() {
		start := time.Now()
		for range rounds {
			for sent := 0; sent < w.burst; {
				sent += w.emit(w.burst - sent)
			}
		}
		elapsed = time.Since(start)
		handled := w.handled() - before
		w.count(int64(rounds*w.burst), handled)
		return elapsed, handled
	}
	var total int64
	for range rounds {
		before = w.handled()
		start := time.Now()
		for sent := 0; sent < w.burst; {
			sent += w.emit(w.burst - sent)
		}
		end, handled := w.settle(before, int64(w.burst*w.handlers))
		elapsed += end.Sub(start)
		total += handled
		w.count(int64(w.burst), handled)
	}
	return elapsed, total
}

func (w *work) count(emitted, handled int64) {
	w.of += emitted
	w.lost += emitted - handled/int64(w.handlers)
}

// settle waits until the calls have come, or none has come for so long that they are lost.
func (w *work) settle(before, want int64) (time.Time, int64) {
	last, seen := time.Now(), int64(0)
	for {
		handled := w.handled() - before
		if handled > seen {
			last, seen = time.Now(), handled
		}
		if handled >= want || time.Since(last) > patience {
			return last, handled
		}
		runtime.Gosched()
	}
}
