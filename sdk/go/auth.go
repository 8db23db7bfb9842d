package mediavault

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// Tokens are those of a session. They are a secret: whoever has them is logged in.
type Tokens struct {
	Token        string    `json:"token"`
	RefreshToken string    `json:"refresh_token"`
	ExpiresAt    time.Time `json:"expires_at"` // of Token, by this machine's clock
}

// tokenReply mirrors Tokens of the OpenAPI document.
type tokenReply struct {
	Token        string `json:"token"`
	RefreshToken string `json:"refresh_token"`
	ExpiresIn    int64  `json:"expires_in"`
	TokenType    string `json:"token_type"`
}

type credentials struct{ username, password string }

const (
	renewTimeout = 60 * time.Second
	// A refresh whose reply was lost has to be repeated within 30 s.
	refreshLimit   = 10 * time.Second
	renewMarginMax = 30 * time.Second // a token is renewed that long before its end
)

// authenticator holds a client's credentials and renews its token: once, however many calls ask.
type authenticator struct {
	client   *Client
	apiKey   string
	login    *credentials
	listener func(Tokens)

	mu       sync.Mutex
	tokens   Tokens
	lifetime time.Duration // of the token when it came; 0: not known
	flight   *flight       // the renewal that is under way
	telling  sync.Mutex    // one call of the listener at a time
}

// flight is a renewal that any number of calls wait for.
type flight struct {
	done chan struct{}
	err  error // once done is closed
}

func (a *authenticator) check() error {
	if a.apiKey != "" && (a.login != nil || a.tokens != Tokens{}) {
		return errors.New("an API key and a session exclude each other")
	}
	return nil
}

// authorize puts the credentials into header. The token is "" for a key.
func (a *authenticator) authorize(ctx context.Context, header http.Header) (string, error) {
	if a.apiKey != "" {
		header.Set("X-API-Key", a.apiKey)
		return "", nil
	}
	token, err := a.token(ctx)
	if err != nil {
		return "", err
	}
	header.Set("Authorization", "Bearer "+token)
	return token, nil
}

