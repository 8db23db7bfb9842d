package mediavault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	mediavault "github.com/wronai/mediavault-go"
	"github.com/wronai/mediavault-go/internal/vaulttest"
)

var allMedia = mediavault.Subscription{Channel: mediavault.ChannelMedia}

// pump gives the events of a stream one by one.
func pump(t *testing.T, stream *mediavault.Stream) func() *mediavault.Event {
	t.Helper()
	type result struct {
		event *mediavault.Event
		err   error
	}
	results := make(chan result)
	stop := make(chan struct{})
	t.Cleanup(func() {
		close(stop)
		stream.Close()
	})
	go func() {
		stream.Events()(func(event *mediavault.Event, err error) bool {
			select {
			case results <- result{event, err}:
				return true
			case <-stop:
				return false
			}
		})
	}()
	return func() *mediavault.Event {
		t.Helper()
		select {
		case one := <-results:
			ok(t, one.err)
			return one.event
		case <-time.After(30 * time.Second):
			t.Fatal("no event came")
			return nil
		}
	}
}

func TestEventsOfMediaAndCollections(t *testing.T) {
	client, ctx := newUser(t), testContext(t)
	stream := must(client.Realtime.Connect(ctx, allMedia, mediavault.Subscription{Channel: mediavault.ChannelCollections}))(t)
	next := pump(t, stream)
	media := upload(t, client, "a.txt", "content")
	event := next()
	me := must(client.Users.Me(ctx))(t)
	equal(t, "event", event.Event, mediavault.EventMediaUploaded)
	equal(t, "resource", event.ResourceID, media.ID)
	equal(t, "data", event.Data, mediavault.EventData{ID: media.ID, Type: string(media.Type), UserID: me.ID})
	if event.ID == "" || time.Since(event.Timestamp) > time.Hour {
		t.Fatalf("got %+v", event)
	}
	collection := must(client.Collections.Create(ctx, mediavault.CollectionOptions{Name: "all"}))(t)
	for event = next(); event.Channel != mediavault.ChannelCollections; event = next() {
		// A server that looks into files sends an event when it has done so.
		equal(t, "event", event.Event, mediavault.EventMediaUpdated)
	}
	equal(t, "event", event.Event, mediavault.EventCollectionCreated)
	equal(t, "resource", event.ResourceID, collection.ID)

	err := stream.Subscribe(ctx, mediavault.Subscription{Channel: mediavault.ChannelMedia, ResourceID: media.ID})
	if err == nil {
		t.Fatal("subscriptions overlap")
	}
	ok(t, stream.Unsubscribe(ctx, mediavault.ChannelCollections, ""))
	refused(t, stream.Subscribe(ctx, mediavault.Subscription{Channel: mediavault.ChannelCollections, ResourceID: "col_99999999"}), mediavault.ErrNotFound)
	refused(t, stream.Subscribe(ctx, mediavault.Subscription{Channel: "weather"}), mediavault.ErrValidation)
	if stream.Unsubscribe(ctx, mediavault.ChannelCollections, "") == nil {
		t.Fatal("what is not there was unsubscribed")
	}
	ok(t, stream.Subscribe(ctx, mediavault.Subscription{Channel: mediavault.ChannelCollections, ResourceID: collection.ID}))
	must(client.Collections.Create(ctx, mediavault.CollectionOptions{Name: "other"}))(t)
	ok(t, client.Collections.Delete(ctx, collection.ID))
	for event = next(); event.Channel != mediavault.ChannelCollections; event = next() {
		equal(t, "event", event.Event, mediavault.EventMediaUpdated)
	}
	equal(t, "event", event.Event, mediavault.EventCollectionDeleted)
}

