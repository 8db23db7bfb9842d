package mediavault_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	mediavault "github.com/wronai/mediavault-go"
	"github.com/wronai/mediavault-go/internal/vaulttest"
)

const refreshPath = "/api/v1/auth/refresh"

// staleTokens are of a new session, and their token is valid no longer: by the clock, or only by the
// word of the vault.
func staleTokens(t *testing.T, byTheClock bool) mediavault.Tokens {
	t.Helper()
	needVault(t)
	client := newClient(t, shared.URL)
	tokens := must(client.Auth.Login(testContext(t), newAccount(t, shared.URL), password))(t)
	if byTheClock {
		tokens.ExpiresAt = time.Now().Add(-time.Second)
	} else {
		tokens.Token = "of yesterday"
	}
	return tokens
}

func TestParallelCallsRefreshOnce(t *testing.T) {
	for _, byTheClock := range []bool{true, false} {
		stale, ctx := staleTokens(t, byTheClock), testContext(t)
		proxy := vaulttest.NewProxy(t, shared.URL, nil)
		var mu sync.Mutex
		var told []mediavault.Tokens
		client := newClient(t, proxy.URL, mediavault.WithTokens(stale), mediavault.WithTokenListener(func(tokens mediavault.Tokens) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, tokens)
		}))
		var group sync.WaitGroup
		start := make(chan struct{})
		for range 50 {
			group.Add(1)
			go func() {
				defer group.Done()
				<-start
				if _, err := client.Users.Me(ctx); err != nil {
					t.Error(err)
				}
			}()
		}
		close(start)
		group.Wait()
		equal(t, "refreshes", proxy.Count("POST", refreshPath), 1)
		mu.Lock()
		equal(t, "told", slices.Equal(told, []mediavault.Tokens{client.Auth.Tokens()}), true)
		mu.Unlock()
		equal(t, "another refresh token", client.Auth.Tokens().RefreshToken != stale.RefreshToken, true)
	}
}

func TestATokenThatExpiresIsRefreshed(t *testing.T) {
	server := newServer(t, map[string]string{"sessions.access_lifetime": "3s"})
	client, ctx := newUserAt(t, server.URL), testContext(t)
	must(client.Users.Me(ctx))(t)
	first := client.Auth.Tokens()
	time.Sleep(3100 * time.Millisecond)
	must(client.Users.Me(ctx))(t)
	equal(t, "another token", client.Auth.Tokens().Token != first.Token, true)
}

func TestACallerThatGivesUpDoesNotEndTheRefreshOfOthers(t *testing.T) {
	stale, ctx := staleTokens(t, true), testContext(t)
	proxy := vaulttest.NewProxy(t, shared.URL, nil)
	arrived, release := make(chan struct{}), make(chan struct{})
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == refreshPath {
			close(arrived)
			<-release
		}
		return http.DefaultTransport.RoundTrip(r)
	})
	client := newClient(t, proxy.URL, mediavault.WithTokens(stale), mediavault.WithHTTPClient(&http.Client{Transport: transport}))
	hasty, cancel := context.WithCancel(ctx)
	first, second := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := client.Users.Me(hasty)
		first <- err
	}()
	<-arrived
	go func() {
		_, err := client.Users.Me(ctx)
		second <- err
	}()
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Fatalf("want the end of the context, got %v", err)
	}
	close(release)
	ok(t, <-second)
	equal(t, "refreshes", proxy.Count("POST", refreshPath), 1)
}

func TestALostRefreshIsRepeated(t *testing.T) {
	stale, ctx := staleTokens(t, true), testContext(t)
	isLost := false
	proxy := vaulttest.NewProxy(t, shared.URL, func(_ int, r *http.Request) vaulttest.Fault {
		if r.URL.Path == refreshPath && !isLost {
			isLost = true
			return vaulttest.ResetAfter
		}
		return vaulttest.None
	})
	client := newClient(t, proxy.URL, quick, mediavault.WithTokens(stale))
	must(client.Users.Me(ctx))(t)
	equal(t, "refreshes", proxy.Count("POST", refreshPath), 2)
	must(client.Auth.Refresh(ctx))(t)
	must(client.Users.Me(ctx))(t)
}

func TestASessionThatEndedBeginsAnewWithThePassword(t *testing.T) {
	needVault(t)
	ctx := testContext(t)
	name := newAccount(t, shared.URL)
	other := newClient(t, shared.URL)
	must(other.Auth.Login(ctx, name, password))(t)
	var ended int
	kept := newClient(t, shared.URL, mediavault.WithTokens(other.Auth.Tokens()),
		mediavault.WithTokenListener(func(tokens mediavault.Tokens) {
			if tokens == (mediavault.Tokens{}) {
				ended++
			}
		}))
	service := newClient(t, shared.URL, mediavault.WithLogin(name, password))
	must(kept.Users.Me(ctx))(t)
	must(service.Users.Me(ctx))(t)
	must(other.Auth.LogoutAll(ctx))(t)
	must(service.Users.Me(ctx))(t)
	_, err := kept.Users.Me(ctx)
	refused(t, err, mediavault.ErrUnauthorized)
	equal(t, "ended", ended, 1)
	_, err = newClient(t, shared.URL).Users.Me(ctx)
	if !errors.Is(err, mediavault.ErrNotLoggedIn) {
		t.Fatalf("want ErrNotLoggedIn, got %v", err)
	}
	_, err = newClient(t, shared.URL, mediavault.WithLogin(name, "wrong password")).Users.Me(ctx)
	refused(t, err, mediavault.ErrUnauthorized)
}

// roundTrip is a transport of one function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
