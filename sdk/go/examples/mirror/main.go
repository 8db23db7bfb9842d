//go:build go1.23

// Mirror keeps a folder like a collection of a vault: what is added to the collection is downloaded,
// what changes is downloaded again, what is taken out is removed. It follows the vault's events, and
// compares everything at its start and after a gap.
//
//	MEDIAVAULT_API_KEY=cfa_… mirror -url https://vault.example.com -collection col_3 -folder ./holiday
package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	mediavault "github.com/wronai/mediavault-go"
)

func main() {
	address := flag.String("url", "http://localhost:8080", "address of the vault")
	collection := flag.String("collection", "", "id of the collection (col_…)")
	folder := flag.String("folder", "", "folder to keep like it; it is made if it is not there")
	once := flag.Bool("once", false, "end after the first comparison")
	flag.Parse()
	if *collection == "" || *folder == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	client, err := mediavault.New(*address,
		mediavault.WithAPIKey(os.Getenv("MEDIAVAULT_API_KEY")),
		mediavault.WithUserAgent("mirror/1.0"),
		mediavault.WithLogger(slog.Default()))
	if err == nil {
		m := &mirror{client: client, collection: *collection, folder: *folder, log: slog.Default()}
		if *once {
			err = m.compare(ctx)
		} else {
			err = m.follow(ctx)
		}
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		slog.Error("the mirror has stopped", "error", err)
		os.Exit(1)
	}
}
