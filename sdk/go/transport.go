package mediavault

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	idempotencyHeader = "Idempotency-Key"
	replyMax          = 64 << 20 // bytes of a JSON reply
)

// request is one call: all of its attempts send the same.
type request struct {
	method  string
	path    string // below the root, escaped
	query   url.Values
	header  http.Header
	payload payload // nil: no body
	// anonymous: it is sent without credentials.
	anonymous bool
	// repeatable: it may be sent again though nobody knows whether an earlier one was carried out.
	repeatable bool
	// transfer: a file is sent or received, so that only standing still counts as a timeout.
	transfer bool
	// limit bounds an attempt where that is less than the client's timeout; 0: no bound of its own.
	limit time.Duration
	info  *ResponseInfo
	// wasLost: an attempt got no reply; it may have been carried out.
	wasLost bool
}

// payload is the body of a request.
type payload interface {
	// open gives the body of the next attempt. The watchdog stands still while the caller's own
	// reader is read.
	open(watch *watchdog) (io.ReadCloser, error)
	// length in bytes; -1 if it is not known.
	length() int64
	contentType() string
	// reopens says whether open may be called again, after it has waited for the end of the last
	// attempt.
	reopens(ctx context.Context) bool
	// fault is the error that reading the caller's own data ended with.
	fault() error
}

func newRequest(method, path string, options []CallOption) *request {
	r := &request{method: method, path: path, header: http.Header{}, repeatable: true}
	if method == http.MethodPost {
		r.header.Set(idempotencyHeader, newKey())
	}
	for _, option := range options {
		option(r)
	}
	return r
}

// withJSON sends value.
func (r *request) withJSON(value any) *request {
	r.payload = &jsonPayload{value: value}
	return r
}

// withQuery adds parameters; those that are empty are left out.
func (r *request) withQuery(query url.Values) *request {
	r.query = query
	return r
}

// isAnonymous makes it a call without credentials, which takes no idempotency key.
func (r *request) isAnonymous(repeatable bool) *request {
	r.anonymous = true
	r.repeatable = repeatable
	r.header.Del(idempotencyHeader)
	return r
}

type jsonPayload struct {
	value any
	text  []byte
}

func (p *jsonPayload) open(*watchdog) (io.ReadCloser, error) {
	if err := p.encode(); err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(p.text)), nil
}

func (p *jsonPayload) encode() (err error) {
	if p.text == nil {
		p.text, err = json.Marshal(p.value)
	}
	return err
}

func (p *jsonPayload) length() int64                { return int64(len(p.text)) }
func (p *jsonPayload) contentType() string          { return "application/json" }
func (p *jsonPayload) reopens(context.Context) bool { return true }
func (p *jsonPayload) fault() error                 { return nil }

// accept reads a success. Where it keeps the response, whoever reads its body also closes it.
type accept func(*http.Response) (keeps bool, err error)

// do sends the request until it succeeds, is refused for good, or must not be sent again.
func (c *Client) do(ctx context.Context, r *request, take accept) error {
	isRenewed := false
	for attempt := 1; ; attempt++ {
		token := ""
		if !r.anonymous {
			var err error
			if token, err = c.auth.authorize(ctx, r.header); err != nil {
				return err
			}
		}
		if r.info != nil {
			r.info.Attempts++
		}
		err := c.attempt(ctx, r, take)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("mediavault: %s %s: %w", r.method, r.path, context.Cause(ctx))
		}
		r.wasLost = r.wasLost || errors.Is(err, errLost)
		if token != "" && !isRenewed && errors.Is(err, ErrUnauthorized) && r.reopens(ctx) {
			// Another call may have renewed it meanwhile.
			isRenewed = true
			if err := c.auth.renew(ctx, token); err != nil {
				return err
			}
			attempt--
			continue
		}
		if !isRetryable(err, r.repeatable) {
			return err
		}
		wait, again := c.retry.delay(attempt, err)
		if !again || !r.reopens(ctx) {
			return err
		}
		c.log.LogAttrs(ctx, slog.LevelWarn, "mediavault: request is repeated",
			slog.String("method", r.method), slog.String("path", r.path),
			slog.Int("attempt", attempt), slog.Duration("wait", wait), slog.Any("error", err))
		if err := sleep(ctx, wait, err); err != nil {
			return err
		}
	}
}

