package mediavault_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	mediavault "github.com/wronai/mediavault-go"
)

func TestMediaFromUploadToPurge(t *testing.T) {
	client, ctx := newUser(t), testContext(t)
	var steps []mediavault.Progress
	media := must(client.Media.Upload(ctx, strings.NewReader("the sea"), `sea "1".txt`, mediavault.UploadOptions{
		Title:       "By the sea",
		Description: "blue",
		Tags:        []string{"holiday", "sea"},
		Progress:    func(p mediavault.Progress) { steps = append(steps, p) },
	}))(t)
	equal(t, "filename", media.Filename, `sea "1".txt`)
	equal(t, "title", *media.Title, "By the sea")
	equal(t, "size", media.Size, 7)
	equal(t, "tags", strings.Join(media.Tags, ","), "holiday,sea")
	equal(t, "last step", steps[len(steps)-1], mediavault.Progress{Done: 7, Total: 7})

	found := settled(t, client, media.ID)
	if found.ETag == "" {
		t.Fatal("no ETag")
	}
	_, err := client.Media.Get(ctx, media.ID, mediavault.IfNoneMatch(found.ETag))
	if !errors.Is(err, mediavault.ErrNotModified) {
		t.Fatalf("want ErrNotModified, got %v", err)
	}
	updated := must(client.Media.Update(ctx, media.ID, mediavault.MediaUpdate{
		Filename:    mediavault.Set("ocean.txt"),
		Title:       mediavault.Clear[string](),
		Description: mediavault.Set("deep"),
		Tags:        mediavault.Clear[[]string](),
	}, mediavault.IfMatch(found.ETag)))(t)
	equal(t, "filename", updated.Filename, "ocean.txt")
	equal(t, "tags", len(updated.Tags), 0)
	if updated.Title != nil || *updated.Description != "deep" {
		t.Fatalf("got %v, %v", updated.Title, updated.Description)
	}
	_, err = client.Media.Update(ctx, media.ID, mediavault.MediaUpdate{}, mediavault.IfMatch(found.ETag))
	refused(t, err, mediavault.ErrPreconditionFailed)

	replaced := must(client.Media.Replace(ctx, media.ID, strings.NewReader("the ocean"), mediavault.UploadOptions{}))(t)
	equal(t, "size", replaced.Size, 9)
	var content bytes.Buffer
	equal(t, "bytes", must(client.Media.Download(ctx, media.ID, &content, mediavault.DownloadOptions{}))(t), 9)
	equal(t, "content", content.String(), "the ocean")

	missing := "sha256:" + strings.Repeat("0", 64)
	known := must(client.Media.Exists(ctx, []string{*replaced.Checksum, missing}))(t)
	equal(t, "known", fmt.Sprint(known), fmt.Sprint(map[string]string{*replaced.Checksum: media.ID}))

	deleted := must(client.Media.Delete(ctx, media.ID))(t)
	if !deleted.Deleted || deleted.RestorableUntil == nil {
		t.Fatalf("got %+v", deleted)
	}
	trashed := must(mediavault.Collect(client.Trash.List(ctx, mediavault.ListOptions{})))(t)
	equal(t, "trashed", trashed[0].ID, media.ID)
	equal(t, "restored", must(client.Trash.Restore(ctx, media.ID))(t).ID, media.ID)
	equal(t, "purged", must(client.Media.DeletePermanently(ctx, media.ID))(t).RestorableUntil == nil, true)
	_, err = client.Media.Get(ctx, media.ID)
	refused(t, err, mediavault.ErrNotFound)
}

// What a form has to escape, and what looks as if it had.
func TestNamesComeBack(t *testing.T) {
	client := newUser(t)
	names := []string{
		`a"b.txt`, "%22.txt", `both %22 and ".txt`, "%0d%0A.txt", "caf%C3%A9.txt", "%", `a\b.txt`, `end\`,
		`a\"b.txt`, `"; filename="b.txt`, "a\r\nb\n.txt", "\U0001f468\u200d\U0001f469\u200d\U0001f467 100%.jpg",
	}
	for _, name := range names {
		equal(t, "filename", upload(t, client, name, "x").Filename, name)
	}
}

func TestTrash(t *testing.T) {
	client, ctx := newUser(t), testContext(t)
	for i := range 3 {
		media := upload(t, client, fmt.Sprintf("%d.txt", i), fmt.Sprint("content ", i))
		must(client.Media.Delete(ctx, media.ID))(t)
	}
	page := must(client.Trash.ListPage(ctx, mediavault.ListOptions{PerPage: 2}))(t)
	equal(t, "on the page", len(page.Items), 2)
	equal(t, "has a next one", page.HasNext(), true)
	ok(t, client.Trash.Delete(ctx, page.Items[0].ID))
	emptied := must(client.Trash.Empty(ctx))(t)
	equal(t, "deleted", emptied.Deleted, 2)
	equal(t, "left", len(must(mediavault.Collect(client.Trash.List(ctx, mediavault.ListOptions{})))(t)), 0)
}

