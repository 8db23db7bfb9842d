package mediavault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	mediavault "github.com/wronai/mediavault-go"
)

func TestPicturesAreAskedFor(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/webp")
		fmt.Fprint(w, r.URL.RequestURI())
	}))
	defer server.Close()
	client, ctx := newClient(t, server.URL, mediavault.WithAPIKey("key")), testContext(t)
	read := func(picture *mediavault.Picture, err error) string {
		ok(t, err)
		defer picture.Close()
		equal(t, "type", picture.ContentType, "image/webp")
		return string(must(io.ReadAll(picture))(t))
	}
	equal(t, "thumbnail", read(client.Media.Thumbnail(ctx, "media_1")), "/api/v1/media/media_1/thumbnail")
	whole := mediavault.ImageOptions{Width: 640, Height: 480, Fit: mediavault.FitCover, Format: mediavault.FormatAVIF, Quality: 70}
	want := "/api/v1/media/media_1/image?fit=cover&format=avif&h=480&q=70&w=640"
	equal(t, "image", read(client.Media.Image(ctx, "media_1", whole)), want)
	equal(t, "url", client.Media.ImageURL("media_1", whole), server.URL+want)
	equal(t, "small", read(client.Media.Image(ctx, "media_1", mediavault.ImageOptions{Width: 8})), "/api/v1/media/media_1/image?w=8")
}

func TestPicturesOfTheRealVault(t *testing.T) {
	client, ctx := newUser(t), testContext(t)
	photo := os.Getenv("MEDIAVAULT_TEST_PHOTO")
	if photo == "" {
		t.Skip("MEDIAVAULT_TEST_PHOTO is not set")
	}
	media := must(client.Media.UploadFile(ctx, photo, mediavault.UploadOptions{}))(t)
	isThere := func() bool {
		picture, err := client.Media.Thumbnail(ctx, media.ID)
		if errors.Is(err, mediavault.ErrThumbnailNotReady) {
			return false
		}
		if errors.Is(err, mediavault.ErrNotFound) || errors.Is(err, mediavault.ErrBusy) {
			t.Skip("this vault has no media workers")
		}
		ok(t, err)
		defer picture.Close()
		equal(t, "type", picture.ContentType, "image/webp")
		return true
	}
	eventually(t, "the thumbnail is made", isThere)
	seen := must(client.Media.Get(context.WithoutCancel(ctx), media.ID))(t)
	equal(t, "status", seen.Status, mediavault.StatusReady)
	equal(t, "has a thumbnail", seen.ThumbnailURL != "", true)
	picture := must(client.Media.Image(ctx, media.ID, mediavault.ImageOptions{Width: 32, Format: mediavault.FormatJPEG}))(t)
	defer picture.Close()
	equal(t, "type", picture.ContentType, "image/jpeg")
}