func (r *request) reopens(ctx context.Context) bool {
	return r.payload == nil || r.payload.reopens(ctx)
}

// attempt sends the request once.
func (c *Client) attempt(ctx context.Context, r *request, take accept) (err error) {
	start := time.Now()
	ctx, cancel := context.WithCancelCause(ctx)
	limit := c.timeout
	if r.limit > 0 {
		limit = min(limit, r.limit)
	}
	if r.transfer {
		limit = c.idle
	}
	watch := newWatchdog(limit, r.transfer, func() {
		cancel(fmt.Errorf("nothing came for %v", limit))
	})
	end := func() {
		watch.end()
		cancel(nil)
	}
	message, err := c.message(ctx, r, watch)
	if err != nil {
		end()
		return err
	}
	response, err := c.http.Do(message)
	if err != nil {
		defer end()
		return r.lost(ctx, err)
	}
	body := &guardedBody{ReadCloser: response.Body, ctx: ctx, watch: watch, end: end}
	response.Body = body
	r.note(response)
	keeps := false
	switch {
	case response.StatusCode/100 == 2:
		keeps, err = take(response)
	case response.StatusCode == http.StatusNotModified:
		err = ErrNotModified
	default:
		err = readError(r.method, r.path, response, time.Now())
	}
	c.log.LogAttrs(ctx, slog.LevelDebug, "mediavault: request",
		slog.String("method", r.method), slog.String("path", r.path),
		slog.Int("status", response.StatusCode), slog.Duration("duration", time.Since(start)),
		slog.String("request_id", response.Header.Get("X-Request-Id")))
	if !keeps {
		// What is left is little, and read so that the connection can be used again.
		_, _ = io.CopyN(io.Discard, body, 4<<10)
		body.Close()
	}
	if errors.Is(err, errLost) {
		return fmt.Errorf("mediavault: %s %s: %w", r.method, r.path, err)
	}
	return err
}

// message is the request as net/http sends it.
func (c *Client) message(ctx context.Context, r *request, watch *watchdog) (*http.Request, error) {
	address := c.root + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	var body io.ReadCloser
	if r.payload != nil {
		var err error
		if body, err = r.payload.open(watch); err != nil {
			return nil, fmt.Errorf("mediavault: %s %s: %w", r.method, r.path, err)
		}
	}
	message, err := http.NewRequestWithContext(ctx, r.method, address, nil)
	if err != nil {
		return nil, fmt.Errorf("mediavault: %w", err)
	}
	message.Header = r.header.Clone()
	message.Header.Set("User-Agent", c.userAgent)
	message.Header.Set("Accept", "application/json")
	if r.transfer {
		message.Header.Set("Accept", "*/*")
	}
	if body != nil {
		message.Body = body
		message.ContentLength = r.payload.length()
		message.Header.Set("Content-Type", r.payload.contentType())
		if r.transfer {
			// A refusal then comes before the bytes are sent.
			message.Header.Set("Expect", "100-continue")
		}
	}
	return message, nil
}

// lost describes an attempt that got no reply.
func (r *request) lost(ctx context.Context, err error) error {
	if r.payload != nil && r.payload.fault() != nil {
		return fmt.Errorf("mediavault: %s %s: %w", r.method, r.path, r.payload.fault())
	}
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err // without the URL, whose query may be private
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return fmt.Errorf("mediavault: %s %s: %w: %w", r.method, r.path, errLost, err)
}

