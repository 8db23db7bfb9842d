package mediavault_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	mediavault "github.com/wronai/mediavault-go"
)

// fake answers each request with that.
func fake(t *testing.T, status int, header map[string]string, body string) *mediavault.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	once := mediavault.WithRetry(mediavault.RetryPolicy{Attempts: 1})
	return newClient(t, server.URL, mediavault.WithAPIKey("key"), once)
}

func TestEveryErrorHasItsCode(t *testing.T) {
	codes := map[mediavault.Code]int{
		mediavault.ErrValidation: 400, mediavault.ErrUnauthorized: 401, mediavault.ErrForbidden: 403,
		mediavault.ErrNotFound: 404, mediavault.ErrThumbnailNotReady: 404, mediavault.ErrMethodNotAllowed: 405,
		mediavault.ErrRequestTimeout: 408, mediavault.ErrConflict: 409, mediavault.ErrIdempotencyInProgress: 409,
		mediavault.ErrIdempotencyReplyLost: 409, mediavault.ErrPreconditionFailed: 412,
		mediavault.ErrQuotaExceeded: 413, mediavault.ErrPayloadTooLarge: 413, mediavault.ErrURITooLong: 414,
		mediavault.ErrUnsupportedMediaType: 415, mediavault.ErrRangeNotSatisfiable: 416,
		mediavault.ErrChecksumMismatch: 422, mediavault.ErrIdempotencyMismatch: 422, mediavault.ErrUpgradeRequired: 426, mediavault.ErrRateLimited: 429,
		mediavault.ErrHeadersTooLarge: 431, mediavault.ErrInternal: 500, mediavault.ErrNotImplemented: 501,
		mediavault.ErrBusy: 503, mediavault.ErrVersionNotSupported: 505, mediavault.ErrInsufficientStorage: 507,
	}
	for code, status := range codes {
		body := must(json.Marshal(map[string]any{
			"success": false,
			"error": map[string]any{"code": code, "message": "No.", "details": []map[string]string{
				{"field": "email", "message": "Must be an address"},
			}},
			"meta": map[string]string{"timestamp": "2023-05-30T10:00:00Z", "request_id": "req_7"},
		}))(t)
		client := fake(t, status, map[string]string{"Retry-After": "7"}, string(body))
		_, err := client.Users.Me(testContext(t))
		refusal := refused(t, fmt.Errorf("wrapped: %w", err), code)
		equal(t, "status", refusal.Status, status)
		equal(t, "message", refusal.Message, "No.")
		equal(t, "request", refusal.RequestID, "req_7")
		equal(t, "details", refusal.Details[0], mediavault.FieldError{Field: "email", Message: "Must be an address"})
		equal(t, "retry after", refusal.RetryAfter, 7*time.Second)
		for other := range codes {
			equal(t, "is "+string(other), errors.Is(err, other), other == code)
		}
		want := fmt.Sprintf("mediavault: GET /users/me: No.: email: Must be an address (%d %s, req_7)", status, code)
		equal(t, "text", err.Error(), want)
	}
}

func TestRepliesThatAreNotTheVaults(t *testing.T) {
	ctx := testContext(t)
	_, err := fake(t, 502, map[string]string{"X-Request-Id": "proxy-1"}, "<html>").Users.Me(ctx)
	var refusal *mediavault.APIError
	if !errors.As(err, &refusal) || refusal.Code != "" || refusal.RequestID != "proxy-1" || refusal.Message != "Bad Gateway" {
		t.Fatalf("got %v", err)
	}
	_, err = fake(t, 200, nil, "<html>welcome</html>").Users.Me(ctx)
	if err == nil || !strings.Contains(err.Error(), "is this its address") {
		t.Fatalf("got %v", err)
	}
	later := time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)
	_, err = fake(t, 503, map[string]string{"Retry-After": later}, "").Users.Me(ctx)
	if !errors.As(err, &refusal) || refusal.RetryAfter < 80*time.Second || refusal.RetryAfter > 90*time.Second {
		t.Fatalf("got %v", err)
	}
	// The key does not follow to where somebody else is.
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
	defer elsewhere.Close()
	_, err = fake(t, 307, map[string]string{"Location": elsewhere.URL + "/api/v1/users/me"}, "").Users.Me(ctx)
	if err == nil || !strings.Contains(err.Error(), elsewhere.URL) {
		t.Fatalf("got %v", err)
	}
}

