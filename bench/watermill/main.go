// Command beat-bench-watermill measures the router of Watermill v1.5.1 on its Go channels, in the
// shape of the subjects of ../questions/messages.ts: one form per process, one line of JSON.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"
)

const (
	topic   = "orders"
	samples = 12
	warmUp  = 200 * time.Millisecond
	// As many as the subjects of this project have.
	payloadSize = 64
	call        = 100
	burst       = 1000
	// How long no message may come before the rest of a burst counts as lost.
	patience = 2 * time.Second
)

// result is one line of the harness's Sample.
type result struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Lost   int64   `json:"lost"`
	Of     int64   `json:"of"`
}

// work is a router with one handler, and the messages to publish.
type work struct {
	channel  *gochannel.GoChannel
	router   *message.Router
	messages []*message.Message
	handled  atomic.Int64
	lost, of int64
}

func main() {
	blocking := flag.Bool("blocking", false, "Publish waits for the ack of each message")
	middlewares := flag.Int("middlewares", 0, "middlewares that pass everything through")
	seconds := flag.Float64("time", 0.2, "seconds of measurement")
	flag.Parse()

	r, err := measure(*blocking, *middlewares, *seconds)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(r)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func newWork(blocking bool, middlewares int) (*work, error) {
	logger := watermill.NopLogger{}
	w := &work{channel: gochannel.NewGoChannel(gochannel.Config{
		OutputChannelBuffer:            1024,
		BlockPublishUntilSubscriberAck: blocking,
	}, logger)}
	router, err := message.NewRouter(message.RouterConfig{}, logger)
	if err != nil {
		return nil, err
	}
	w.router = router
	for range middlewares {
		router.AddMiddleware(func(next message.HandlerFunc) message.HandlerFunc {
			return func(m *message.Message) ([]*message.Message, error) { return next(m) }
		})
	}
	router.AddConsumerHandler("count", topic, w.channel, func(m *message.Message) error {
		w.handled.Add(int64(len(m.Payload) / payloadSize))
		return nil
	})
	payload := make([]byte, payloadSize)
	for range call {
		w.messages = append(w.messages, message.NewMessage(watermill.NewUUID(), payload))
	}
	go router.Run(context.Background())
	<-router.Running()
	return w, nil
}

// run publishes bursts, and waits until each is handled. It returns the time and the handled.
func (w *work) run(rounds int) (time.Duration, int64, error) {
	begin := w.handled.Load()
	start := time.Now()
	for range rounds {
		target := w.handled.Load() + burst
		for range burst / call {
			if err := w.channel.Publish(topic, w.messages...); err != nil {
				return 0, 0, err
			}
		}
		w.settle(target)
	}
	elapsed := time.Since(start)
	handled := w.handled.Load() - begin
	expected := int64(rounds * burst)
	w.of += expected
	w.lost += expected - handled
	return elapsed, handled, nil
}

func (w *work) settle(target int64) {
	deadline := time.Now().Add(patience)
	for w.handled.Load() < target && time.Now().Before(deadline) {
		// Gives its thread to the handler: a sleep would be billed.
		runtime.Gosched()
	}
}

// measure warms up, finds how many rounds make a sample, and takes samples.
func measure(blocking bool, middlewares int, seconds float64) (*result, error) {
	w, err := newWork(blocking, middlewares)
	if err != nil {
		return nil, err
	}
	defer w.router.Close()
	var spent time.Duration
	for start := time.Now(); time.Since(start) < warmUp; {
		if spent, _, err = w.run(1); err != nil {
			return nil, err
		}
	}
	rounds := max(1, int(math.Round(seconds/samples/math.Max(spent.Seconds(), 1e-6))))
	w.lost, w.of = 0, 0
	perMessage := make([]float64, samples)
	for i := range perMessage {
		elapsed, handled, err := w.run(rounds)
		if err != nil {
			return nil, err
		}
		if handled == 0 {
			return nil, fmt.Errorf("none of the messages was handled")
		}
		perMessage[i] = float64(elapsed.Nanoseconds()) / float64(handled)
	}
	slices.Sort(perMessage)
	median := (perMessage[samples/2-1] + perMessage[samples/2]) / 2
	return &result{Min: perMessage[0], Median: median, Lost: w.lost, Of: w.of}, nil
}
