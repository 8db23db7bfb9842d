//go:build go1.23

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	mediavault "github.com/wronai/mediavault-go"
)

// mirror keeps a folder like a collection.
type mirror struct {
	client     *mediavault.Client
	collection string
	folder     string
	log        *slog.Logger
	files      map[string]mirrored // by media id; what is in the folder
}

// mirrored is a file of the folder.
type mirrored struct {
	Name      string    `json:"name"`
	SHA256    string    `json:"sha256"` // "" where the vault did not know it
	Size      int64     `json:"size"`
	UpdatedAt time.Time `json:"updated_at"`
}

const (
	// The state survives restarts; files that are not in it are somebody else's, and stay.
	stateName = ".mirror.json"
	// Events that come together are one comparison.
	settle = 300 * time.Millisecond
)

// follow compares, and again after each event about the collection or a file of it.
func (m *mirror) follow(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// Subscribed before the first comparison, so that nothing falls in between.
	stream, err := m.client.Realtime.Connect(ctx,
		mediavault.Subscription{Channel: mediavault.ChannelCollections, ResourceID: m.collection},
		mediavault.Subscription{Channel: mediavault.ChannelMedia})
	if err != nil {
		return err
	}
	defer stream.Close()
	changed := make(chan struct{}, 1)
	go func() {
		for event, err := range stream.Events() {
			if err != nil {
				cancel(err)
				return
			}
			if event.Event == mediavault.EventCollectionDeleted {
				cancel(errors.New("the collection was deleted"))
				return
			}
			select {
			case changed <- struct{}{}:
			default: // one is noted already
			}
		}
	}()
	for {
		if err := m.compare(ctx); err != nil {
			return errors.Join(context.Cause(ctx), err)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		select {
		case <-time.After(settle):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// compare makes the folder like the collection is now.
func (m *mirror) compare(ctx context.Context) error {
	if err := os.MkdirAll(m.folder, 0o777); err != nil {
		return err
	}
	if m.files == nil {
		if err := m.load(); err != nil {
			return err
		}
	}
	wanted := map[string]*mediavault.Media{}
	for media, err := range m.client.Collections.ListMedia(ctx, m.collection, mediavault.MediaFilter{}) {
		if err != nil {
			return err
		}
		wanted[media.ID] = media
	}
	for id, file := range m.files {
		if wanted[id] != nil {
			continue
		}
		if err := os.Remove(m.path(file.Name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		m.log.Info("removed", "file", file.Name)
		delete(m.files, id)
		if err := m.save(); err != nil {
			return err
		}
	}
	for _, media := range wanted {
		if err := m.fetch(ctx, media); err != nil {
			return err
		}
	}
	return nil
}

// fetch downloads a file unless the folder has it.
func (m *mirror) fetch(ctx context.Context, media *mediavault.Media) error {
	file, isKnown := m.files[media.ID]
	if isKnown && m.isSame(file, media) {
		return nil
	}
	if !isKnown {
		file.Name = m.freeName(media)
	}
	err := m.client.Media.DownloadFile(ctx, media.ID, m.path(file.Name), mediavault.DownloadOptions{})
	if errors.Is(err, mediavault.ErrNotFound) {
		return nil // deleted meanwhile; its event follows
	}
	if err != nil {
		return fmt.Errorf("%s: %w", file.Name, err)
	}
	m.log.Info("downloaded", "file", file.Name, "bytes", media.Size)
	m.files[media.ID] = mirrored{
		Name:      file.Name,
		SHA256:    media.SHA256(),
		Size:      media.Size,
		UpdatedAt: media.UpdatedAt,
	}
	return m.save()
}

// isSame says whether the folder has these bytes. A file without a checksum is compared by its time.
func (m *mirror) isSame(file mirrored, media *mediavault.Media) bool {
	info, err := os.Stat(m.path(file.Name))
	if err != nil || info.Size() != media.Size {
		return false
	}
	if sum := media.SHA256(); sum != "" && file.SHA256 != "" {
		return sum == file.SHA256
	}
	return file.UpdatedAt.Equal(media.UpdatedAt)
}

// freeName is the file's name as one that leads nowhere else and that no other file has.
func (m *mirror) freeName(media *mediavault.Media) string {
	name := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, media.Filename)
	name = strings.TrimLeft(name, ".")
	if name == "" {
		name = media.ID
	}
	isTaken := false
	for _, other := range m.files {
		isTaken = isTaken || strings.EqualFold(other.Name, name)
	}
	if _, err := os.Lstat(m.path(name)); err == nil {
		isTaken = true
	}
	if isTaken {
		extension := filepath.Ext(name)
		name = strings.TrimSuffix(name, extension) + " (" + media.ID + ")" + extension
	}
	return name
}

func (m *mirror) path(name string) string { return filepath.Join(m.folder, name) }

func (m *mirror) load() error {
	m.files = map[string]mirrored{}
	text, err := os.ReadFile(m.path(stateName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(text, &m.files)
}

// save replaces the state at once, so that a crash leaves the old one or the new one.
func (m *mirror) save() error {
	text, err := json.MarshalIndent(m.files, "", "  ")
	if err != nil {
		return err
	}
	next := m.path(stateName + ".new")
	if err := os.WriteFile(next, text, 0o666); err != nil {
		return err
	}
	return os.Rename(next, m.path(stateName))
}