func TestErrorsOfTheRealVault(t *testing.T) {
	client, ctx := newUser(t), testContext(t)
	_, err := client.Media.Get(ctx, "media_999999999")
	refusal := refused(t, err, mediavault.ErrNotFound)
	if refusal.RequestID == "" || refusal.Status != 404 || refusal.Path != "/media/media_999999999" {
		t.Fatalf("got %+v", refusal)
	}
	for _, id := range []string{"", "..", "../users/me", "media_1/content", "a b?c#d%zz"} {
		_, err = client.Media.Get(ctx, id)
		refused(t, err, mediavault.ErrNotFound)
	}
	_, err = client.Auth.Register(ctx, mediavault.Registration{Username: "x", Password: "short"})
	refusal = refused(t, err, mediavault.ErrValidation)
	equal(t, "field", refusal.Details[0].Field, "password")
	me := must(client.Users.Me(ctx))(t)
	_, err = client.Auth.Register(ctx, mediavault.Registration{Username: me.Username, Password: password})
	refused(t, err, mediavault.ErrConflict)
	_, err = newClient(t, shared.URL, mediavault.WithAPIKey("cfa_wrong")).Users.Me(ctx)
	refused(t, err, mediavault.ErrUnauthorized)
	_, err = client.Users.Update(ctx, mediavault.UserUpdate{Username: mediavault.Set("y")}, mediavault.IfMatch(`"x"`))
	refused(t, err, mediavault.ErrPreconditionFailed)
}

func TestQuotaAndRateLimits(t *testing.T) {
	server := newServer(t, map[string]string{
		"accounts.quota": "64KiB", "rate_limits": "on", "limits.account_per_minute": "6", "uploads.max_bytes": "1MiB",
	})
	client := newUserAt(t, server.URL, mediavault.WithRetry(mediavault.RetryPolicy{Attempts: 3, MaxRetryAfter: time.Millisecond}))
	ctx := testContext(t)
	_, err := client.Media.Upload(ctx, strings.NewReader(strings.Repeat("x", 200<<10)), "a", mediavault.UploadOptions{})
	refused(t, err, mediavault.ErrQuotaExceeded)
	_, err = client.Media.Upload(ctx, onlyReader{strings.NewReader(strings.Repeat("x", 2<<20))}, "a", mediavault.UploadOptions{})
	var refusal *mediavault.APIError
	if !errors.As(err, &refusal) || refusal.Status != 413 {
		t.Fatalf("got %v", err)
	}
	var info mediavault.ResponseInfo
	for range 10 {
		if _, err = client.Users.Me(ctx, mediavault.WithResponse(&info)); err != nil {
			break
		}
		equal(t, "limit", info.RateLimit.Limit, 6)
	}
	refusal = refused(t, err, mediavault.ErrRateLimited)
	if refusal.RetryAfter <= 0 || info.RateLimit.Remaining != 0 || info.RateLimit.Reset.IsZero() {
		t.Fatalf("got %+v, %+v", refusal, info)
	}
}

func TestAddressesAndOptions(t *testing.T) {
	for address, root := range map[string]string{
		"https://a.example": "/api/v1/users/me", "https://a.example/": "/api/v1/users/me",
		"https://a.example/api/v1/": "/api/v1/users/me", "https://a.example/v1": "/v1/users/me",
		"https://a.example/below": "/below/api/v1/users/me", "https://a.example/below/api/v1": "/below/api/v1/users/me",
	} {
		called := ""
		transport := roundTrip(func(r *http.Request) (*http.Response, error) {
			called = r.URL.Path
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"data":{}}`))}, nil
		})
		client := newClient(t, address, mediavault.WithAPIKey("key"), mediavault.WithHTTPClient(&http.Client{Transport: transport}))
		must(client.Users.Me(testContext(t)))(t)
		equal(t, address, called, root)
	}
	for _, address := range []string{"", "a.example", "ftp://a.example", "https://", "https://u:p@a.example", "https://a.example?q=1", "::"} {
		if _, err := mediavault.New(address); err == nil {
			t.Errorf("%q is taken for an address", address)
		}
	}
	for name, option := range map[string]mediavault.Option{
		"key": mediavault.WithAPIKey(""), "login": mediavault.WithLogin("a", ""), "tokens": mediavault.WithTokens(mediavault.Tokens{}),
		"client": mediavault.WithHTTPClient(nil), "logger": mediavault.WithLogger(nil),
		"timeout": mediavault.WithTimeout(0), "idle timeout": mediavault.WithIdleTimeout(-1),
	} {
		if _, err := mediavault.New("https://a.example", option); err == nil {
			t.Errorf("a wrong %s is taken", name)
		}
	}
	if _, err := mediavault.New("https://a.example", mediavault.WithAPIKey("k"), mediavault.WithLogin("a", "b")); err == nil {
		t.Error("a key and a log-in are taken together")
	}
}

func TestTheLogHasNoSecrets(t *testing.T) {
	needVault(t)
	var text strings.Builder
	logger := slog.New(slog.NewJSONHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))
	name, ctx := newAccount(t, shared.URL), testContext(t)
	client := must(mediavault.New(shared.URL, mediavault.WithLogger(logger), mediavault.WithLogin(name, password)))(t)
	must(client.Users.Me(ctx))(t)
	must(mediavault.Collect(client.Media.List(ctx, mediavault.MediaFilter{Query: "private words"})))(t)
	tokens := client.Auth.Tokens()
	for _, secret := range []string{password, tokens.Token, tokens.RefreshToken, "private"} {
		if strings.Contains(text.String(), secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
	for _, want := range []string{`"method":"GET"`, `"path":"/users/me"`, `"status":200`, `"request_id":"`} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%s is not in the log:\n%s", want, text.String())
		}
	}
}
