package mediavault

import (
	"context"
	"net/http"
)

// CollectionsService is about lists of media.
type CollectionsService struct{ c *Client }

// CollectionOptions describe a new collection.
type CollectionOptions struct {
	Name        string  `json:"name"`
	Description *string `json:"description,omitempty"`
}

// Create makes a collection.
func (s *CollectionsService) Create(ctx context.Context, collection CollectionOptions, options ...CallOption) (*Collection, error) {
	return s.send(ctx, newRequest(http.MethodPost, "/collections", options).withJSON(collection))
}

// List reads all collections, the oldest first, page by page.
func (s *CollectionsService) List(ctx context.Context, at ListOptions, options ...CallOption) func(yield func(*Collection, error) bool) {
	return items[Collection](ctx, s.c, list{path: "/collections", options: options}, at)
}

// ListPage reads one page.
func (s *CollectionsService) ListPage(ctx context.Context, at ListOptions, options ...CallOption) (*Page[Collection], error) {
	return readPage[Collection](ctx, s.c, list{path: "/collections", options: options}, at)
}

// Get reads one collection.
func (s *CollectionsService) Get(ctx context.Context, id string, options ...CallOption) (*Collection, error) {
	return s.send(ctx, newRequest(http.MethodGet, collectionPath(id), options))
}

// CollectionUpdate changes a collection.
type CollectionUpdate struct {
	Name        Field[string]
	Description Field[string]
}

// Update changes name or description.
func (s *CollectionsService) Update(ctx context.Context, id string, update CollectionUpdate, options ...CallOption) (*Collection, error) {
	body := changes{}
	add(body, "name", update.Name)
	add(body, "description", update.Description)
	return s.send(ctx, newRequest(http.MethodPatch, collectionPath(id), options).withJSON(body))
}

// Delete removes a collection; its media stay.
func (s *CollectionsService) Delete(ctx context.Context, id string, options ...CallOption) error {
	return s.c.remove(ctx, newRequest(http.MethodDelete, collectionPath(id), options))
}

// AddMedia adds media at the end, all or none. What is in it already stays where it is.
func (s *CollectionsService) AddMedia(ctx context.Context, id string, mediaIDs []string, options ...CallOption) (*Collection, error) {
	r := newRequest(http.MethodPost, collectionPath(id)+"/media", options)
	return s.send(ctx, r.withJSON(map[string][]string{"media_ids": mediaIDs}))
}

// ListMedia reads the media of a collection, in its own order unless the filter has another.
func (s *CollectionsService) ListMedia(ctx context.Context, id string, filter MediaFilter, options ...CallOption) func(yield func(*Media, error) bool) {
	return items[Media](ctx, s.c, s.mediaList(id, filter, options), filter.ListOptions)
}

// ListMediaPage reads one page of them.
func (s *CollectionsService) ListMediaPage(ctx context.Context, id string, filter MediaFilter, options ...CallOption) (*Page[Media], error) {
	return readPage[Media](ctx, s.c, s.mediaList(id, filter, options), filter.ListOptions)
}

func (s *CollectionsService) mediaList(id string, filter MediaFilter, options []CallOption) list {
	filter.Collection = ""
	return list{path: collectionPath(id) + "/media", query: filter.query(), options: options}
}

// MoveMedia moves a file of the collection right before another one of it; before "": to the end.
func (s *CollectionsService) MoveMedia(ctx context.Context, id, mediaID, before string, options ...CallOption) (*Collection, error) {
	body := changes{"before": nil}
	if before != "" {
		body["before"] = before
	}
	path := collectionPath(id) + "/media/" + segment(mediaID)
	return s.send(ctx, newRequest(http.MethodPatch, path, options).withJSON(body))
}

// RemoveMedia takes a file out of the collection; the file stays.
func (s *CollectionsService) RemoveMedia(ctx context.Context, id, mediaID string, options ...CallOption) (*Collection, error) {
	path := collectionPath(id) + "/media/" + segment(mediaID)
	return s.send(ctx, newRequest(http.MethodDelete, path, options))
}

func (s *CollectionsService) send(ctx context.Context, r *request) (*Collection, error) {
	return data[Collection](ctx, s.c, r)
}

func collectionPath(id string) string { return "/collections/" + segment(id) }