// note fills what the caller asked to know of the reply.
func (r *request) note(response *http.Response) {
	if r.info == nil {
		return
	}
	number := func(name string) int {
		value, _ := strconv.Atoi(response.Header.Get(name))
		return value
	}
	*r.info = ResponseInfo{
		Status:    response.StatusCode,
		RequestID: response.Header.Get("X-Request-Id"),
		ETag:      response.Header.Get("ETag"),
		RateLimit: RateLimit{
			Limit:     number("X-RateLimit-Limit"),
			Remaining: number("X-RateLimit-Remaining"),
		},
		Replayed: response.Header.Get("Idempotency-Replayed") == "true",
		Attempts: r.info.Attempts,
	}
	if reset := number("X-RateLimit-Reset"); reset > 0 {
		r.info.RateLimit.Reset = time.Unix(int64(reset), 0)
	}
}

// guardedBody is a response's body under the watchdog; the attempt ends when it is closed.
type guardedBody struct {
	io.ReadCloser
	ctx   context.Context
	watch *watchdog
	end   func()
}

func (b *guardedBody) Read(into []byte) (int, error) {
	b.watch.resume()
	n, err := b.ReadCloser.Read(into)
	b.watch.pause()
	if err != nil && err != io.EOF {
		if cause := context.Cause(b.ctx); cause != nil {
			err = cause
		}
		err = fmt.Errorf("%w: %w", errLost, err)
	}
	return n, err
}

func (b *guardedBody) Close() error {
	b.end()
	return b.ReadCloser.Close()
}

// watchdog calls a function when an attempt has stood still for too long. Where it is not told of
// progress, that is the time for all of it.
type watchdog struct {
	timer *time.Timer
	limit time.Duration
	moves bool // it is told of progress
}

func newWatchdog(limit time.Duration, moves bool, expire func()) *watchdog {
	return &watchdog{timer: time.AfterFunc(limit, expire), limit: limit, moves: moves}
}

// resume begins a new period.
func (w *watchdog) resume() {
	if w.moves {
		w.timer.Reset(w.limit)
	}
}

// pause stands still while it is the caller's turn.
func (w *watchdog) pause() {
	if w.moves {
		w.timer.Stop()
	}
}

func (w *watchdog) end() { w.timer.Stop() }

// reply is the envelope of a success.
type reply[T any] struct {
	Data T         `json:"data"`
	Meta replyMeta `json:"meta"`
	etag string
}

type replyMeta struct {
	Timestamp  time.Time   `json:"timestamp"`
	Version    string      `json:"version"`
	Pagination *Pagination `json:"pagination"`
}

// send makes a call whose reply is JSON.
func send[T any](ctx context.Context, c *Client, r *request) (*reply[T], error) {
	var result *reply[T]
	err := c.do(ctx, r, func(response *http.Response) (bool, error) {
		text, err := io.ReadAll(io.LimitReader(response.Body, replyMax+1))
		if err != nil {
			return false, err
		}
		result = &reply[T]{etag: response.Header.Get("ETag")}
		if len(text) > replyMax {
			return false, fmt.Errorf("mediavault: %s %s: the reply is too long", r.method, r.path)
		}
		if err := json.Unmarshal(text, result); err != nil {
			return false, fmt.Errorf("mediavault: %s %s: the reply is not Media Vault's; is this its address: %s? %w",
				r.method, r.path, c.root, err)
		}
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	return result, nil
}

// data makes a call and gives what its reply is about.
func data[T any](ctx context.Context, c *Client, r *request) (*T, error) {
	result, err := send[T](ctx, c, r)
	if err != nil {
		return nil, err
	}
	if one, ok := any(&result.Data).(interface{ setETag(string) }); ok {
		one.setETag(result.etag)
	}
	return &result.Data, nil
}

// deleted mirrors the reply of calls that delete.
type deleted struct {
	ID      string `json:"id"`
	Deleted bool   `json:"deleted"`
}

// remove makes a call that deletes. That nothing is there is a success after an attempt without a
// reply: it was that one which deleted it.
func (c *Client) remove(ctx context.Context, r *request) error {
	_, err := data[deleted](ctx, c, r)
	if r.wasLost && errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// segment escapes a value as one segment of a path.
func segment(value string) string {
	if value == "" || value == "." || value == ".." {
		// Names nothing, and must not name another path.
		return "-" + value
	}
	return url.PathEscape(value)
}