// token is one that is valid for a while by the clock; it is renewed if it is not.
func (a *authenticator) token(ctx context.Context) (string, error) {
	a.mu.Lock()
	token, isDue := a.tokens.Token, a.isDue(time.Now())
	a.mu.Unlock()
	if !isDue {
		return token, nil
	}
	if err := a.renew(ctx, token); err != nil {
		return "", err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.tokens.Token, nil
}

// isDue says whether a new token is needed. REQUIRES: mu is held.
func (a *authenticator) isDue(now time.Time) bool {
	if a.tokens.Token == "" {
		return true
	}
	if a.tokens.ExpiresAt.IsZero() {
		return false
	}
	margin := renewMarginMax
	if a.lifetime > 0 {
		margin = min(margin, a.lifetime/5)
	}
	return now.After(a.tokens.ExpiresAt.Add(-margin))
}

// renew replaces the token stale, which "" stands for none, or waits for the call that does so. It
// returns at once where the token is another one already.
func (a *authenticator) renew(ctx context.Context, stale string) error {
	a.mu.Lock()
	if a.tokens.Token != stale {
		a.mu.Unlock()
		return nil
	}
	if a.flight == nil {
		if a.tokens.RefreshToken == "" && a.login == nil {
			a.mu.Unlock()
			return ErrNotLoggedIn
		}
		a.flight = &flight{done: make(chan struct{})}
		// It is not only this caller's, so it goes on when this caller gives up.
		go a.fly(context.WithoutCancel(ctx), a.flight, a.tokens.RefreshToken)
	}
	current := a.flight
	a.mu.Unlock()
	select {
	case <-current.done:
		return current.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fly carries out a renewal.
func (a *authenticator) fly(ctx context.Context, current *flight, refreshToken string) {
	ctx, cancel := context.WithTimeout(ctx, renewTimeout)
	defer cancel()
	tokens, lifetime, err := a.exchange(ctx, refreshToken)
	a.mu.Lock()
	// A log-in or log-out of the caller's meanwhile counts more.
	isCurrent := a.tokens.RefreshToken == refreshToken
	if isCurrent && err == nil {
		a.tokens, a.lifetime = tokens, lifetime
	}
	hasEnded := isCurrent && errors.Is(err, ErrUnauthorized) && refreshToken != ""
	if hasEnded {
		a.tokens, a.lifetime = Tokens{}, 0
	}
	a.mu.Unlock()
	if isCurrent && (err == nil || hasEnded) {
		a.tell()
	}
	a.mu.Lock()
	a.flight = nil
	a.mu.Unlock()
	if isCurrent {
		current.err = err
	}
	close(current.done)
}

// exchange gets new tokens for the refresh token, or, where there is none or it is valid no longer,
// for the password.
func (a *authenticator) exchange(ctx context.Context, refreshToken string) (Tokens, time.Duration, error) {
	var err error
	if refreshToken != "" {
		var tokens Tokens
		var lifetime time.Duration
		tokens, lifetime, err = a.client.fetchTokens(ctx, "/auth/refresh", refreshLimit,
			map[string]string{"refresh_token": refreshToken})
		if err == nil || a.login == nil || !errors.Is(err, ErrUnauthorized) {
			return tokens, lifetime, err
		}
	}
	return a.client.fetchTokens(ctx, "/auth/login", 0,
		map[string]string{"username": a.login.username, "password": a.login.password})
}

// fetchTokens calls a path whose reply is tokens. It is repeatable: each call gives a valid pair.
func (c *Client) fetchTokens(ctx context.Context, path string, limit time.Duration, body map[string]string) (Tokens, time.Duration, error) {
	r := newRequest(http.MethodPost, path, nil).isAnonymous(true).withJSON(body)
	r.limit = limit
	sent := time.Now()
	got, err := data[tokenReply](ctx, c, r)
	if err != nil {
		return Tokens{}, 0, err
	}
	lifetime := time.Duration(got.ExpiresIn) * time.Second
	return Tokens{
		Token:        got.Token,
		RefreshToken: got.RefreshToken,
		ExpiresAt:    sent.Add(lifetime),
	}, lifetime, nil
}

// set replaces the tokens and tells the listener.
func (a *authenticator) set(tokens Tokens, lifetime time.Duration) {
	a.mu.Lock()
	a.tokens, a.lifetime = tokens, lifetime
	a.mu.Unlock()
	a.tell()
}

// tell gives the listener the tokens as they are now.
func (a *authenticator) tell() {
	if a.listener == nil {
		return
	}
	a.telling.Lock()
	defer a.telling.Unlock()
	a.mu.Lock()
	tokens := a.tokens
	a.mu.Unlock()
	a.listener(tokens)
}

// AuthService makes accounts and sessions.
type AuthService struct{ c *Client }

// Registration is a new account.
type Registration struct {
	Username string  `json:"username"`
	Email    *string `json:"email,omitempty"`
	Password string  `json:"password"`
}

// Register makes an account; it does not log in. The call is not repeated after a lost connection.
func (s *AuthService) Register(ctx context.Context, account Registration, options ...CallOption) (*User, error) {
	r := newRequest(http.MethodPost, "/auth/register", options).isAnonymous(false)
	return data[User](ctx, s.c, r.withJSON(account))
}

// Login begins a session, which this client's calls use from now on. The username may be an e-mail
// address. The token is renewed by itself.
func (s *AuthService) Login(ctx context.Context, username, password string) (Tokens, error) {
	if s.c.auth.apiKey != "" {
		return Tokens{}, errors.New("mediavault: this client has an API key; log in by another one")
	}
	tokens, lifetime, err := s.c.fetchTokens(ctx, "/auth/login", 0,
		map[string]string{"username": username, "password": password})
	if err != nil {
		return Tokens{}, err
	}
	s.c.auth.set(tokens, lifetime)
	return tokens, nil
}

// Refresh renews the token now, or joins a renewal that is under way. Calls do so by themselves.
func (s *AuthService) Refresh(ctx context.Context) (Tokens, error) {
	a := &s.c.auth
	if a.apiKey != "" {
		return Tokens{}, ErrNotLoggedIn
	}
	if err := a.renew(ctx, s.Tokens().Token); err != nil {
		return Tokens{}, err
	}
	return s.Tokens(), nil
}

// Tokens are those of the session; empty if there is none.
func (s *AuthService) Tokens() Tokens {
	s.c.auth.mu.Lock()
	defer s.c.auth.mu.Unlock()
	return s.c.auth.tokens
}

// Logout ends the session. That there is none any more is a success.
func (s *AuthService) Logout(ctx context.Context) error {
	_, err := s.end(ctx, "/auth/logout")
	return err
}

// LogoutAll ends every session of the account, this one too, and says how many there were.
func (s *AuthService) LogoutAll(ctx context.Context) (int, error) {
	return s.end(ctx, "/auth/logout-all")
}

// ended mirrors the replies of both.
type ended struct {
	Message       string `json:"message"`
	SessionsEnded int    `json:"sessions_ended"`
}

func (s *AuthService) end(ctx context.Context, path string) (int, error) {
	result, err := data[ended](ctx, s.c, newRequest(http.MethodPost, path, nil))
	if err != nil && !errors.Is(err, ErrUnauthorized) && !errors.Is(err, ErrNotLoggedIn) {
		return 0, err
	}
	s.c.auth.set(Tokens{}, 0)
	if err != nil {
		return 0, nil
	}
	return result.SessionsEnded, nil
}