func TestListsGoThroughAllPages(t *testing.T) {
	client, ctx := newUser(t), testContext(t)
	for i := range 7 {
		options := mediavault.UploadOptions{Tags: []string{"all"}}
		if i%2 == 0 {
			options.Tags = append(options.Tags, "even")
		}
		must(client.Media.Upload(ctx, strings.NewReader(strings.Repeat("x", i)), fmt.Sprintf("file %d.txt", i), options))(t)
	}
	list := func(filter mediavault.MediaFilter) []string {
		var names []string
		for _, media := range must(mediavault.Collect(client.Media.List(ctx, filter)))(t) {
			names = append(names, media.Filename[5:6])
		}
		return names
	}
	small := mediavault.ListOptions{PerPage: 2}
	tests := []struct {
		filter mediavault.MediaFilter
		want   string
	}{
		{mediavault.MediaFilter{ListOptions: small}, "6543210"},
		{mediavault.MediaFilter{ListOptions: mediavault.ListOptions{PerPage: 2, Page: 2}}, "43210"},
		{mediavault.MediaFilter{ListOptions: small, Tag: "even", Sort: mediavault.SortSize}, "0246"},
		{mediavault.MediaFilter{Query: "file", Sort: mediavault.SortFilename, Order: mediavault.Descending}, "6543210"},
		{mediavault.MediaFilter{Type: mediavault.TypeImage}, ""},
		{mediavault.MediaFilter{CreatedAfter: time.Now().Add(time.Hour)}, ""},
		{mediavault.MediaFilter{CreatedBefore: time.Now().Add(time.Hour), Sort: "-filename"}, "6543210"},
	}
	for _, test := range tests {
		equal(t, fmt.Sprintf("%+v", test.filter), strings.Join(list(test.filter), ""), test.want)
	}
	page := must(client.Media.ListPage(ctx, mediavault.MediaFilter{ListOptions: small}))(t)
	equal(t, "total", page.Pagination.Total, 7)
	next := mediavault.ListOptions{PerPage: 3, Cursor: page.NextCursor()}
	page = must(client.Media.ListPage(ctx, mediavault.MediaFilter{ListOptions: next}))(t)
	equal(t, "the next page begins", page.Items[0].Filename, "file 4.txt")
	yielded := 0
	client.Media.List(ctx, mediavault.MediaFilter{ListOptions: small})(func(media *mediavault.Media, err error) bool {
		ok(t, err)
		equal(t, "the first", media.Filename, "file 6.txt")
		yielded++
		return false
	})
	equal(t, "yielded", yielded, 1)
	failures := 0
	client.Media.List(ctx, mediavault.MediaFilter{Sort: "colour"})(func(media *mediavault.Media, err error) bool {
		refused(t, err, mediavault.ErrValidation)
		equal(t, "media beside an error", media, nil)
		failures++
		return true
	})
	equal(t, "failures", failures, 1)
	_, err := client.Collections.ListPage(ctx, mediavault.ListOptions{Cursor: "x"})
	refused(t, err, mediavault.ErrValidation)
	_, err = client.Media.ListPage(ctx, mediavault.MediaFilter{ListOptions: mediavault.ListOptions{Cursor: "x", Page: 2}})
	if err == nil {
		t.Fatal("a cursor and a page")
	}
}

