package mediavault

import (
	"context"
	"net/http"
	"time"
)

// UsersService is about the caller's account.
type UsersService struct{ c *Client }

// Me reads the account.
func (s *UsersService) Me(ctx context.Context, options ...CallOption) (*User, error) {
	return data[User](ctx, s.c, newRequest(http.MethodGet, "/users/me", options))
}

// UserUpdate changes an account. A new password needs the current one, and ends all other sessions.
type UserUpdate struct {
	Username        Field[string]
	Email           Field[string]
	Password        Field[string]
	CurrentPassword string
}

// Update changes the account. API keys may not.
func (s *UsersService) Update(ctx context.Context, update UserUpdate, options ...CallOption) (*User, error) {
	body := changes{}
	add(body, "username", update.Username)
	add(body, "email", update.Email)
	add(body, "password", update.Password)
	if update.CurrentPassword != "" {
		body["current_password"] = update.CurrentPassword
	}
	r := newRequest(http.MethodPatch, "/users/me", options).withJSON(body)
	if update.Password.IsSet() {
		r.repeatable = false // the current password would be another one
	}
	return data[User](ctx, s.c, r)
}

// Delete removes the account with everything in it, for good. API keys may not.
func (s *UsersService) Delete(ctx context.Context, password string, options ...CallOption) error {
	r := newRequest(http.MethodDelete, "/users/me", options).withJSON(map[string]string{"password": password})
	r.repeatable = false // the session is gone with it
	if err := s.c.remove(ctx, r); err != nil {
		return err
	}
	s.c.auth.set(Tokens{}, 0)
	return nil
}

// Sessions reads the log-ins of the account, the oldest first. API keys may not.
func (s *AuthService) Sessions(ctx context.Context, options ...CallOption) ([]*Session, error) {
	return all[Session](ctx, s.c, newRequest(http.MethodGet, "/auth/sessions", options))
}

// EndSession ends a session; it may be the caller's own. API keys may not.
func (s *AuthService) EndSession(ctx context.Context, id string, options ...CallOption) error {
	return s.c.remove(ctx, newRequest(http.MethodDelete, "/auth/sessions/"+segment(id), options))
}

// APIKeysService is about keys for programs. It needs a session: a key may not use it.
type APIKeysService struct{ c *Client }

// APIKeyOptions describe a new key.
type APIKeyOptions struct {
	Name      string
	Kind      KeyKind   // "": KeyAPI
	Scopes    []Scope   // none: both
	ExpiresAt time.Time // zero: never
}

// Create makes a key. Keep its secret: it is shown this once. Where the connection was lost and the
// token was renewed before the call was repeated, it ends with [ErrIdempotencyReplyLost]: then the key
// was made, and has to be deleted.
func (s *APIKeysService) Create(ctx context.Context, key APIKeyOptions, options ...CallOption) (*NewAPIKey, error) {
	body := changes{"name": key.Name}
	if key.Kind != "" {
		body["kind"] = key.Kind
	}
	if len(key.Scopes) > 0 {
		body["scopes"] = key.Scopes
	}
	if !key.ExpiresAt.IsZero() {
		body["expires_at"] = moment(key.ExpiresAt)
	}
	return data[NewAPIKey](ctx, s.c, newRequest(http.MethodPost, "/api-keys", options).withJSON(body))
}

// List reads all keys.
func (s *APIKeysService) List(ctx context.Context, options ...CallOption) ([]*APIKey, error) {
	return all[APIKey](ctx, s.c, newRequest(http.MethodGet, "/api-keys", options))
}

// Delete revokes a key.
func (s *APIKeysService) Delete(ctx context.Context, id string, options ...CallOption) error {
	return s.c.remove(ctx, newRequest(http.MethodDelete, "/api-keys/"+segment(id), options))
}

// all reads a list that has no pages.
func all[T any](ctx context.Context, c *Client, r *request) ([]*T, error) {
	result, err := data[[]*T](ctx, c, r)
	if err != nil {
		return nil, err
	}
	return *result, nil
}
