package mediavault_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	mediavault "github.com/wronai/mediavault-go"
	"github.com/wronai/mediavault-go/internal/vaulttest"
)

// shared is one vault for all tests that use accounts of their own.
var shared *vaulttest.Server

const password = "correct horse"

// TestMain runs the tests, the examples among them, against a vault of their own. Without one, what
// needs none is run.
func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv(streamSize) != "" {
		if err := stream(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if vaulttest.Binary() == "" {
		fmt.Fprintln(os.Stderr, vaulttest.Missing+": examples and most tests are skipped")
		_ = flag.Set("test.skip", "^Example")
		os.Exit(m.Run())
	}
	code, err := runWithVault(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func runWithVault(m *testing.M) (code int, err error) {
	folder, err := os.MkdirTemp("", "mediavault-go-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(folder)
	shared, err = vaulttest.Start(folder, map[string]string{"webhooks.allow_private": "true"})
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, shared.Stop()) }()
	if err := prepareExamples(filepath.Join(folder, "examples")); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// prepareExamples has https://vault.example.com lead to the shared vault, with Ada's account, and makes
// the files that examples read, in the working folder.
func prepareExamples(folder string) error {
	transport := http.DefaultTransport.(*http.Transport)
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasPrefix(address, "vault.example.com:") {
			address = strings.TrimPrefix(shared.URL, "http://")
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	transport.DialTLSContext = dial // without TLS, which the shared vault does not have
	ctx := context.Background()
	client, err := mediavault.New(shared.URL, mediavault.WithLogin("ada@example.com", password))
	if err != nil {
		return err
	}
	mail := "ada@example.com"
	if _, err := client.Auth.Register(ctx, mediavault.Registration{Username: "ada", Email: &mail, Password: password}); err != nil {
		return err
	}
	key, err := client.APIKeys.Create(ctx, mediavault.APIKeyOptions{Name: "examples"})
	if err != nil {
		return err
	}
	os.Setenv("MEDIAVAULT_API_KEY", key.Secret)
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	for _, name := range []string{"photo.jpg", "a.jpg", "b.jpg", "c.jpg"} {
		if err := os.WriteFile(filepath.Join(folder, name), append(picture, name...), 0o666); err != nil {
			return err
		}
	}
	return os.Chdir(folder)
}

// picture begins as a JPEG does.
var picture = []byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")

var accounts atomic.Int64

// needVault skips a test that there is no vault for.
func needVault(t testing.TB) {
	t.Helper()
	if shared == nil {
		t.Skip(vaulttest.Missing)
	}
}

// context ends before the test would be given up.
func testContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// quick repeats soon.
var quick = mediavault.WithRetry(mediavault.RetryPolicy{Attempts: 8, MinDelay: time.Millisecond, MaxDelay: 20 * time.Millisecond})

// newAccount registers an account at address and gives its name.
func newAccount(t testing.TB, address string) string {
	t.Helper()
	name := fmt.Sprintf("user-%d-%d", os.Getpid(), accounts.Add(1))
	client := newClient(t, address)
	account := mediavault.Registration{Username: name, Password: password}
	if _, err := client.Auth.Register(testContext(t), account); err != nil {
		t.Fatal(err)
	}
	return name
}

func newClient(t testing.TB, address string, options ...mediavault.Option) *mediavault.Client {
	t.Helper()
	logger := slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	options = append([]mediavault.Option{mediavault.WithLogger(logger)}, options...)
	client, err := mediavault.New(address, options...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// newUser is a client of the shared vault with an account of its own.
func newUser(t testing.TB, options ...mediavault.Option) *mediavault.Client {
	t.Helper()
	needVault(t)
	return newUserAt(t, shared.URL, options...)
}

func newUserAt(t testing.TB, address string, options ...mediavault.Option) *mediavault.Client {
	t.Helper()
	login := mediavault.WithLogin(newAccount(t, address), password)
	return newClient(t, address, append([]mediavault.Option{login}, options...)...)
}

// newServer is a vault of the test's own.
func newServer(t testing.TB, settings map[string]string) *vaulttest.Server {
	t.Helper()
	needVault(t)
	server, err := vaulttest.Start(t.TempDir(), settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// testWriter logs where the test fails.
type testWriter struct{ t testing.TB }

func (w testWriter) Write(text []byte) (int, error) {
	defer func() { _ = recover() }() // a stream may say something after its test
	w.t.Log(strings.TrimRight(string(text), "\n"))
	return len(text), nil
}

func upload(t testing.TB, client *mediavault.Client, name, content string) *mediavault.Media {
	t.Helper()
	media, err := client.Media.Upload(testContext(t), strings.NewReader(content), name, mediavault.UploadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return media
}

// settled is a file that the vault has looked into, so that its ETag stays.
func settled(t testing.TB, client *mediavault.Client, id string) *mediavault.Media {
	t.Helper()
	var media *mediavault.Media
	eventually(t, "the vault has looked into the file", func() bool {
		media = must(client.Media.Get(testContext(t), id))(t)
		return media.Status != mediavault.StatusProcessing
	})
	return media
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// must gives value, or ends the test.
func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		ok(t, err)
		return value
	}
}

// refused wants that error, and gives what the vault said.
func refused(t testing.TB, err error, code mediavault.Code) *mediavault.APIError {
	t.Helper()
	var refusal *mediavault.APIError
	if !errors.Is(err, code) || !errors.As(err, &refusal) {
		t.Fatalf("want %s, got %v", code, err)
	}
	return refusal
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

// eventually waits until it is so.
func eventually(t testing.TB, what string, isSo func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !isSo(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("in vain: " + what)
		}
	}
}
