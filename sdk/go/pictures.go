package mediavault

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// Picture is a picture that the vault made of a file. Close it.
type Picture struct {
	io.ReadCloser
	ContentType string
	Size        int64 // bytes; -1: not known
	ETag        string
}

// ImageFit says how a picture is made to fit width and height.
type ImageFit string

// The ways to fit.
const (
	FitInside  ImageFit = "inside"  // both edges at most as asked, never enlarged
	FitContain ImageFit = "contain" // one edge as asked
	FitCover   ImageFit = "cover"   // both as asked, what stands out is cut off; needs both
)

// ImageFormat is how a picture is encoded.
type ImageFormat string

// The formats.
const (
	FormatWebP ImageFormat = "webp"
	FormatAVIF ImageFormat = "avif"
	FormatJPEG ImageFormat = "jpeg"
)

// ImageOptions describe a picture. One of Width and Height is needed; other members that are zero
// are left to the vault (FitInside, FormatWebP, 80).
type ImageOptions struct {
	Width, Height int // pixels
	Fit           ImageFit
	Format        ImageFormat
	Quality       int // 1 to 100
}

// Thumbnail receives the small picture of a file. Before the vault has made it, the call fails with
// [ErrThumbnailNotReady], and [APIError.RetryAfter] says when to ask again.
func (s *MediaService) Thumbnail(ctx context.Context, id string, options ...CallOption) (*Picture, error) {
	return s.picture(ctx, newRequest(http.MethodGet, mediaPath(id)+"/thumbnail", options))
}

// Image receives a file as a picture of another size or format.
func (s *MediaService) Image(ctx context.Context, id string, image ImageOptions, options ...CallOption) (*Picture, error) {
	return s.picture(ctx, newRequest(http.MethodGet, mediaPath(id)+"/image", options).withQuery(image.query()))
}

// ImageURL is the address of that picture, for programs that have credentials of their own.
func (s *MediaService) ImageURL(id string, image ImageOptions) string {
	return s.c.root + mediaPath(id) + "/image?" + image.query().Encode()
}

func (o ImageOptions) query() url.Values {
	query := url.Values{}
	number := func(name string, value int) {
		if value != 0 {
			query.Set(name, strconv.Itoa(value))
		}
	}
	number("w", o.Width)
	number("h", o.Height)
	set(query, "fit", string(o.Fit))
	set(query, "format", string(o.Format))
	number("q", o.Quality)
	return query
}

func (s *MediaService) picture(ctx context.Context, r *request) (*Picture, error) {
	r.transfer = true
	var picture *Picture
	err := s.c.do(ctx, r, func(response *http.Response) (bool, error) {
		picture = &Picture{
			ReadCloser:  response.Body,
			ContentType: response.Header.Get("Content-Type"),
			Size:        response.ContentLength,
			ETag:        response.Header.Get("ETag"),
		}
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	return picture, nil
}
