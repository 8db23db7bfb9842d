package mediavault

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// Stream is a connection for events, which is made anew when it breaks. It may be used by any number
// of goroutines.
type Stream struct {
	c      *Client
	ctx    context.Context
	end    context.CancelCauseFunc
	events chan *Event
	ready  chan struct{} // closed once it was connected
	done   chan struct{} // closed at its end
	err    error         // that it ended with; read once done is closed
	full   atomic.Bool   // events wait for their reader

	mu       sync.Mutex
	topics   map[topic]*subscribed
	socket   *websocket.Conn // authenticated; nil: not connected
	refusals int             // of the token, one after another
}

// topic is what a subscription is to.
type topic struct {
	channel  Channel
	resource string // "": all
}

func (t topic) String() string {
	if t.resource == "" {
		return string(t.channel)
	}
	return string(t.channel) + " of " + t.resource
}

// subscribed is a subscription, on the way or agreed.
type subscribed struct {
	topic    topic
	last     string     // id of the last event of it; "": none yet
	answer   chan error // of the call that waits for the vault; nil: none does
	isEnding bool
}

func (s *subscribed) request() clientMessage {
	return clientMessage{Type: "subscribe", Channel: s.topic.channel, ResourceID: s.topic.resource, LastEventID: s.last}
}

// reply ends the call that waits, if any.
func (s *subscribed) reply(err error) bool {
	if s.answer == nil {
		return false
	}
	s.answer <- err
	s.answer = nil
	return true
}

type clientMessage struct {
	Type        string  `json:"type"`
	Token       string  `json:"token,omitempty"`
	APIKey      string  `json:"api_key,omitempty"`
	Channel     Channel `json:"channel,omitempty"`
	ResourceID  string  `json:"resource_id,omitempty"`
	LastEventID string  `json:"last_event_id,omitempty"`
}

type serverMessage struct {
	Type        string       `json:"type"`
	ID          string       `json:"id"`
	Channel     Channel      `json:"channel"`
	ResourceID  string       `json:"resource_id"`
	Event       EventName    `json:"event"`
	Data        messageData  `json:"data"`
	Timestamp   time.Time    `json:"timestamp"`
	LastEventID string       `json:"last_event_id"`
	Gap         bool         `json:"gap"`
	ExpiresAt   *time.Time   `json:"expires_at"`
	Code        Code         `json:"code"`
	Message     string       `json:"message"`
	Details     []FieldError `json:"details"`
}

// messageData is the data of any event.
type messageData struct {
	EventData
	Status      UploadStatus `json:"status"`
	Received    int64        `json:"received"`
	Size        *int64       `json:"size"`
	RequestSize *int64       `json:"request_size"`
	StartedAt   time.Time    `json:"started_at"`
}

func (m *serverMessage) event() *Event {
	event := &Event{
		ID:         m.ID,
		Channel:    m.Channel,
		ResourceID: m.ResourceID,
		Event:      m.Event,
		Data:       m.Data.EventData,
		Timestamp:  m.Timestamp,
	}
	if m.Event == EventUploadProgress {
		event.Upload = &UploadProgress{
			ID:          m.Data.ID,
			UserID:      m.Data.UserID,
			Status:      m.Data.Status,
			Received:    m.Data.Received,
			Size:        m.Data.Size,
			RequestSize: m.Data.RequestSize,
			StartedAt:   m.Data.StartedAt,
		}
	}
	return event
}

func (m *serverMessage) error() *APIError {
	return &APIError{Code: m.Code, Message: m.Message, Details: m.Details, Method: "WebSocket", Path: "/realtime"}
}

const (
	eventBuffer       = 64
	messageMax        = 1 << 20
	pingEvery         = 30 * time.Second
	refusalsMax       = 3
	pingWithin        = 15 * time.Second
	closeForbidden    = websocket.StatusCode(4403)
	closeUnauthorized = websocket.StatusCode(4401)
)

func newStream(c *Client) *Stream {
	ctx, end := context.WithCancelCause(context.Background())
	return &Stream{
		c:      c,
		ctx:    ctx,
		end:    end,
		events: make(chan *Event, eventBuffer),
		ready:  make(chan struct{}),
		done:   make(chan struct{}),
		topics: map[topic]*subscribed{},
	}
}

func (s *Stream) fault() error {
	<-s.done
	return s.err
}

// overlaps says whether a subscription has events in common with one that is there. REQUIRES: mu.
func (s *Stream) overlaps(with topic) bool {
	for one := range s.topics {
		if one.channel == with.channel && (one.resource == with.resource || one.resource == "" || with.resource == "") {
			return true
		}
	}
	return false
}

func (s *Stream) drop(one *subscribed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.topics[one.topic] == one {
		delete(s.topics, one.topic)
	}
}

