package mediavault

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"time"
)

// Version is that of this package.
const Version = "0.1.0"

// Client calls one vault as one account, or as nobody. Make it with [New].
type Client struct {
	Auth        *AuthService
	Users       *UsersService
	APIKeys     *APIKeysService
	Media       *MediaService
	Collections *CollectionsService
	Shares      *SharesService
	Trash       *TrashService
	Webhooks    *WebhooksService
	Realtime    *RealtimeService

	root      string // URL without a slash at the end, such as https://vault.example.com/api/v1
	realtime  string // URL of the WebSocket
	http      *http.Client
	auth      authenticator
	retry     RetryPolicy
	timeout   time.Duration
	idle      time.Duration
	userAgent string
	log       *slog.Logger
}

// New makes a client of the vault at address and makes no call yet.
//
// The address is that of the vault (https://vault.example.com) or of its API
// (https://vault.example.com/api/v1, https://api.example.com/v1). One that a proxy serves below a
// path has that path too.
func New(address string, options ...Option) (*Client, error) {
	root, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return nil, fmt.Errorf("mediavault: address: %w", err)
	}
	if (root.Scheme != "http" && root.Scheme != "https") || root.Host == "" {
		return nil, fmt.Errorf("mediavault: address %q: want http:// or https:// and a host", address)
	}
	if root.User != nil || root.RawQuery != "" || root.Fragment != "" {
		return nil, errors.New("mediavault: address: want neither a user nor a query nor a fragment")
	}
	base := strings.TrimRight(root.String(), "/")
	api := base + "/api/v1"
	if trimmed, ok := strings.CutSuffix(base, "/v1"); ok {
		api, base = base, strings.TrimSuffix(trimmed, "/api")
	}
	c := &Client{
		root:      api,
		realtime:  base + "/realtime",
		retry:     RetryPolicy{}.withDefaults(),
		timeout:   30 * time.Second,
		idle:      60 * time.Second,
		userAgent: "mediavault-go/" + Version + " " + runtime.Version(),
		log:       slog.New(discardHandler{}),
	}
	for _, option := range options {
		if err := option(c); err != nil {
			return nil, fmt.Errorf("mediavault: %w", err)
		}
	}
	if err := c.auth.check(); err != nil {
		return nil, fmt.Errorf("mediavault: %w", err)
	}
	c.http = httpClient(c.http)
	c.auth.client = c
	c.Auth = &AuthService{c}
	c.Users = &UsersService{c}
	c.APIKeys = &APIKeysService{c}
	c.Media = &MediaService{c}
	c.Collections = &CollectionsService{c}
	c.Shares = &SharesService{c}
	c.Trash = &TrashService{c}
	c.Webhooks = &WebhooksService{c}
	c.Realtime = &RealtimeService{c}
	return c, nil
}

// httpClient is a copy of given, or a client of its own, that follows no redirects: the API has
// none, and a key must not follow one to another host.
func httpClient(given *http.Client) *http.Client {
	var own http.Client
	if given != nil {
		own = *given
	}
	if own.Transport == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = 16
		transport.ExpectContinueTimeout = 5 * time.Second
		own.Transport = transport
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}
