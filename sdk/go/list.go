package mediavault

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// ListOptions choose a page of a list, or where an iterator begins.
type ListOptions struct {
	// PerPage is how many there are on a page, 1 to 100 (20; iterators: 100).
	PerPage int
	// Page counts from 1. Cursor is the better way.
	Page int
	// Cursor is Page.NextCursor of the page before; "" for the first page. What is made and deleted
	// meanwhile moves nothing to another page.
	Cursor string
}

// Page is one page of a list.
type Page[T any] struct {
	Items      []*T
	Pagination Pagination
}

// NextCursor is the cursor of the page after this one; "" if this is the last, or was read by number.
func (p *Page[T]) NextCursor() string {
	if next := p.Pagination.Links.NextCursor; next != nil {
		return *next
	}
	return ""
}

// HasNext says whether there is a page after this one.
func (p *Page[T]) HasNext() bool { return p.Pagination.Links.Next != nil }

// MediaFilter chooses media and their order. Its zero value is all of them, the newest first.
type MediaFilter struct {
	ListOptions
	Type       MediaType
	Query      string // words, each of which is part of filename, title, description or a tag
	Tag        string
	Collection string // id; not in the list of a collection
	// CreatedAfter and TakenAfter are included, CreatedBefore and TakenBefore are not.
	CreatedAfter, CreatedBefore time.Time
	TakenAfter, TakenBefore     time.Time // as pictures and films themselves say
	Sort                        Sort
	Order                       Order
}

// Sort is what a list of media is ordered by.
type Sort string

// The orders, ascending; with a minus in front ("-size"), or with [Descending], the other way.
const (
	SortCreated   Sort = "created_at"
	SortTaken     Sort = "taken_at"
	SortFilename  Sort = "filename"
	SortSize      Sort = "size"
	SortRelevance Sort = "relevance" // with Query only
	SortPosition  Sort = "position"  // in the list of a collection only
	SortAdded     Sort = "added_at"  // in the list of a collection only
)

// Order is the direction of a list.
type Order string

// The directions.
const (
	Ascending  Order = "asc"
	Descending Order = "desc"
)

// query is the filter as parameters.
func (f MediaFilter) query() url.Values {
	query := url.Values{}
	set(query, "type", string(f.Type))
	set(query, "q", f.Query)
	set(query, "tag", f.Tag)
	set(query, "collection", f.Collection)
	set(query, "created_after", moment(f.CreatedAfter))
	set(query, "created_before", moment(f.CreatedBefore))
	set(query, "taken_after", moment(f.TakenAfter))
	set(query, "taken_before", moment(f.TakenBefore))
	set(query, "sort", string(f.Sort))
	set(query, "order", string(f.Order))
	return query
}

func set(query url.Values, name, value string) {
	if value != "" {
		query.Set(name, value)
	}
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// list is a list of the API.
type list struct {
	path    string
	query   url.Values
	options []CallOption
}

func (l list) withPage(at ListOptions) (url.Values, error) {
	query := url.Values{}
	for name, values := range l.query {
		query[name] = values
	}
	if at.PerPage != 0 {
		query.Set("per_page", strconv.Itoa(at.PerPage))
	}
	switch {
	case at.Page != 0 && at.Cursor != "":
		return nil, errors.New("mediavault: Page and Cursor exclude each other")
	case at.Page != 0:
		query.Set("page", strconv.Itoa(at.Page))
	default:
		query.Set("cursor", at.Cursor)
	}
	return query, nil
}

// readPage reads one page.
func readPage[T any](ctx context.Context, c *Client, l list, at ListOptions) (*Page[T], error) {
	query, err := l.withPage(at)
	if err != nil {
		return nil, err
	}
	result, err := send[[]*T](ctx, c, newRequest(http.MethodGet, l.path, l.options).withQuery(query))
	if err != nil {
		return nil, err
	}
	page := &Page[T]{Items: result.Data}
	if result.Meta.Pagination != nil {
		page.Pagination = *result.Meta.Pagination
	}
	return page, nil
}

const iteratorPage = 100 // items that an iterator reads at a time

// items reads page after page, by cursor unless at names a page. It ends with the first error.
func items[T any](ctx context.Context, c *Client, l list, at ListOptions) func(yield func(*T, error) bool) {
	return func(yield func(*T, error) bool) {
		if at.PerPage == 0 {
			at.PerPage = iteratorPage
		}
		next := at
		for {
			page, err := readPage[T](ctx, c, l, next)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			switch {
			case page.NextCursor() != "":
				next.Page, next.Cursor = 0, page.NextCursor()
			case page.HasNext() && at.Page != 0:
				next.Page++
			default:
				return
			}
		}
	}
}

// Collect reads an iterator to its end, or to its first error.
func Collect[T any](items func(yield func(*T, error) bool)) ([]*T, error) {
	var all []*T
	var failure error
	items(func(item *T, err error) bool {
		if failure = err; err != nil {
			return false
		}
		all = append(all, item)
		return true
	})
	return all, failure
}
