package mediavault

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
)

const checksumPrefix = "sha256:"

// MediaService is about files.
type MediaService struct{ c *Client }

// List reads media, page by page by cursor, so that each file that is there throughout comes exactly
// once. So do the other lists.
func (s *MediaService) List(ctx context.Context, filter MediaFilter, options ...CallOption) func(yield func(*Media, error) bool) {
	return items[Media](ctx, s.c, s.list(filter, options), filter.ListOptions)
}

// ListPage reads one page.
func (s *MediaService) ListPage(ctx context.Context, filter MediaFilter, options ...CallOption) (*Page[Media], error) {
	return readPage[Media](ctx, s.c, s.list(filter, options), filter.ListOptions)
}

func (s *MediaService) list(filter MediaFilter, options []CallOption) list {
	return list{path: "/media", query: filter.query(), options: options}
}

// Get reads one file's description. The id may also be its UUID or number.
func (s *MediaService) Get(ctx context.Context, id string, options ...CallOption) (*Media, error) {
	return s.send(ctx, newRequest(http.MethodGet, mediaPath(id), options))
}

// MediaUpdate changes what is said of a file.
type MediaUpdate struct {
	Filename    Field[string]
	Title       Field[string]
	Description Field[string]
	Tags        Field[[]string]
}

// Update changes what is said of a file.
func (s *MediaService) Update(ctx context.Context, id string, update MediaUpdate, options ...CallOption) (*Media, error) {
	body := changes{}
	add(body, "filename", update.Filename)
	add(body, "title", update.Title)
	add(body, "description", update.Description)
	if update.Tags.state == fieldCleared || update.Tags.state == fieldSet && update.Tags.value == nil {
		update.Tags = Set([]string{}) // a list is never null
	}
	add(body, "tags", update.Tags)
	return s.send(ctx, newRequest(http.MethodPatch, mediaPath(id), options).withJSON(body))
}

// Delete moves a file to the trash, or, where the vault has none, removes it for good. Where the
// connection was lost and the file was not found again, ID and Deleted alone are known of it.
func (s *MediaService) Delete(ctx context.Context, id string, options ...CallOption) (*DeletedMedia, error) {
	return s.delete(ctx, id, nil, options)
}

// DeletePermanently removes a file for good.
func (s *MediaService) DeletePermanently(ctx context.Context, id string, options ...CallOption) (*DeletedMedia, error) {
	return s.delete(ctx, id, url.Values{"permanent": {strconv.FormatBool(true)}}, options)
}

func (s *MediaService) delete(ctx context.Context, id string, query url.Values, options []CallOption) (*DeletedMedia, error) {
	r := newRequest(http.MethodDelete, mediaPath(id), options).withQuery(query)
	result, err := data[DeletedMedia](ctx, s.c, r)
	if r.wasLost && errors.Is(err, ErrNotFound) {
		return &DeletedMedia{Media: Media{ID: id}, Deleted: true}, nil
	}
	return result, err
}

// Exists says which bytes the account has already: the id of a file for each checksum ("sha256:…",
// at most 1,000) that is there.
func (s *MediaService) Exists(ctx context.Context, checksums []string, options ...CallOption) (map[string]string, error) {
	r := newRequest(http.MethodPost, "/media/exists", nil)
	// With a key the vault would keep the reply; to ask again changes nothing.
	r.header.Del(idempotencyHeader)
	for _, option := range options {
		option(r)
	}
	found, err := data[map[string]*string](ctx, s.c, r.withJSON(map[string][]string{"checksums": checksums}))
	if err != nil {
		return nil, err
	}
	ids := make(map[string]string, len(*found))
	for checksum, id := range *found {
		if id != nil {
			ids[checksum] = *id
		}
	}
	return ids, nil
}

// send makes a call whose reply is a file's description.
func (s *MediaService) send(ctx context.Context, r *request) (*Media, error) {
	return data[Media](ctx, s.c, r)
}

func mediaPath(id string) string { return "/media/" + segment(id) }
