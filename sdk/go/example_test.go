//go:build go1.23

package mediavault_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	mediavault "github.com/wronai/mediavault-go"
)

// keep stands for storing the tokens of a session.
func keep(mediavault.Tokens) {}

func Example() {
	if err := tenTasks(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// ada
	// 29 of 29 bytes
	// a.jpg <nil>
	// b.jpg <nil>
	// c.jpg <nil>
	// photo.jpg 29
	// photo.jpg
	// true
}

// tenTasks are those of the documentation, in their order.
func tenTasks() error {
	ctx := context.Background()
	vault, err := mediavault.New("https://vault.example.com",
		mediavault.WithTokenListener(keep)) // called with empty tokens when the session has ended
	if err != nil {
		return err
	}
	if _, err := vault.Auth.Login(ctx, "ada@example.com", "correct horse"); err != nil {
		return err
	}
	me, err := vault.Users.Me(ctx) // refreshes the token whenever it has to
	if err != nil {
		return err
	}
	fmt.Println(me.Username)

	key, err := vault.APIKeys.Create(ctx, mediavault.APIKeyOptions{
		Name:   "backup",
		Scopes: []mediavault.Scope{mediavault.ScopeRead, mediavault.ScopeWrite},
	})
	if err != nil {
		return err
	}
	backup, err := mediavault.New("https://vault.example.com", mediavault.WithAPIKey(key.Secret))
	if err != nil {
		return err
	}

	photo, err := vault.Media.UploadFile(ctx, "photo.jpg", mediavault.UploadOptions{
		Title: "By the sea",
		Tags:  []string{"holiday", "sea"},
		Progress: func(p mediavault.Progress) {
			fmt.Println(p.Done, "of", p.Total, "bytes")
		},
	}) // Upload takes any io.Reader
	if err != nil {
		return err
	}

	results, err := vault.Media.UploadFiles(ctx, []string{"a.jpg", "b.jpg", "c.jpg"},
		mediavault.UploadFilesOptions{Parallel: 3})
	for _, result := range results {
		fmt.Println(result.Path, result.Err)
	}
	if err != nil {
		return err // of all files that failed
	}

	err = vault.Media.DownloadFile(ctx, photo.ID, "copy.jpg",
		mediavault.DownloadOptions{Resume: true}) // goes on with copy.jpg.part
	if err != nil {
		return err
	}

	filter := mediavault.MediaFilter{Type: mediavault.TypeImage, Tag: "holiday", Sort: "-size"}
	for media, err := range vault.Media.List(ctx, filter) {
		if err != nil {
			return err
		}
		fmt.Println(media.Filename, media.Size)
	}

	collection, err := vault.Collections.Create(ctx, mediavault.CollectionOptions{Name: "Summer"})
	if err != nil {
		return err
	}
	if _, err := vault.Collections.AddMedia(ctx, collection.ID, []string{photo.ID}); err != nil {
		return err
	}
	for media, err := range vault.Collections.ListMedia(ctx, collection.ID, mediavault.MediaFilter{}) {
		if err != nil {
			return err
		}
		fmt.Println(media.Filename)
	}

	share, err := vault.Shares.ShareCollection(ctx, collection.ID, mediavault.SharePolicy{
		Password:     mediavault.Set("open sesame"),
		MaxDownloads: mediavault.Set(10),
	})
	if err != nil {
		return err
	}
	log.Println(share.URL)
	if err := vault.Shares.Revoke(ctx, share.ID); err != nil {
		return err
	}
	fmt.Println(share.HasPassword)

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go makeEvents(ctx, backup)
	for event, err := range vault.Realtime.Events(ctx, mediavault.Subscription{Channel: mediavault.ChannelMedia}) {
		if err != nil {
			return err
		}
		// Connects again by itself and misses nothing.
		log.Println(event.Event, event.Data.ID)
		if event.Event == mediavault.EventMediaDeleted {
			break
		}
	}
	return nil
}

// makeEvents has something happen from time to time.
func makeEvents(ctx context.Context, client *mediavault.Client) {
	for ctx.Err() == nil {
		media, err := client.Media.Upload(ctx, strings.NewReader("x"), "x", mediavault.UploadOptions{})
		if err == nil {
			_, _ = client.Media.Delete(ctx, media.ID)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// receiver is a server that takes the deliveries of a webhook with that secret.
func receiver(secret string) (http.Handler, error) {
	verifier, err := mediavault.NewWebhookVerifier(secret) // accepts messages of the last 5 minutes
	if err != nil {
		return nil, err
	}
	return verifier.Handler(func(ctx context.Context, message *mediavault.WebhookMessage) error {
		fmt.Println(message.Event, message.Data.ID)
		return nil // an error has it sent again later
	}), nil
}

func ExampleWebhookVerifier_Handler() {
	handler, err := receiver("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("/hook", handler)
}

func ExampleAPIError() {
	ctx := context.Background()
	vault, err := mediavault.New("https://vault.example.com", mediavault.WithAPIKey(os.Getenv("MEDIAVAULT_API_KEY")))
	if err != nil {
		log.Fatal(err)
	}

	_, err = vault.Collections.Create(ctx, mediavault.CollectionOptions{Name: ""})
	var refusal *mediavault.APIError
	switch {
	case errors.Is(err, mediavault.ErrQuotaExceeded):
		fmt.Println("there is no room left")
	case errors.As(err, &refusal):
		fmt.Println(refusal.Status, refusal.Code, refusal.Details[0].Field)
		log.Println(refusal.RequestID, refusal.RetryAfter)
	}
	// Output:
	// 400 validation_error name
}

func ExampleTrashService() {
	ctx := context.Background()
	vault, err := mediavault.New("https://vault.example.com", mediavault.WithLogin("ada@example.com", "correct horse"))
	if err != nil {
		log.Fatal(err)
	}
	media, err := vault.Media.Upload(ctx, strings.NewReader("notes"), "notes.txt", mediavault.UploadOptions{})
	if err != nil {
		log.Fatal(err)
	}

	deleted, err := vault.Media.Delete(ctx, media.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(deleted.Deleted, deleted.RestorableUntil.After(time.Now()))
	restored, err := vault.Trash.Restore(ctx, media.ID)
	if err != nil {
		log.Fatal(err)
	}

	fmt.Println(restored.Filename)
	// Output:
	// true true
	// notes.txt
}

func ExampleMediaService_Update() {
	ctx := context.Background()
	vault, err := mediavault.New("https://vault.example.com", mediavault.WithAPIKey(os.Getenv("MEDIAVAULT_API_KEY")))
	if err != nil {
		log.Fatal(err)
	}
	uploaded, err := vault.Media.Upload(ctx, strings.NewReader("sea"), "sea.txt", mediavault.UploadOptions{Title: "Sea"})
	if err != nil {
		log.Fatal(err)
	}

	media, err := vault.Media.Get(ctx, uploaded.ID)
	if err != nil {
		log.Fatal(err)
	}
	_, err = vault.Media.Update(ctx, media.ID, mediavault.MediaUpdate{
		Filename: mediavault.Set("ocean.txt"),
		Title:    mediavault.Clear[string](),
	}, mediavault.IfMatch(media.ETag)) // fails with ErrPreconditionFailed after another change
	fmt.Println(err)
	// Output:
	// <nil>
}

func ExampleNew() {
	vault, err := mediavault.New("https://vault.example.com",
		mediavault.WithLogin("ada@example.com", "correct horse"), // logs in by itself
		mediavault.WithLogger(slog.Default()),
		mediavault.WithTimeout(10*time.Second),
		mediavault.WithRetry(mediavault.RetryPolicy{Attempts: 3, MaxRetryAfter: 10 * time.Second}))
	if err != nil {
		log.Fatal(err)
	}

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	me, err := vault.Users.Me(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(me.Username)
	// Output:
	// ada
}
