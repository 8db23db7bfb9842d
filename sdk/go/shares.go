package mediavault

import (
	"context"
	"net/http"
	"time"
)

// SharesService is about links for people without an account. A key needs both scopes to make or
// change one.
type SharesService struct{ c *Client }

// SharePolicy says what a link permits. Its zero value is a link that anybody may use, for good.
type SharePolicy struct {
	Password      Field[string]    // asked of visitors
	ExpiresAt     Field[time.Time] // in the future
	MaxDownloads  Field[int]
	AllowDownload Field[bool] // false: for looking at only
}

func (p SharePolicy) body() changes {
	body := changes{}
	add(body, "password", p.Password)
	add(body, "expires_at", p.ExpiresAt)
	add(body, "max_downloads", p.MaxDownloads)
	add(body, "allow_download", p.AllowDownload)
	return body
}

// ShareMedia makes a link to a file.
func (s *SharesService) ShareMedia(ctx context.Context, mediaID string, policy SharePolicy, options ...CallOption) (*Share, error) {
	r := newRequest(http.MethodPost, mediaPath(mediaID)+"/shares", options)
	return data[Share](ctx, s.c, r.withJSON(policy.body()))
}

// ShareCollection makes a link to a collection, which is shown as a gallery.
func (s *SharesService) ShareCollection(ctx context.Context, collectionID string, policy SharePolicy, options ...CallOption) (*Share, error) {
	r := newRequest(http.MethodPost, collectionPath(collectionID)+"/shares", options)
	return data[Share](ctx, s.c, r.withJSON(policy.body()))
}

// List reads all shares of the account, the newest first, page by page.
func (s *SharesService) List(ctx context.Context, at ListOptions, options ...CallOption) func(yield func(*Share, error) bool) {
	return items[Share](ctx, s.c, list{path: "/shares", options: options}, at)
}

// ListPage reads one page of them.
func (s *SharesService) ListPage(ctx context.Context, at ListOptions, options ...CallOption) (*Page[Share], error) {
	return readPage[Share](ctx, s.c, list{path: "/shares", options: options}, at)
}

// ListOfMedia reads the shares of a file, the newest first.
func (s *SharesService) ListOfMedia(ctx context.Context, mediaID string, at ListOptions, options ...CallOption) func(yield func(*Share, error) bool) {
	return items[Share](ctx, s.c, list{path: mediaPath(mediaID) + "/shares", options: options}, at)
}

// ListOfCollection reads the shares of a collection, the newest first.
func (s *SharesService) ListOfCollection(ctx context.Context, collectionID string, at ListOptions, options ...CallOption) func(yield func(*Share, error) bool) {
	return items[Share](ctx, s.c, list{path: collectionPath(collectionID) + "/shares", options: options}, at)
}

// Get reads one share.
func (s *SharesService) Get(ctx context.Context, id string, options ...CallOption) (*Share, error) {
	return data[Share](ctx, s.c, newRequest(http.MethodGet, sharePath(id), options))
}

// Update changes what a link permits; the link stays.
func (s *SharesService) Update(ctx context.Context, id string, policy SharePolicy, options ...CallOption) (*Share, error) {
	return data[Share](ctx, s.c, newRequest(http.MethodPatch, sharePath(id), options).withJSON(policy.body()))
}

// Revoke ends a link.
func (s *SharesService) Revoke(ctx context.Context, id string, options ...CallOption) error {
	return s.c.remove(ctx, newRequest(http.MethodDelete, sharePath(id), options))
}

func sharePath(id string) string { return "/shares/" + segment(id) }

// TrashService is about files that were deleted and can be restored.
type TrashService struct{ c *Client }

// List reads the trash, what was deleted last first, page by page.
func (s *TrashService) List(ctx context.Context, at ListOptions, options ...CallOption) func(yield func(*TrashedMedia, error) bool) {
	return items[TrashedMedia](ctx, s.c, list{path: "/trash", options: options}, at)
}

// ListPage reads one page of it.
func (s *TrashService) ListPage(ctx context.Context, at ListOptions, options ...CallOption) (*Page[TrashedMedia], error) {
	return readPage[TrashedMedia](ctx, s.c, list{path: "/trash", options: options}, at)
}

// Restore puts a file back. It has new links.
func (s *TrashService) Restore(ctx context.Context, id string, options ...CallOption) (*Media, error) {
	return data[Media](ctx, s.c, newRequest(http.MethodPost, "/trash/"+segment(id)+"/restore", options))
}

// Delete removes a file of the trash for good.
func (s *TrashService) Delete(ctx context.Context, id string, options ...CallOption) error {
	return s.c.remove(ctx, newRequest(http.MethodDelete, "/trash/"+segment(id), options))
}

// Emptied says what emptying the trash removed.
type Emptied struct {
	Deleted    int   `json:"deleted"`     // files
	FreedBytes int64 `json:"freed_bytes"` // of the quota
}

// Empty removes everything in the trash for good.
func (s *TrashService) Empty(ctx context.Context, options ...CallOption) (*Emptied, error) {
	return data[Emptied](ctx, s.c, newRequest(http.MethodDelete, "/trash", options))
}
