package mediavault_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	mediavault "github.com/wronai/mediavault-go"
	"github.com/wronai/mediavault-go/internal/vaulttest"
)

// randomBytes are the same for the same seed.
func randomBytes(seed byte, size int) []byte {
	source := rand.NewChaCha8([32]byte{seed})
	data := make([]byte, 0, size+7)
	for len(data) < size {
		data = binary.LittleEndian.AppendUint64(data, source.Uint64())
	}
	return data[:size]
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// onlyReader hides that a reader can do more.
type onlyReader struct{ io.Reader }

func TestUploadsFromEveryKindOfReader(t *testing.T) {
	client, ctx := newUser(t), testContext(t)
	data := randomBytes(1, 300<<10)
	path := filepath.Join(t.TempDir(), "data.bin")
	ok(t, os.WriteFile(path, data, 0o600))
	file := must(os.Open(path))(t)
	defer file.Close()
	halfRead := bytes.NewReader(append([]byte("skipped"), data...))
	_ = must(io.CopyN(io.Discard, halfRead, 7))(t)
	for name, reader := range map[string]io.Reader{
		"bytes": bytes.NewReader(data), "stream": onlyReader{bytes.NewReader(data)}, "file": file, "rest": halfRead,
		"buffer": bytes.NewBuffer(data),
	} {
		media := must(client.Media.Upload(ctx, reader, name, mediavault.UploadOptions{}))(t)
		equal(t, name, *media.Checksum, sumOf(data))
	}
	media := must(client.Media.UploadFile(ctx, path, mediavault.UploadOptions{Filename: "other.bin"}))(t)
	equal(t, "filename", media.Filename, "other.bin")
	equal(t, "empty", upload(t, client, "empty", "").Size, 0)
}

func TestUploadsAreVerified(t *testing.T) {
	client, ctx := newUser(t), testContext(t)
	wrong := mediavault.UploadOptions{Checksum: sumOf([]byte("something else"))}
	_, err := client.Media.Upload(ctx, strings.NewReader("content"), "a", wrong)
	refused(t, err, mediavault.ErrChecksumMismatch)
	right := mediavault.UploadOptions{Checksum: sumOf([]byte("content"))}
	must(client.Media.Upload(ctx, strings.NewReader("content"), "a", right))(t)

	// A bit that falls over on the way.
	damage := roundTrip(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/upload") {
			body := must(io.ReadAll(r.Body))(t)
			r.Body.Close()
			body = bytes.Replace(body, []byte("content-"), []byte("contens-"), 1)
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		return http.DefaultTransport.RoundTrip(r)
	})
	damaged := newUser(t, mediavault.WithHTTPClient(&http.Client{Transport: damage}))
	_, err = damaged.Media.Upload(ctx, strings.NewReader("content-"), "a", mediavault.UploadOptions{})
	refused(t, err, mediavault.ErrChecksumMismatch)
}

func TestAnIdempotencyKeyOfTheCallers(t *testing.T) {
	client, ctx := newUser(t), testContext(t)
	key := mediavault.IdempotencyKey(fmt.Sprintf("key-%d", time.Now().UnixNano()))
	var info mediavault.ResponseInfo
	send := func(content string) (*mediavault.Media, error) {
		return client.Media.Upload(ctx, strings.NewReader(content), "a", mediavault.UploadOptions{}, key, mediavault.WithResponse(&info))
	}
	first := must(send("content"))(t)
	equal(t, "replayed", info.Replayed, false)
	equal(t, "again", must(send("content"))(t).ID, first.ID)
	equal(t, "replayed", info.Replayed, true)
	_, err := send("other")
	refused(t, err, mediavault.ErrIdempotencyMismatch)
}

