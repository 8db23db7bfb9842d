//go:build go1.23

package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	mediavault "github.com/wronai/mediavault-go"
	"github.com/wronai/mediavault-go/internal/vaulttest"
)

func TestTheFolderFollowsTheCollection(t *testing.T) {
	if vaulttest.Binary() == "" {
		t.Skip(vaulttest.Missing)
	}
	server, err := vaulttest.Start(t.TempDir(), nil)
	check(t, err)
	defer func() { check(t, server.Stop()) }()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Second)
	defer cancel()
	client, err := mediavault.New(server.URL, mediavault.WithLogin("ada", "correct horse"))
	check(t, err)
	_, err = client.Auth.Register(ctx, mediavault.Registration{Username: "ada", Password: "correct horse"})
	check(t, err)
	upload := func(name, content string) string {
		media, err := client.Media.Upload(ctx, strings.NewReader(content), name, mediavault.UploadOptions{})
		check(t, err)
		return media.ID
	}
	collection, err := client.Collections.Create(ctx, mediavault.CollectionOptions{Name: "Holiday"})
	check(t, err)
	sea, other := upload("sea.txt", "blue"), upload("sea.txt", "green")
	upload("elsewhere.txt", "not in the collection")
	_, err = client.Collections.AddMedia(ctx, collection.ID, []string{sea, other})
	check(t, err)

	folder := filepath.Join(t.TempDir(), "mirror")
	check(t, os.MkdirAll(folder, 0o700))
	check(t, os.WriteFile(filepath.Join(folder, "mine.txt"), []byte("stays"), 0o600))
	following, stop := context.WithCancel(ctx)
	defer stop()
	m := &mirror{client: client, collection: collection.ID, folder: folder, log: slog.Default()}
	ended := make(chan error, 1)
	go func() { ended <- m.follow(following) }()
	becomes := func(want ...string) {
		t.Helper()
		want = append(want, "mine.txt stays")
		slices.Sort(want)
		var have []string
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			if have = contents(t, folder); slices.Equal(have, want) {
				return
			}
		}
		t.Fatalf("the folder has %q, want %q", have, want)
	}
	// Which of the two comes first is nobody's business.
	one, two := "sea.txt blue", fmt.Sprintf("sea (%s).txt green", other)
	for end := time.Now().Add(20 * time.Second); len(contents(t, folder)) < 3 && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
	}
	if slices.Contains(contents(t, folder), "sea.txt green") {
		one, two = "sea.txt green", fmt.Sprintf("sea (%s).txt blue", sea)
		sea, other = other, sea
	}
	becomes(one, two)
	_, err = client.Media.Replace(ctx, sea, strings.NewReader("grey"), mediavault.UploadOptions{})
	check(t, err)
	becomes("sea.txt grey", two)
	_, err = client.Collections.RemoveMedia(ctx, collection.ID, other)
	check(t, err)
	becomes("sea.txt grey")
	trap := upload("../../escape/.hidden", "inside")
	_, err = client.Collections.AddMedia(ctx, collection.ID, []string{trap})
	check(t, err)
	becomes("sea.txt grey", "_.._escape_.hidden inside")
	stop()
	<-ended

	// Another run goes on from the state that this one left.
	_, err = client.Media.Delete(ctx, trap)
	check(t, err)
	again := &mirror{client: client, collection: collection.ID, folder: folder, log: slog.Default()}
	check(t, again.compare(ctx))
	becomes("sea.txt grey")
}

// contents are the names and contents of the folder's files that are not hidden.
func contents(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	check(t, err)
	var all []string
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") || strings.HasSuffix(entry.Name(), ".part") {
			continue
		}
		content, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err == nil { // it may have been removed meanwhile
			all = append(all, entry.Name()+" "+string(content))
		}
	}
	slices.Sort(all)
	return all
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