func TestUploadsTellHowFarTheyAre(t *testing.T) {
	client, ctx := newUser(t), testContext(t)
	next := pump(t, must(client.Realtime.Connect(ctx, mediavault.Subscription{Channel: mediavault.ChannelUploads}))(t))
	body, source := io.Pipe()
	uploaded := make(chan error, 1)
	go func() {
		_, err := client.Media.Upload(ctx, body, "slow.bin", mediavault.UploadOptions{})
		uploaded <- err
	}()
	const pieces, size = 4, 50_000
	var last *mediavault.UploadProgress
	for i := range int64(pieces) {
		_, err := source.Write(make([]byte, size))
		ok(t, err)
		// A reader of forms keeps some bytes back until it knows that they are not the form's.
		for last == nil || last.Received < (i+1)*size-200 {
			event := next()
			equal(t, "event", event.Event, mediavault.EventUploadProgress)
			equal(t, "channel", event.Channel, mediavault.ChannelUploads)
			equal(t, "id", event.ID, "")
			equal(t, "data", event.Data, mediavault.EventData{ID: event.Upload.ID, UserID: event.Upload.UserID})
			if last != nil && (event.Upload.ID != last.ID || event.Upload.Received <= last.Received) {
				t.Fatalf("%+v came after %+v", event.Upload, last)
			}
			last = event.Upload
			equal(t, "resource", event.ResourceID, last.ID)
			equal(t, "status", last.Status, mediavault.UploadReceiving)
		}
	}
	ok(t, source.Close())
	ok(t, <-uploaded)
	for last.Status == mediavault.UploadReceiving {
		last = next().Upload
	}
	equal(t, "status", last.Status, mediavault.UploadReceived)
	equal(t, "received", last.Received, pieces*size)
	equal(t, "user", last.UserID, must(client.Users.Me(ctx))(t).ID)
	if last.StartedAt.IsZero() || time.Since(last.StartedAt) > time.Hour {
		t.Fatalf("it began at %v", last.StartedAt)
	}
	equal(t, "size", last.Size, nil)
	uploads := mediavault.Subscription{Channel: mediavault.ChannelUploads, ResourceID: last.ID}
	_, err := client.Realtime.Connect(ctx, uploads)
	refused(t, err, mediavault.ErrValidation)
}

