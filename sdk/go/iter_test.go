//go:build go1.23

package mediavault_test

import (
	"iter"
	"testing"

	mediavault "github.com/wronai/mediavault-go"
)

// From Go 1.23 on lists are what the package iter and loops take.
func TestListsAreIterators(t *testing.T) {
	client, ctx := newUser(t), testContext(t)
	for _, name := range []string{"a", "b", "c"} {
		upload(t, client, name, name)
	}
	var media iter.Seq2[*mediavault.Media, error] = client.Media.List(ctx, mediavault.MediaFilter{Sort: mediavault.SortFilename})
	names := ""
	for one, err := range media {
		ok(t, err)
		names += one.Filename
	}
	equal(t, "names", names, "abc")
	equal(t, "collected", len(must(mediavault.Collect(media))(t)), 3)
	next, stop := iter.Pull2(client.Media.List(ctx, mediavault.MediaFilter{Sort: mediavault.SortFilename}))
	defer stop()
	one, err, isThere := next()
	ok(t, err)
	equal(t, "there is one", isThere, true)
	equal(t, "name", one.Filename, "a")
}