func TestCollections(t *testing.T) {
	client, ctx := newUser(t), testContext(t)
	a, b, c := upload(t, client, "a", "1"), upload(t, client, "b", "22"), upload(t, client, "c", "333")
	about := "By the sea"
	collection := must(client.Collections.Create(ctx, mediavault.CollectionOptions{Name: "Holiday", Description: &about}))(t)
	equal(t, "description", *collection.Description, about)
	collection = must(client.Collections.AddMedia(ctx, collection.ID, []string{a.ID, b.ID, c.ID}))(t)
	equal(t, "count", collection.MediaCount, 3)
	order := func(filter mediavault.MediaFilter) string {
		var names []string
		for _, media := range must(mediavault.Collect(client.Collections.ListMedia(ctx, collection.ID, filter)))(t) {
			names = append(names, media.Filename)
		}
		return strings.Join(names, "")
	}
	must(client.Collections.MoveMedia(ctx, collection.ID, c.ID, a.ID))(t)
	equal(t, "order", order(mediavault.MediaFilter{ListOptions: mediavault.ListOptions{PerPage: 1}}), "cab")
	must(client.Collections.MoveMedia(ctx, collection.ID, c.ID, ""))(t)
	equal(t, "order", order(mediavault.MediaFilter{}), "abc")
	equal(t, "by size", order(mediavault.MediaFilter{Sort: "-size"}), "cba")
	page := must(client.Collections.ListMediaPage(ctx, collection.ID, mediavault.MediaFilter{ListOptions: mediavault.ListOptions{PerPage: 2}}))(t)
	equal(t, "on the page", len(page.Items), 2)
	collection = must(client.Collections.RemoveMedia(ctx, collection.ID, b.ID))(t)
	equal(t, "count", collection.MediaCount, 2)
	inIt := mediavault.MediaFilter{Collection: collection.ID}
	equal(t, "media of it", len(must(mediavault.Collect(client.Media.List(ctx, inIt)))(t)), 2)
	seen := must(client.Collections.Get(ctx, collection.ID))(t)
	changed := must(client.Collections.Update(ctx, collection.ID, mediavault.CollectionUpdate{
		Name:        mediavault.Set("Winter"),
		Description: mediavault.Clear[string](),
	}, mediavault.IfMatch(seen.ETag)))(t)
	equal(t, "name", changed.Name, "Winter")
	equal(t, "description", changed.Description, nil)
	_, err := client.Collections.AddMedia(ctx, collection.ID, []string{b.ID}, mediavault.IfMatch(seen.ETag))
	refused(t, err, mediavault.ErrPreconditionFailed)
	for range 4 {
		must(client.Collections.Create(ctx, mediavault.CollectionOptions{Name: "more"}))(t)
	}
	for _, at := range []mediavault.ListOptions{{PerPage: 2}, {PerPage: 2, Page: 1}} {
		equal(t, "collections", len(must(mediavault.Collect(client.Collections.List(ctx, at)))(t)), 5)
	}
	ok(t, client.Collections.Delete(ctx, collection.ID))
	_, err = client.Collections.Get(ctx, collection.ID)
	refused(t, err, mediavault.ErrNotFound)
}

func TestShares(t *testing.T) {
	client, ctx := newUser(t), testContext(t)
	media := upload(t, client, "a.txt", "shared")
	end := time.Now().Add(time.Hour).Truncate(time.Second)
	share := must(client.Shares.ShareMedia(ctx, media.ID, mediavault.SharePolicy{
		Password:     mediavault.Set("open sesame"),
		ExpiresAt:    mediavault.Set(end),
		MaxDownloads: mediavault.Set(3),
	}))(t)
	equal(t, "media", *share.MediaID, media.ID)
	equal(t, "end", share.ExpiresAt.Equal(end), true)
	equal(t, "maximum", *share.MaxDownloads, 3)
	collection := must(client.Collections.Create(ctx, mediavault.CollectionOptions{Name: "all"}))(t)
	gallery := must(client.Shares.ShareCollection(ctx, collection.ID, mediavault.SharePolicy{}))(t)
	equal(t, "has a password", gallery.HasPassword, false)
	changed := must(client.Shares.Update(ctx, share.ID, mediavault.SharePolicy{
		Password:      mediavault.Clear[string](),
		ExpiresAt:     mediavault.Clear[time.Time](),
		AllowDownload: mediavault.Set(false),
	}))(t)
	if changed.HasPassword || changed.ExpiresAt != nil || changed.AllowDownload || *changed.MaxDownloads != 3 {
		t.Fatalf("got %+v", changed)
	}
	equal(t, "url", must(client.Shares.Get(ctx, share.ID))(t).URL, share.URL)
	more := mediavault.SharePolicy{MaxDownloads: mediavault.Set(4)}
	must(client.Shares.Update(ctx, share.ID, more, mediavault.IfMatch(changed.ETag)))(t)
	_, err := client.Shares.Update(ctx, share.ID, more, mediavault.IfMatch(changed.ETag))
	refused(t, err, mediavault.ErrPreconditionFailed)
	at := mediavault.ListOptions{PerPage: 1}
	equal(t, "all", len(must(mediavault.Collect(client.Shares.List(ctx, at)))(t)), 2)
	equal(t, "page", must(client.Shares.ListPage(ctx, at))(t).Pagination.Total, 2)
	equal(t, "of the file", must(mediavault.Collect(client.Shares.ListOfMedia(ctx, media.ID, at)))(t)[0].ID, share.ID)
	equal(t, "of the collection", must(mediavault.Collect(client.Shares.ListOfCollection(ctx, collection.ID, at)))(t)[0].ID, gallery.ID)
	ok(t, client.Shares.Revoke(ctx, share.ID))
	_, err = client.Shares.Get(ctx, share.ID)
	refused(t, err, mediavault.ErrNotFound)
}

