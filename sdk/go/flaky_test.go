package mediavault_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	mediavault "github.com/wronai/mediavault-go"
	"github.com/wronai/mediavault-go/internal/vaulttest"
)

// Every second request meets a fault; what the caller asked for happens, once.
func TestEverythingOnceBehindAFlakyProxy(t *testing.T) {
	needVault(t)
	faults := []vaulttest.Fault{
		vaulttest.ResetBefore, vaulttest.ResetAfter, vaulttest.CutReply,
		vaulttest.Busy, vaulttest.TooMany, vaulttest.BadGateway,
	}
	met := map[vaulttest.Fault]int{}
	proxy := vaulttest.NewProxy(t, shared.URL, func(number int, r *http.Request) vaulttest.Fault {
		if strings.HasPrefix(r.URL.Path, "/api/v1/auth/register") || number%2 == 0 {
			return vaulttest.None
		}
		fault := faults[number/2%len(faults)]
		met[fault]++
		return fault
	})
	// Which request meets the next fault is up to how the workers mix: one call may meet many.
	patient := mediavault.WithRetry(mediavault.RetryPolicy{Attempts: 40, MinDelay: time.Millisecond, MaxDelay: 20 * time.Millisecond})
	client := newUserAt(t, proxy.URL, patient)
	ctx := testContext(t)
	var group sync.WaitGroup
	var mu sync.Mutex
	var uploaded []string
	for worker := range 4 {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := range 8 {
				name := fmt.Sprintf("%d-%d.txt", worker, i)
				media, err := client.Media.Upload(ctx, strings.NewReader(strings.Repeat(name, 1000)), name, mediavault.UploadOptions{})
				if err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				mu.Lock()
				uploaded = append(uploaded, media.ID)
				mu.Unlock()
				var content strings.Builder
				if _, err := client.Media.Download(ctx, media.ID, &content, mediavault.DownloadOptions{}); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if content.String() != strings.Repeat(name, 1000) {
					t.Errorf("%s has other bytes", name)
				}
			}
		}()
	}
	group.Wait()
	if t.Failed() {
		return
	}
	var listed []string
	for _, media := range must(mediavault.Collect(client.Media.List(ctx, mediavault.MediaFilter{ListOptions: mediavault.ListOptions{PerPage: 5}})))(t) {
		listed = append(listed, media.ID)
	}
	slices.Sort(uploaded)
	slices.Sort(listed)
	equal(t, "each once", slices.Equal(uploaded, listed), true)
	collection := must(client.Collections.Create(ctx, mediavault.CollectionOptions{Name: "all"}))(t)
	must(client.Collections.AddMedia(ctx, collection.ID, uploaded))(t)
	ok(t, client.Collections.Delete(ctx, collection.ID))
	left := must(mediavault.Collect(client.Collections.List(ctx, mediavault.ListOptions{})))(t)
	equal(t, "collections", len(left), 0)
	for _, id := range uploaded {
		must(client.Media.Delete(ctx, id))(t)
	}
	equal(t, "deleted", must(client.Trash.Empty(ctx))(t).Deleted, len(uploaded))
	equal(t, "kinds of faults", len(met), len(faults))
}

// The first attempt of each call meets that fault.
func failingFirst(t *testing.T, fault vaulttest.Fault, method, part string) (*mediavault.Client, *vaulttest.Proxy) {
	t.Helper()
	needVault(t)
	isMet := false
	proxy := vaulttest.NewProxy(t, shared.URL, func(_ int, r *http.Request) vaulttest.Fault {
		if isMet || r.Method != method || !strings.Contains(r.URL.Path, part) {
			return vaulttest.None
		}
		isMet = true
		return fault
	})
	return newUserAt(t, proxy.URL, quick), proxy
}

func TestAStreamThatCannotBeReadAgain(t *testing.T) {
	ctx := testContext(t)
	body := func() onlyReader { return onlyReader{strings.NewReader(strings.Repeat("x", 1<<20))} }
	// A refusal comes before the bytes are sent, so that they can still be.
	client, _ := failingFirst(t, vaulttest.Busy, "POST", "/upload")
	media := must(client.Media.Upload(ctx, body(), "a", mediavault.UploadOptions{}))(t)
	equal(t, "size", media.Size, 1<<20)
	// Once they were sent, they cannot.
	client, proxy := failingFirst(t, vaulttest.ResetAfter, "POST", "/upload")
	_, err := client.Media.Upload(ctx, body(), "a", mediavault.UploadOptions{})
	if err == nil || errors.As(err, new(*mediavault.APIError)) {
		t.Fatalf("want a lost connection, got %v", err)
	}
	equal(t, "requests", proxy.Count("POST", "/api/v1/media/upload"), 1)
}

func TestWhatIsRepeatedAndWhatIsNot(t *testing.T) {
	ctx := testContext(t)
	client, proxy := failingFirst(t, vaulttest.RetryFarAhead, "GET", "/users/me")
	_, err := client.Users.Me(ctx)
	var refusal *mediavault.APIError
	if !errors.As(err, &refusal) || refusal.RetryAfter != time.Hour || refusal.Code != "" {
		t.Fatalf("got %v", err)
	}
	equal(t, "requests", proxy.Count("GET", "/api/v1/users/me"), 1)

	// Whether somebody else has changed it could not be told.
	client, _ = failingFirst(t, vaulttest.ResetAfter, "PATCH", "/media/")
	media := upload(t, client, "a", "content")
	media = settled(t, client, media.ID)
	_, err = client.Media.Update(ctx, media.ID, mediavault.MediaUpdate{Title: mediavault.Set("x")}, mediavault.IfMatch(media.ETag))
	if err == nil || errors.As(err, &refusal) {
		t.Fatalf("want a lost connection, got %v", err)
	}

	// A secret comes again, of the one key that was made.
	client, _ = failingFirst(t, vaulttest.ResetAfter, "POST", "/api-keys")
	key := must(client.APIKeys.Create(ctx, mediavault.APIKeyOptions{Name: "a"}))(t)
	equal(t, "keys", len(must(client.APIKeys.List(ctx))(t)), 1)
	must(newClient(t, shared.URL, mediavault.WithAPIKey(key.Secret)).Users.Me(ctx))(t)

	client, _ = failingFirst(t, vaulttest.ResetAfter, "DELETE", "/media/")
	media = upload(t, client, "a", "content")
	equal(t, "deleted", must(client.Media.Delete(ctx, media.ID))(t).ID, media.ID)
	_, err = client.Media.Delete(ctx, media.ID)
	refused(t, err, mediavault.ErrNotFound)
}

func TestTheEndOfTheContextEndsTheRepetitions(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()
	client := newClient(t, server.URL, mediavault.WithAPIKey("key"))
	start := time.Now()
	// There is no use in waiting for longer than the caller does.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err := client.Users.Me(ctx)
	var refusal *mediavault.APIError
	if !errors.As(err, &refusal) || refusal.RetryAfter != 30*time.Second {
		t.Fatalf("got %v", err)
	}
	ctx, cancel = context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err = client.Users.Me(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("want the end of the context, got %v", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Fatalf("it took %v", took)
	}
}
