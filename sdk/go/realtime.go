package mediavault

import (
	"context"
	"errors"
	"time"
)

// RealtimeService receives events while they happen.
type RealtimeService struct{ c *Client }

// Channel is a kind of events.
type Channel string

// The channels.
const (
	ChannelMedia       Channel = "media_updates"
	ChannelCollections Channel = "collection_updates"
	// ChannelUploads says how far the account's uploads are, whoever sends them. Its events have no
	// ID and are not kept: those of a broken connection do not come again. It has no ResourceID.
	ChannelUploads Channel = "upload_updates"
)

// EventUploadProgress is the event of [ChannelUploads]: a step of an upload, at most four a second.
const EventUploadProgress EventName = "upload.progress"

// UploadStatus is how an upload stands.
type UploadStatus string

// The states. The last event of an upload has one of the latter two.
const (
	UploadReceiving UploadStatus = "receiving"
	UploadReceived  UploadStatus = "received" // all bytes have come; the file is about to be stored
	UploadFailed    UploadStatus = "failed"
)

// UploadProgress is how far an upload is.
type UploadProgress struct {
	ID          string // upload_…
	UserID      string
	Status      UploadStatus
	Received    int64  // bytes of the file
	Size        *int64 // of the file; nil where it was not announced, as in forms
	RequestSize *int64 // of the request that brings it; nil where it was not announced
	StartedAt   time.Time
}

// EventGap stands, in a [Stream], for events that are kept no longer: read the lists again. It has
// Channel and ResourceID of the subscription, and no ID.
const EventGap EventName = "gap"

// Event is something that happened to the account's media or collections, or a step of an upload.
type Event struct {
	ID         string // Subscription.LastEventID of the next run; "" of ChannelUploads
	Channel    Channel
	ResourceID string // of the file, collection or upload
	Event      EventName
	Data       EventData
	Upload     *UploadProgress // of EventUploadProgress; else nil
	Timestamp  time.Time
}

// Subscription is what events are asked for.
type Subscription struct {
	Channel Channel
	// ResourceID is one file or one collection; "": all of the account. Subscriptions of a stream do
	// not overlap: either all of a channel, or single ones.
	ResourceID string
	// LastEventID has what came after that event sent first; "": only what happens from now on.
	LastEventID string
}

// Events subscribes, and yields events until the loop ends, the context does, or the vault refuses
// for good; the last one is the error then. A lost connection is made anew, and no event is missed or
// comes twice.
func (s *RealtimeService) Events(ctx context.Context, subscriptions ...Subscription) func(yield func(*Event, error) bool) {
	return func(yield func(*Event, error) bool) {
		stream, err := s.Connect(ctx, subscriptions...)
		if err != nil {
			yield(nil, err)
			return
		}
		defer stream.Close()
		stop := context.AfterFunc(ctx, func() { stream.end(context.Cause(ctx)) })
		defer stop()
		stream.Events()(yield)
	}
}

// Connect opens a stream with these subscriptions. The context is that of Connect alone: the stream
// goes on until it is closed.
func (s *RealtimeService) Connect(ctx context.Context, subscriptions ...Subscription) (*Stream, error) {
	stream := newStream(s.c)
	go stream.run()
	select {
	case <-stream.ready:
	case <-stream.done:
		return nil, stream.fault()
	case <-ctx.Done():
		stream.Close()
		return nil, context.Cause(ctx)
	}
	for _, subscription := range subscriptions {
		if err := stream.Subscribe(ctx, subscription); err != nil {
			stream.Close()
			return nil, err
		}
	}
	return stream, nil
}

// Subscribe asks for events and returns once the vault has agreed.
func (s *Stream) Subscribe(ctx context.Context, subscription Subscription) error {
	topic := topic{subscription.Channel, subscription.ResourceID}
	one := &subscribed{topic: topic, last: subscription.LastEventID, answer: make(chan error, 1)}
	s.mu.Lock()
	if s.overlaps(topic) {
		s.mu.Unlock()
		return errors.New("mediavault: the stream has a subscription to " + topic.String() + " already")
	}
	s.topics[topic] = one
	socket, answer, request := s.socket, one.answer, one.request()
	s.mu.Unlock()
	s.write(socket, request)
	err := s.await(ctx, answer)
	if err != nil {
		s.drop(one)
	}
	return err
}

// Unsubscribe ends a subscription.
func (s *Stream) Unsubscribe(ctx context.Context, channel Channel, resourceID string) error {
	topic := topic{channel, resourceID}
	s.mu.Lock()
	one := s.topics[topic]
	if one == nil {
		s.mu.Unlock()
		return errors.New("mediavault: the stream has no subscription to " + topic.String())
	}
	answer := make(chan error, 1)
	one.answer, one.isEnding = answer, true
	socket := s.socket
	s.mu.Unlock()
	s.write(socket, clientMessage{Type: "unsubscribe", Channel: channel, ResourceID: resourceID})
	return s.await(ctx, answer)
}

func (s *Stream) await(ctx context.Context, answer <-chan error) error {
	select {
	case err := <-answer:
		return err
	case <-s.done:
		return s.fault()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Events yields events until the stream ends; the last one is the error then. A reader that is slow
// holds the vault up, which then closes the connection; nothing is lost by that.
func (s *Stream) Events() func(yield func(*Event, error) bool) {
	return func(yield func(*Event, error) bool) {
		for {
			event, err := s.next()
			if !yield(event, err) || err != nil {
				return
			}
		}
	}
}

// next is the next event. What has been received comes before the error that ended the stream.
func (s *Stream) next() (*Event, error) {
	select {
	case event := <-s.events:
		return event, nil
	default:
	}
	select {
	case event := <-s.events:
		return event, nil
	case <-s.done:
		select {
		case event := <-s.events:
			return event, nil
		default:
			return nil, s.fault()
		}
	}
}

// Close ends the stream.
func (s *Stream) Close() error {
	s.end(ErrClosed)
	<-s.done
	return nil
}