// run connects, again and again, until the stream is ended or refused for good.
func (s *Stream) run() {
	defer close(s.done)
	defer s.end(nil)
	isReady := false
	for failures := 0; ; {
		wasConnected, err := s.serve()
		if s.ctx.Err() != nil {
			s.err = context.Cause(s.ctx)
			return
		}
		if wasConnected {
			failures = 0
			isReady = true
		}
		failures++
		if isFinal(err) {
			s.err = err
			return
		}
		wait, again := s.c.retry.delay(failures, err)
		if !again {
			// A stream that was connected once waits for as long as it takes.
			if !isReady {
				s.err = err
				return
			}
			wait = s.c.retry.backoff(failures)
		}
		s.c.log.WarnContext(s.ctx, "mediavault: stream connects again", "wait", wait, "error", err)
		if err := sleep(s.ctx, wait, nil); err != nil {
			s.err = context.Cause(s.ctx)
			return
		}
	}
}

// errFinal marks the end of a connection that another one would not change.
var errFinal = errors.New("refused")

func isFinal(err error) bool {
	var refusal *APIError
	if errors.As(err, &refusal) && refusal.Status != 0 {
		switch refusal.Status {
		case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return false
		}
		return true
	}
	return errors.Is(err, errFinal) || errors.Is(err, ErrNotLoggedIn)
}

// serve makes one connection and reads it to its end, and says whether it was authenticated.
func (s *Stream) serve() (bool, error) {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	auth, err := s.credentials(ctx)
	if err != nil {
		return false, err
	}
	socket, err := s.dial(ctx)
	if err != nil {
		return false, err
	}
	defer socket.CloseNow()
	if err := sendMessage(ctx, socket, auth); err != nil {
		return false, err
	}
	var refusal *APIError
	wasConnected := false
	for {
		message, err := s.receive(ctx, socket, wasConnected)
		if err != nil {
			s.setSocket(nil)
			return wasConnected, s.closed(ctx, auth, refusal, err)
		}
		switch message.Type {
		case "authenticated":
			if !wasConnected {
				wasConnected = true
				s.connected(ctx, socket)
				go s.keepAlive(ctx, socket, auth.Token, message.ExpiresAt)
			}
		case "error":
			if !s.refused(ctx, message) {
				refusal = message.error()
			}
		default:
			s.handle(ctx, message)
		}
	}
}

func (s *Stream) setSocket(socket *websocket.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.socket = socket
}

// credentials are the first message.
func (s *Stream) credentials(ctx context.Context) (clientMessage, error) {
	auth := clientMessage{Type: "auth", APIKey: s.c.auth.apiKey}
	if auth.APIKey != "" {
		return auth, nil
	}
	token, err := s.c.auth.token(ctx)
	auth.Token = token
	return auth, err
}

func (s *Stream) dial(ctx context.Context) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, s.c.timeout)
	defer cancel()
	socket, response, err := websocket.Dial(ctx, s.c.realtime, &websocket.DialOptions{
		HTTPClient: s.c.http,
		HTTPHeader: http.Header{"User-Agent": {s.c.userAgent}},
	})
	if err == nil {
		socket.SetReadLimit(messageMax)
		return socket, nil
	}
	if response != nil && response.StatusCode != http.StatusSwitchingProtocols {
		if response.Body == nil {
			response.Body = io.NopCloser(http.NoBody)
		}
		return nil, readError(http.MethodGet, "/realtime", response, time.Now())
	}
	return nil, fmt.Errorf("mediavault: stream: %w: %w", errLost, err)
}

func sendMessage(ctx context.Context, socket *websocket.Conn, message clientMessage) error {
	text, err := json.Marshal(message)
	if err == nil {
		err = socket.Write(ctx, websocket.MessageText, text)
	}
	if err != nil {
		return fmt.Errorf("mediavault: stream: %w: %w", errLost, err)
	}
	return nil
}

// receive reads one message. Before it is authenticated, an answer is due.
func (s *Stream) receive(ctx context.Context, socket *websocket.Conn, isConnected bool) (*serverMessage, error) {
	if !isConnected {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.c.timeout)
		defer cancel()
	}
	_, text, err := socket.Read(ctx)
	if err != nil {
		return nil, err
	}
	message := &serverMessage{}
	return message, json.Unmarshal(text, message)
}

// connected asks for everything that was subscribed to, from where it was left.
func (s *Stream) connected(ctx context.Context, socket *websocket.Conn) {
	s.mu.Lock()
	s.socket, s.refusals = socket, 0
	var topics []*subscribed
	for _, one := range s.topics {
		if one.isEnding {
			delete(s.topics, one.topic)
			one.reply(nil)
			continue
		}
		topics = append(topics, one)
	}
	slices.SortFunc(topics, func(a, b *subscribed) int { return cmp.Compare(a.topic.String(), b.topic.String()) })
	var requests []clientMessage
	for _, one := range topics {
		requests = append(requests, one.request())
	}
	s.mu.Unlock()
	for _, request := range requests {
		// Where it fails, so does the next Read.
		_ = sendMessage(ctx, socket, request)
	}
	select {
	case <-s.ready:
	default:
		close(s.ready)
	}
}

// write sends a message by socket; nil: there is no connection. If there is none, or it breaks, the
// next one asks for the subscriptions as they are then.
func (s *Stream) write(socket *websocket.Conn, message clientMessage) {
	if socket != nil {
		_ = sendMessage(s.ctx, socket, message)
	}
}