func TestNothingIsMissedAndNothingComesTwice(t *testing.T) {
	needVault(t)
	proxy := vaulttest.NewProxy(t, shared.URL, nil)
	name, ctx := newAccount(t, shared.URL), testContext(t)
	client := newClient(t, proxy.URL, mediavault.WithLogin(name, password), quick)
	direct := newClient(t, shared.URL, mediavault.WithLogin(name, password))
	stream := must(client.Realtime.Connect(ctx, allMedia))(t)
	next := pump(t, stream)
	seen := map[string]int{}
	ids := map[string]bool{}
	const count = 60
	written := make(chan struct{})
	defer func() { <-written }()
	go func() {
		defer close(written)
		for i := range count {
			if i%10 == 5 {
				proxy.Break()
			}
			if _, err := direct.Media.Upload(ctx, strings.NewReader("content"), fmt.Sprint(i), mediavault.UploadOptions{}); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	for len(seen) < count {
		event := next()
		equal(t, "comes again", ids[event.ID], false)
		ids[event.ID] = true
		if event.Event == mediavault.EventMediaUploaded {
			seen[event.ResourceID]++
		}
	}
	equal(t, "connections", proxy.Count("GET", "/realtime") > 1, true)
}

func TestAnotherRunGoesOnFromTheLastEvent(t *testing.T) {
	client, ctx := newUser(t), testContext(t)
	first := must(client.Realtime.Connect(ctx, allMedia))(t)
	upload(t, client, "a", "1")
	last := pump(t, first)()
	ok(t, first.Close())
	first.Events()(func(_ *mediavault.Event, err error) bool {
		if err != nil {
			equal(t, "closed", errors.Is(err, mediavault.ErrClosed), true)
		}
		return true
	})
	missed := upload(t, client, "b", "2")
	client.Realtime.Events(ctx, mediavault.Subscription{Channel: mediavault.ChannelMedia, LastEventID: last.ID})(func(event *mediavault.Event, err error) bool {
		ok(t, err)
		if event.Event != mediavault.EventMediaUploaded {
			return true
		}
		equal(t, "missed", event.ResourceID, missed.ID)
		return false
	})
	// An id of another vault: what was missed cannot be known.
	client.Realtime.Events(ctx, mediavault.Subscription{Channel: mediavault.ChannelMedia, LastEventID: "event_999999999"})(func(event *mediavault.Event, err error) bool {
		ok(t, err)
		equal(t, "event", event.Event, mediavault.EventGap)
		return false
	})
}

func TestAStreamOutlivesItsToken(t *testing.T) {
	server := newServer(t, map[string]string{"sessions.access_lifetime": "4s"})
	client, ctx := newUserAt(t, server.URL, quick), testContext(t)
	proxy := vaulttest.NewProxy(t, server.URL, nil)
	must(client.Users.Me(ctx))(t)
	watcher := newClient(t, proxy.URL, mediavault.WithTokens(client.Auth.Tokens()), quick)
	next := pump(t, must(watcher.Realtime.Connect(ctx, allMedia))(t))
	time.Sleep(5 * time.Second)
	writer := newUserAt(t, server.URL)
	upload(t, writer, "of somebody else", "1")
	media := must(watcher.Media.Upload(ctx, strings.NewReader("2"), "b", mediavault.UploadOptions{}))(t)
	equal(t, "event", next().ResourceID, media.ID)
}

func TestStreamsThatAreRefused(t *testing.T) {
	client, ctx := newUser(t), testContext(t)
	wants := func(err error, code mediavault.Code) {
		t.Helper()
		if !errors.Is(err, code) {
			t.Fatalf("want %s, got %v", code, err)
		}
	}
	key := must(client.APIKeys.Create(ctx, mediavault.APIKeyOptions{Name: "w", Scopes: []mediavault.Scope{mediavault.ScopeWrite}}))(t)
	_, err := newClient(t, shared.URL, mediavault.WithAPIKey(key.Secret)).Realtime.Connect(ctx, allMedia)
	wants(err, mediavault.ErrForbidden)
	_, err = newClient(t, shared.URL, mediavault.WithAPIKey("cfa_wrong")).Realtime.Connect(ctx, allMedia)
	wants(err, mediavault.ErrUnauthorized)
	_, err = newClient(t, shared.URL).Realtime.Connect(ctx, allMedia)
	equal(t, "not logged in", errors.Is(err, mediavault.ErrNotLoggedIn), true)
	_, err = newClient(t, shared.URL+"/below", mediavault.WithAPIKey(key.Secret)).Realtime.Connect(ctx)
	if err == nil {
		t.Fatal("there is no vault at that path")
	}
	once := mediavault.WithRetry(mediavault.RetryPolicy{Attempts: 2, MinDelay: time.Millisecond})
	_, err = newClient(t, "http://127.0.0.1:1", mediavault.WithAPIKey("key"), once).Realtime.Connect(ctx)
	if err == nil {
		t.Fatal("there is no server at that port")
	}
	// A key that is revoked ends a stream.
	key = must(client.APIKeys.Create(ctx, mediavault.APIKeyOptions{Name: "r"}))(t)
	stream := must(newClient(t, shared.URL, mediavault.WithAPIKey(key.Secret), quick).Realtime.Connect(ctx, allMedia))(t)
	ok(t, client.APIKeys.Delete(ctx, key.ID))
	_, err = mediavault.Collect(stream.Events())
	wants(err, mediavault.ErrUnauthorized)
}

func TestTheEndOfTheContextEndsTheEvents(t *testing.T) {
	client := newUser(t)
	ctx, cancel := context.WithCancel(testContext(t))
	time.AfterFunc(300*time.Millisecond, cancel)
	count := 0
	client.Realtime.Events(ctx, allMedia)(func(_ *mediavault.Event, err error) bool {
		count++
		equal(t, "canceled", errors.Is(err, context.Canceled), true)
		return true
	})
	equal(t, "yielded", count, 1)
}

// A reader that stops reading is dropped by the vault, and told of everything later.
func TestASlowReaderMissesNothing(t *testing.T) {
	client, ctx := newUser(t, quick), testContext(t)
	stream := must(client.Realtime.Connect(ctx, allMedia))(t)
	const count = 150
	for i := range count {
		upload(t, client, fmt.Sprint(i), "x")
	}
	next := pump(t, stream)
	for seen := 0; seen < count; {
		if next().Event == mediavault.EventMediaUploaded {
			seen++
		}
	}
}
