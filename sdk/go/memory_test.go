package mediavault_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"testing"

	mediavault "github.com/wronai/mediavault-go"
)

// The process of TestStreamsTakeLittleMemory has these.
const (
	streamSize   = "MEDIAVAULT_STREAM_SIZE"
	streamURL    = "MEDIAVAULT_STREAM_URL"
	streamUser   = "MEDIAVAULT_STREAM_USER"
	streamFolder = "MEDIAVAULT_STREAM_FOLDER"
)

// What a process may grow by that sends and receives a file of any size.
const memoryBound = 32 << 20

func TestStreamsTakeLittleMemory(t *testing.T) {
	streams(t, 200<<20)
}

// Run by name: MEDIAVAULT_LONG=1 go test -run TestLong -timeout 30m
func TestLongStreamsOf2GiB(t *testing.T) {
	if os.Getenv("MEDIAVAULT_LONG") == "" {
		t.Skip("MEDIAVAULT_LONG is not set")
	}
	streams(t, 2<<30)
}

// streams has a process of its own send and receive so many bytes, from a reader and from a file, and
// bounds the memory that it grows by.
func streams(t *testing.T, size int64) {
	needVault(t)
	if runtime.GOOS != "linux" {
		t.Skip("/proc is needed")
	}
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), streamSize+"="+strconv.FormatInt(size, 10), streamURL+"="+shared.URL,
		streamUser+"="+newAccount(t, shared.URL), streamFolder+"="+t.TempDir())
	output, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	grown := must(strconv.ParseInt(string(output), 10, 64))(t)
	t.Logf("%.1f MiB for %d MiB", float64(grown)/(1<<20), size>>20)
	if grown > memoryBound {
		t.Fatalf("the process grew by %d MiB", grown>>20)
	}
}

// stream is that process: it prints the bytes that it grew by.
func stream() error {
	size, err := strconv.ParseInt(os.Getenv(streamSize), 10, 64)
	if err != nil {
		return err
	}
	ctx := context.Background()
	client, err := mediavault.New(os.Getenv(streamURL), mediavault.WithLogin(os.Getenv(streamUser), password))
	if err != nil {
		return err
	}
	small, err := client.Media.Upload(ctx, io.LimitReader(endless{1}, 1), "small.bin", mediavault.UploadOptions{})
	if err != nil {
		return err
	}
	if _, err := client.Media.Download(ctx, small.ID, io.Discard, mediavault.DownloadOptions{}); err != nil {
		return err
	}
	// From here on the peak counts anew.
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		return err
	}
	before, err := memory("VmRSS")
	if err != nil {
		return err
	}
	big, err := client.Media.Upload(ctx, io.LimitReader(endless{7}, size), "big.bin", mediavault.UploadOptions{})
	if err != nil {
		return err
	}
	path := filepath.Join(os.Getenv(streamFolder), "big.bin")
	if err := client.Media.DownloadFile(ctx, big.ID, path, mediavault.DownloadOptions{}); err != nil {
		return err
	}
	again, err := client.Media.UploadFile(ctx, path, mediavault.UploadOptions{})
	if err != nil {
		return err
	}
	n, err := client.Media.Download(ctx, again.ID, io.Discard, mediavault.DownloadOptions{})
	if err != nil {
		return err
	}
	if n != size || again.Size != size {
		return fmt.Errorf("%d bytes came back of %d", n, size)
	}
	peak, err := memory("VmHWM")
	fmt.Print(peak - before)
	return err
}

// memory is a line of /proc/self/status, in bytes.
func memory(name string) (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	found := regexp.MustCompile(name + `:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		return 0, fmt.Errorf("there is no %s", name)
	}
	size, err := strconv.ParseInt(string(found[1]), 10, 64)
	return size << 10, err
}

// endless is a reader of the same byte again and again.
type endless struct{ value byte }

func (e endless) Read(into []byte) (int, error) {
	for i := range into {
		into[i] = e.value
	}
	return len(into), nil
}
