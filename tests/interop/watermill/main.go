// The other side of the interop tests: Watermill in Go, which publishes and consumes what a test asks for.
//
//	watermill-peer redis|nats|kafka|http publish|consume URL TOPIC COUNT
//
// What it consumes it prints as one JSON object a line; before that it prints "ready", and with http,
// where the URL is the address to listen at, the URL to post to.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	hooks "github.com/ThreeDotsLabs/watermill-http/v2/pkg/http"
	"github.com/ThreeDotsLabs/watermill-kafka/v3/pkg/kafka"
	"github.com/ThreeDotsLabs/watermill-nats/v2/pkg/nats"
	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/go-chi/chi"
	natsgo "github.com/nats-io/nats.go"
	"github.com/redis/go-redis/v9"
)

// seen is a message as a test compares it; Go writes bytes as base64.
type seen struct {
	UUID     string            `json:"uuid"`
	Metadata map[string]string `json:"metadata"`
	Payload  []byte            `json:"payload"`
}

var logger = watermill.NopLogger{}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(words []string) error {
	if len(words) != 5 {
		return fmt.Errorf("say broker, publish or consume, URL, topic, count")
	}
	broker, verb, address, topic := words[0], words[1], words[2], words[3]
	count, err := strconv.Atoi(words[4])
	if err != nil {
		return err
	}
	if verb == "publish" {
		out, err := publisher(broker, address)
		if err != nil {
			return err
		}
		return publish(out, topic, count)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 45*time.Second)
	defer cancel()
	if broker == "http" {
		return serve(ctx, address, topic, count)
	}
	in, err := subscriber(broker, address)
	if err != nil {
		return err
	}
	return consume(ctx, in, topic, count)
}

func publish(out message.Publisher, topic string, count int) error {
	for at := 0; at < count; at++ {
		payload := append([]byte("ü "+strconv.Itoa(at)), 0, 255)
		msg := message.NewMessage(fmt.Sprintf("go-%d", at), payload)
		msg.Metadata.Set("tenant", "Zürich")
		msg.Metadata.Set("number", strconv.Itoa(at))
		if err := out.Publish(topic, msg); err != nil {
			return err
		}
	}
	return out.Close()
}

func consume(ctx context.Context, in message.Subscriber, topic string, count int) error {
	messages, err := in.Subscribe(ctx, topic)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	return write(ctx, messages, count)
}

// serve consumes what is posted. The server is not that of watermill-http, which ends without its last answer.
func serve(ctx context.Context, address, topic string, count int) error {
	router := chi.NewRouter()
	in, err := hooks.NewSubscriber("", hooks.SubscriberConfig{Router: router}, logger)
	if err != nil {
		return err
	}
	messages, err := in.Subscribe(ctx, topic)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", hostOf(address))
	if err != nil {
		return err
	}
	server := &http.Server{Handler: router}
	go server.Serve(listener)
	fmt.Printf("ready http://%s\n", listener.Addr())
	if err := write(ctx, messages, count); err != nil {
		return err
	}
	return server.Shutdown(ctx)
}

// write acks messages and writes them down.
func write(ctx context.Context, messages <-chan *message.Message, count int) error {
	for left := count; left > 0; left-- {
		select {
		case msg, ok := <-messages:
			if !ok {
				return fmt.Errorf("%d of %d messages did not come", left, count)
			}
			line, err := json.Marshal(seen{msg.UUID, msg.Metadata, msg.Payload})
			if err != nil {
				return err
			}
			fmt.Println(string(line))
			msg.Ack()
		case <-ctx.Done():
			return fmt.Errorf("%d of %d messages did not come in time", left, count)
		}
	}
	return nil
}

func publisher(broker, address string) (message.Publisher, error) {
	switch broker {
	case "redis":
		client, err := redisClient(address)
		if err != nil {
			return nil, err
		}
		return redisstream.NewPublisher(redisstream.PublisherConfig{Client: client}, logger)
	case "nats":
		return nats.NewPublisher(nats.PublisherConfig{
			URL:       address,
			Marshaler: &nats.NATSMarshaler{},
			JetStream: nats.JetStreamConfig{AutoProvision: false},
		}, logger)
	case "kafka":
		return kafka.NewPublisher(kafka.PublisherConfig{
			Brokers:   []string{hostOf(address)},
			Marshaler: kafka.DefaultMarshaler{},
		}, logger)
	case "http":
		return hooks.NewPublisher(hooks.PublisherConfig{
			MarshalMessageFunc: func(topic string, msg *message.Message) (*http.Request, error) {
				return hooks.DefaultMarshalMessageFunc(address+"/"+topic, msg)
			},
		}, logger)
	}
	return nil, fmt.Errorf("there is no %s", broker)
}

func subscriber(broker, address string) (message.Subscriber, error) {
	switch broker {
	case "redis":
		client, err := redisClient(address)
		if err != nil {
			return nil, err
		}
		return redisstream.NewSubscriber(redisstream.SubscriberConfig{
			Client:        client,
			ConsumerGroup: "go",
			OldestId:      "0",
		}, logger)
	case "nats":
		return nats.NewSubscriber(nats.SubscriberConfig{
			URL:         address,
			Unmarshaler: &nats.NATSMarshaler{},
			JetStream: nats.JetStreamConfig{
				AutoProvision:    false,
				SubscribeOptions: []natsgo.SubOpt{natsgo.DeliverAll(), natsgo.AckExplicit()},
			},
		}, logger)
	case "kafka":
		config := kafka.DefaultSaramaSubscriberConfig()
		config.Consumer.Offsets.Initial = -2
		return kafka.NewSubscriber(kafka.SubscriberConfig{
			Brokers:               []string{hostOf(address)},
			Unmarshaler:           kafka.DefaultMarshaler{},
			OverwriteSaramaConfig: config,
			ConsumerGroup:         "go",
		}, logger)
	}
	return nil, fmt.Errorf("there is no %s", broker)
}

func redisClient(address string) (*redis.Client, error) {
	options, err := redis.ParseURL(address)
	if err != nil {
		return nil, err
	}
	return redis.NewClient(options), nil
}

// hostOf is the host and port of a URL, or the whole where there is no scheme.
func hostOf(address string) string {
	if parsed, err := url.Parse(address); err == nil && parsed.Host != "" {
		return parsed.Host
	}
	return address
}