func TestAccountAndSessions(t *testing.T) {
	client, ctx := newUser(t), testContext(t)
	me := must(client.Users.Me(ctx))(t)
	if me.Trashed == nil || me.Email != nil {
		t.Fatalf("got %+v", me)
	}
	mail := me.Username + "@example.com"
	me = must(client.Users.Update(ctx, mediavault.UserUpdate{Email: mediavault.Set(mail)}, mediavault.IfMatch(me.ETag)))(t)
	equal(t, "mail", *me.Email, mail)
	other := newClient(t, shared.URL)
	must(other.Auth.Login(ctx, mail, password))(t)
	sessions := must(client.Auth.Sessions(ctx))(t)
	equal(t, "sessions", len(sessions), 2)
	equal(t, "current", sessions[0].Current, true)
	ok(t, client.Auth.EndSession(ctx, sessions[1].ID))
	_, err := other.Users.Me(ctx)
	refused(t, err, mediavault.ErrUnauthorized)
	_, err = other.Users.Me(ctx)
	if !errors.Is(err, mediavault.ErrNotLoggedIn) {
		t.Fatalf("want ErrNotLoggedIn, got %v", err)
	}
	must(other.Auth.Login(ctx, mail, password))(t)
	must(client.Users.Update(ctx, mediavault.UserUpdate{Password: mediavault.Set("another horse"), CurrentPassword: password}))(t)
	_, err = other.Users.Me(ctx)
	refused(t, err, mediavault.ErrUnauthorized)
	must(other.Auth.Login(ctx, mail, "another horse"))(t)
	equal(t, "ended", must(client.Auth.LogoutAll(ctx))(t), 2)
	must(other.Auth.Login(ctx, mail, "another horse"))(t)
	ok(t, other.Auth.Logout(ctx))
	ok(t, other.Auth.Logout(ctx)) // again
	equal(t, "tokens", other.Auth.Tokens(), mediavault.Tokens{})
	must(other.Auth.Login(ctx, mail, "another horse"))(t)
	ok(t, other.Users.Delete(ctx, "another horse"))
	_, err = other.Auth.Login(ctx, mail, "another horse")
	refused(t, err, mediavault.ErrUnauthorized)
}

func TestAPIKeys(t *testing.T) {
	client, ctx := newUser(t), testContext(t)
	end := time.Now().Add(time.Hour).Truncate(time.Second)
	key := must(client.APIKeys.Create(ctx, mediavault.APIKeyOptions{
		Name: "reader", Scopes: []mediavault.Scope{mediavault.ScopeRead}, ExpiresAt: end,
	}))(t)
	equal(t, "kind", key.Kind, mediavault.KeyAPI)
	equal(t, "end", key.ExpiresAt.Equal(end), true)
	reader := newClient(t, shared.URL, mediavault.WithAPIKey(key.Secret))
	must(reader.Users.Me(ctx))(t)
	_, err := reader.Media.Upload(ctx, strings.NewReader("x"), "x", mediavault.UploadOptions{})
	refused(t, err, mediavault.ErrForbidden)
	_, err = reader.APIKeys.List(ctx)
	refused(t, err, mediavault.ErrForbidden)
	if _, err = reader.Auth.Login(ctx, "a", "b"); err == nil {
		t.Fatal("a client with a key has logged in")
	}
	keys := must(client.APIKeys.List(ctx))(t)
	equal(t, "keys", len(keys), 1)
	equal(t, "scopes", slices.Equal(keys[0].Scopes, []mediavault.Scope{mediavault.ScopeRead}), true)
	ok(t, client.APIKeys.Delete(ctx, key.ID))
	_, err = reader.Users.Me(ctx)
	refused(t, err, mediavault.ErrUnauthorized)
}

func TestUploadManyFiles(t *testing.T) {
	client, ctx, folder := newUser(t), testContext(t), t.TempDir()
	var paths []string
	for i := range 12 {
		path := filepath.Join(folder, fmt.Sprintf("%02d.txt", i))
		ok(t, os.WriteFile(path, fmt.Appendf(nil, "content %d", i), 0o600))
		paths = append(paths, path)
	}
	paths = slices.Insert(paths, 5, filepath.Join(folder, "missing"))
	done := 0
	results, err := client.Media.UploadFiles(ctx, paths, mediavault.UploadFilesOptions{
		Parallel: 3,
		Describe: func(path string) mediavault.UploadOptions {
			return mediavault.UploadOptions{Title: filepath.Base(path)}
		},
		Done: func(mediavault.FileResult) { done++ },
	})
	if !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("want the missing file, got %v", err)
	}
	equal(t, "done", done, 13)
	for i, result := range results {
		equal(t, "path", result.Path, paths[i])
		if i == 5 {
			equal(t, "failed", errors.Is(result.Err, os.ErrNotExist), true)
			continue
		}
		ok(t, result.Err)
		equal(t, "title", *result.Media.Title, filepath.Base(paths[i]))
	}
	equal(t, "media", len(must(mediavault.Collect(client.Media.List(ctx, mediavault.MediaFilter{})))(t)), 12)
}
