package mediavault

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"
)

// Option is a setting of [New].
type Option func(*Client) error

// WithAPIKey sends an API key with each call.
func WithAPIKey(key string) Option {
	return func(c *Client) error {
		if key == "" {
			return errors.New("the API key is empty")
		}
		c.auth.apiKey = key
		return nil
	}
}

// WithLogin logs in before the first call, and again when the session has ended. The username may
// be an e-mail address. The password is kept in memory.
func WithLogin(username, password string) Option {
	return func(c *Client) error {
		if username == "" || password == "" {
			return errors.New("log-in needs a username and a password")
		}
		c.auth.login = &credentials{username, password}
		return nil
	}
}

// WithTokens goes on with the session of an earlier [AuthService.Login].
func WithTokens(tokens Tokens) Option {
	return func(c *Client) error {
		if tokens.Token == "" && tokens.RefreshToken == "" {
			return errors.New("the tokens are empty")
		}
		c.auth.tokens = tokens
		return nil
	}
}

// WithTokenListener has f called with new tokens before they are used, so that they can be kept for
// [WithTokens]; a refresh replaces the refresh token. The tokens are empty when the session has
// ended. It is never called twice at the same time, and must not make calls of this client.
func WithTokenListener(f func(Tokens)) Option {
	return func(c *Client) error {
		c.auth.listener = f
		return nil
	}
}

// WithHTTPClient makes calls by a copy of client that follows no redirects. Its Timeout, if any,
// bounds whole uploads and downloads too; [WithTimeout] and [WithIdleTimeout] are made for that.
func WithHTTPClient(client *http.Client) Option {
	return func(c *Client) error {
		if client == nil {
			return errors.New("the HTTP client is nil")
		}
		c.http = client
		return nil
	}
}

// WithLogger logs each attempt at level Debug and each repetition at level Warn, with method, path,
// status, duration and request id, but neither credentials nor query nor content.
func WithLogger(logger *slog.Logger) Option {
	return func(c *Client) error {
		if logger == nil {
			return errors.New("the logger is nil")
		}
		c.log = logger
		return nil
	}
}

// WithRetry sets how calls are repeated.
func WithRetry(policy RetryPolicy) Option {
	return func(c *Client) error {
		c.retry = policy.withDefaults()
		return nil
	}
}

// WithTimeout bounds each attempt of a call that transfers no file (30 s). The context bounds the
// whole call.
func WithTimeout(timeout time.Duration) Option {
	return func(c *Client) error {
		if timeout <= 0 {
			return errors.New("the timeout must be positive")
		}
		c.timeout = timeout
		return nil
	}
}

// WithIdleTimeout gives an upload or download up when the vault neither takes nor sends anything for
// that long (60 s); a download then goes on by another request.
func WithIdleTimeout(timeout time.Duration) Option {
	return func(c *Client) error {
		if timeout <= 0 {
			return errors.New("the idle timeout must be positive")
		}
		c.idle = timeout
		return nil
	}
}

// WithUserAgent puts a product in front of the package's own in User-Agent: "mirror/2.1".
func WithUserAgent(product string) Option {
	return func(c *Client) error {
		c.userAgent = product + " " + c.userAgent
		return nil
	}
}

// CallOption is a setting of one call.
type CallOption func(*request)

// IfMatch makes a change only if what it changes still has this ETag; otherwise the call fails with
// [ErrPreconditionFailed]. Such a call is repeated after a lost connection only if it is a POST,
// because a change that was made would look like somebody else's.
func IfMatch(etag string) CallOption {
	return func(r *request) {
		r.header.Set("If-Match", etag)
		if r.header.Get(idempotencyHeader) == "" {
			r.repeatable = false
		}
	}
}

// IfNoneMatch makes a read fail with [ErrNotModified] if the ETag is still this one.
func IfNoneMatch(etag string) CallOption {
	return func(r *request) { r.header.Set("If-None-Match", etag) }
}

// IdempotencyKey is sent in place of the key that the client draws for each POST: 1 to 255 printable
// ASCII characters. A program that keeps it can repeat the call after a restart of its own.
func IdempotencyKey(key string) CallOption {
	return func(r *request) {
		if r.header.Get(idempotencyHeader) != "" {
			r.header.Set(idempotencyHeader, key)
		}
	}
}

// WithResponse fills info when the call has ended, failed ones too if there was a reply.
func WithResponse(info *ResponseInfo) CallOption {
	return func(r *request) { r.info = info }
}

// ResponseInfo is what a reply says beside its data.
type ResponseInfo struct {
	Status    int
	RequestID string
	ETag      string
	RateLimit RateLimit
	Replayed  bool // it is the reply to an earlier request with the same idempotency key
	Attempts  int  // requests that were sent for the call
}

// RateLimit is the state of the caller's limit; zero where the vault has none.
type RateLimit struct {
	Limit     int
	Remaining int
	Reset     time.Time // when the oldest counted request stops counting
}

// discardHandler is slog.DiscardHandler, which Go has since 1.24.
type discardHandler struct{}

func (discardHandler) Enabled(context.Context, slog.Level) bool  { return false }
func (discardHandler) Handle(context.Context, slog.Record) error { return nil }
func (h discardHandler) WithAttrs([]slog.Attr) slog.Handler      { return h }
func (h discardHandler) WithGroup(string) slog.Handler           { return h }