// keepAlive pings, and authenticates again before the token ends. expiresAt is the vault's word on
// that.
func (s *Stream) keepAlive(ctx context.Context, socket *websocket.Conn, token string, expiresAt *time.Time) {
	var due <-chan time.Time
	schedule := func() {
		due = nil
		if wait := s.c.auth.renewIn(expiresAt); token != "" && wait > 0 {
			due = time.After(wait)
		}
	}
	schedule()
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-due:
			due = nil
			if s.c.auth.renew(ctx, token) != nil {
				continue // the vault closes the connection when the token ends
			}
			auth, err := s.credentials(ctx)
			if err != nil {
				continue
			}
			token, expiresAt = auth.Token, nil
			_ = sendMessage(ctx, socket, auth)
			schedule()
		case <-ping.C:
			if s.full.Load() {
				continue // nothing is read meanwhile, no answer either
			}
			waiting, cancel := context.WithTimeout(ctx, pingWithin)
			err := socket.Ping(waiting)
			cancel()
			if err != nil && !s.full.Load() {
				socket.CloseNow()
				return
			}
		}
	}
}

// closed says how a connection ended. A token that is valid no longer is renewed; on a slow machine,
// a short-lived one may end on its way more than once.
func (s *Stream) closed(ctx context.Context, auth clientMessage, refusal *APIError, err error) error {
	if s.ctx.Err() != nil {
		return context.Cause(s.ctx)
	}
	code := websocket.CloseStatus(err)
	if refusal != nil {
		err = refusal
	}
	switch code {
	case closeForbidden:
		return fmt.Errorf("%w: %w", errFinal, err)
	case closeUnauthorized:
		s.mu.Lock()
		s.refusals++
		isTooOften := s.refusals > refusalsMax
		s.mu.Unlock()
		if auth.Token == "" || isTooOften {
			return fmt.Errorf("%w: %w", errFinal, err)
		}
		if failed := s.c.auth.renew(ctx, auth.Token); failed != nil {
			if errors.Is(failed, ErrUnauthorized) || errors.Is(failed, ErrNotLoggedIn) {
				return fmt.Errorf("%w: %w", errFinal, failed)
			}
			return failed
		}
		return nil
	}
	return fmt.Errorf("mediavault: stream: %w: %w", errLost, err)
}

// refused hands an error to the subscription that it is about, and says whether there is one.
func (s *Stream) refused(ctx context.Context, message *serverMessage) bool {
	s.mu.Lock()
	one := s.topics[topic{message.Channel, message.ResourceID}]
	if one == nil {
		s.mu.Unlock()
		return message.Channel != ""
	}
	delete(s.topics, one.topic)
	isAwaited := one.reply(message.error())
	s.mu.Unlock()
	if !isAwaited {
		// It was agreed before, and is no longer: what it is to is gone, its last events too.
		s.deliver(ctx, &Event{Channel: message.Channel, ResourceID: message.ResourceID, Event: EventGap, Timestamp: time.Now()})
	}
	return true
}

func (s *Stream) handle(ctx context.Context, message *serverMessage) {
	key := topic{message.Channel, message.ResourceID}
	switch message.Type {
	case "subscribed":
		s.mu.Lock()
		one := s.topics[key]
		if one != nil {
			one.last = message.LastEventID
			if !one.isEnding {
				one.reply(nil)
			}
		}
		s.mu.Unlock()
		if one != nil && message.Gap {
			s.deliver(ctx, &Event{Channel: key.channel, ResourceID: key.resource, Event: EventGap, Timestamp: time.Now()})
		}
	case "unsubscribed":
		s.mu.Lock()
		if one := s.topics[key]; one != nil && one.isEnding {
			delete(s.topics, key)
			one.reply(nil)
		}
		s.mu.Unlock()
	case "event":
		s.happened(ctx, message)
	}
}

func (s *Stream) happened(ctx context.Context, message *serverMessage) {
	s.mu.Lock()
	one := s.topics[topic{message.Channel, ""}]
	if one == nil {
		one = s.topics[topic{message.Channel, message.ResourceID}]
	}
	s.mu.Unlock()
	if one == nil {
		return // of a subscription that was given up
	}
	if s.deliver(ctx, message.event()) {
		s.mu.Lock()
		one.last = message.ID
		s.mu.Unlock()
	}
}

// deliver waits for room, unless the stream ends.
func (s *Stream) deliver(ctx context.Context, event *Event) bool {
	select {
	case s.events <- event:
		return true
	default:
	}
	s.full.Store(true)
	defer s.full.Store(false)
	select {
	case s.events <- event:
		return true
	case <-ctx.Done():
		return false
	}
}

// renewIn is the time until a connection authenticates again; 0: never. The end is the token's by
// this machine's clock where that is known, else the vault's.
func (a *authenticator) renewIn(expiresAt *time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	end := a.tokens.ExpiresAt
	if end.IsZero() && expiresAt != nil {
		end = *expiresAt
	}
	if end.IsZero() {
		return 0
	}
	margin := renewMarginMax
	if a.lifetime > 0 {
		margin = min(margin, a.lifetime/5)
	}
	return max(time.Until(end)-margin, 0) + 100*time.Millisecond
}