func TestAReaderThatFailsEndsTheUpload(t *testing.T) {
	client, ctx := newUser(t, quick), testContext(t)
	fault := errors.New("the disk is gone")
	reader := io.MultiReader(strings.NewReader(strings.Repeat("x", 100<<10)), failing{fault})
	var info mediavault.ResponseInfo
	_, err := client.Media.Upload(ctx, reader, "a", mediavault.UploadOptions{}, mediavault.WithResponse(&info))
	if !errors.Is(err, fault) {
		t.Fatalf("want the reader's error, got %v", err)
	}
	equal(t, "attempts", info.Attempts, 1)
	_, err = client.Media.UploadFile(ctx, "/nonexistent", mediavault.UploadOptions{})
	equal(t, "missing", errors.Is(err, os.ErrNotExist), true)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// cutting is a proxy that cuts so many replies with content.
func cutting(t *testing.T, cuts int64) (*vaulttest.Proxy, *atomic.Int64) {
	needVault(t)
	var left atomic.Int64
	left.Store(cuts)
	return vaulttest.NewProxy(t, shared.URL, func(_ int, r *http.Request) vaulttest.Fault {
		if strings.HasSuffix(r.URL.Path, "/content") && left.Add(-1) >= 0 {
			return vaulttest.CutReply
		}
		return vaulttest.None
	}), &left
}

func TestADownloadGoesOnAfterABreak(t *testing.T) {
	proxy, _ := cutting(t, 3)
	client, ctx := newUserAt(t, proxy.URL, quick), testContext(t)
	data := randomBytes(2, 2<<20)
	media := must(client.Media.Upload(ctx, bytes.NewReader(data), "a.bin", mediavault.UploadOptions{}))(t)
	var last mediavault.Progress
	path := filepath.Join(t.TempDir(), "sub", "a.bin")
	ok(t, client.Media.DownloadFile(ctx, media.ID, path, mediavault.DownloadOptions{
		Progress: func(p mediavault.Progress) { last = p },
	}))
	equal(t, "content", bytes.Equal(must(os.ReadFile(path))(t), data), true)
	equal(t, "progress", last, mediavault.Progress{Done: 2 << 20, Total: 2 << 20})
	equal(t, "requests", proxy.Count("GET", "/api/v1/media/"+media.ID+"/content"), 4)
	equal(t, "files", len(must(os.ReadDir(filepath.Dir(path)))(t)), 1)
}

func TestADownloadIsResumedByAnotherRun(t *testing.T) {
	proxy, left := cutting(t, 1)
	once := mediavault.WithRetry(mediavault.RetryPolicy{Attempts: 1})
	client, ctx := newUserAt(t, proxy.URL, once), testContext(t)
	data := randomBytes(3, 1<<20)
	media := must(client.Media.Upload(ctx, bytes.NewReader(data), "a.bin", mediavault.UploadOptions{}))(t)
	path := filepath.Join(t.TempDir(), "a.bin")
	resume := mediavault.DownloadOptions{Resume: true}
	if err := client.Media.DownloadFile(ctx, media.ID, path, resume); err == nil {
		t.Fatal("the reply was not cut")
	}
	part := must(os.Stat(path + ".part"))(t)
	if part.Size() == 0 || part.Size() >= 1<<20 {
		t.Fatalf("%d bytes are kept", part.Size())
	}
	received := int64(0)
	resume.Progress = func(p mediavault.Progress) {
		if received == 0 {
			received = p.Done
		}
	}
	ok(t, client.Media.DownloadFile(ctx, media.ID, path, resume))
	equal(t, "it goes on", received > part.Size(), true)
	equal(t, "content", bytes.Equal(must(os.ReadFile(path))(t), data), true)

	// What is there is of another file, as long as this one or longer.
	for _, size := range []int{1000, 1 << 20, 2 << 20} {
		ok(t, os.WriteFile(path+".part", make([]byte, size), 0o600))
		ok(t, client.Media.DownloadFile(ctx, media.ID, path, mediavault.DownloadOptions{Resume: true}))
		equal(t, "content", bytes.Equal(must(os.ReadFile(path))(t), data), true)
	}
	left.Store(1)
	if err := client.Media.DownloadFile(ctx, media.ID, path+"2", mediavault.DownloadOptions{}); err == nil {
		t.Fatal("the reply was not cut")
	}
	equal(t, "files", len(must(os.ReadDir(filepath.Dir(path)))(t)), 1)
}

func TestAFileThatIsReplacedMeanwhile(t *testing.T) {
	proxy, left := cutting(t, 0)
	client, ctx := newUserAt(t, proxy.URL, quick), testContext(t)
	media := must(client.Media.Upload(ctx, bytes.NewReader(randomBytes(4, 1<<20)), "a.bin", mediavault.UploadOptions{}))(t)
	left.Store(1)
	content := must(client.Media.Open(ctx, media.ID, mediavault.DownloadOptions{}))(t)
	defer content.Close()
	_ = must(io.CopyN(io.Discard, content, 1000))(t)
	must(client.Media.Replace(ctx, media.ID, bytes.NewReader(randomBytes(5, 1<<20)), mediavault.UploadOptions{}))(t)
	_, err := io.Copy(io.Discard, content)
	equal(t, "changed", errors.Is(err, mediavault.ErrChanged), true)
}

func TestBytesThatAreDamagedOnTheWay(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Repr-Digest", "sha-256=:RK/5qy6MXBSVLNV9rrmYpPyn8Y7rZUcXZEVxlTfLh2M=:")
		fmt.Fprint(w, "something else")
	}))
	defer server.Close()
	client := newClient(t, server.URL, mediavault.WithAPIKey("key"))
	path := filepath.Join(t.TempDir(), "a")
	err := client.Media.DownloadFile(testContext(t), "media_1", path, mediavault.DownloadOptions{})
	equal(t, "digest", errors.Is(err, mediavault.ErrDigest), true)
	equal(t, "files", len(must(os.ReadDir(filepath.Dir(path)))(t)), 0)
}

// A server that stands still does not hold a transfer for ever.
func TestTransfersThatStandStill(t *testing.T) {
	hold := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "begin")
			w.(http.Flusher).Flush()
		}
		<-hold
	}))
	defer server.Close()
	defer close(hold)
	client := newClient(t, server.URL, mediavault.WithAPIKey("key"), mediavault.WithIdleTimeout(100*time.Millisecond),
		mediavault.WithTimeout(100*time.Millisecond), mediavault.WithRetry(mediavault.RetryPolicy{Attempts: 2, MinDelay: time.Millisecond}))
	ctx := testContext(t)
	start := time.Now()
	if _, err := client.Media.Download(ctx, "media_1", io.Discard, mediavault.DownloadOptions{}); err == nil {
		t.Fatal("the download has ended")
	}
	if _, err := client.Media.Upload(ctx, strings.NewReader("x"), "x", mediavault.UploadOptions{}); err == nil {
		t.Fatal("the upload has ended")
	}
	if _, err := client.Collections.Create(ctx, mediavault.CollectionOptions{Name: "x"}); err == nil {
		t.Fatal("the call has ended")
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Fatalf("it took %v", took)
	}
}

// slowReader takes its time, which is not the server's.
type slowReader struct{ left int }

func (r *slowReader) Read(into []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	time.Sleep(150 * time.Millisecond)
	r.left--
	return copy(into, "chunk"), nil
}

func TestASlowReaderIsNoStandstill(t *testing.T) {
	client := newUser(t, mediavault.WithIdleTimeout(100*time.Millisecond))
	media := must(client.Media.Upload(testContext(t), &slowReader{left: 4}, "slow", mediavault.UploadOptions{}))(t)
	equal(t, "size", media.Size, 20)
}
