package mediavault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"sync"
)

// Progress is how far a transfer has come. An upload that is repeated begins again.
type Progress struct {
	Done  int64 // bytes of the file
	Total int64 // -1: not known
}

// UploadOptions describe an upload. All members are optional.
type UploadOptions struct {
	Title       string
	Description string
	Tags        []string // without commas
	// ContentType is what the file is said to be; the vault looks for itself too.
	ContentType string
	// Checksum ("sha256:…") is what the bytes must have; other bytes are refused with
	// [ErrChecksumMismatch]. Without it they are hashed while they are sent, so that damage on the
	// way is noticed in any case.
	Checksum string
	// Filename is the name of a file that is uploaded from a path ("": that of the path).
	Filename string
	// Progress is called from another goroutine, never twice at the same time.
	Progress func(Progress)
}

// Upload sends what reader has, as a file of that name. A reader that can seek is sent again where
// the policy of retries has it so; another one only if nothing of it was read yet. The whole is
// never in memory.
func (s *MediaService) Upload(ctx context.Context, reader io.Reader, filename string, options UploadOptions, more ...CallOption) (*Media, error) {
	return s.upload(ctx, readerSource(reader), filename, options, more)
}

// UploadFile sends the file at path.
func (s *MediaService) UploadFile(ctx context.Context, path string, options UploadOptions, more ...CallOption) (*Media, error) {
	from, err := fileSource(path)
	if err != nil {
		return nil, err
	}
	name := options.Filename
	if name == "" {
		name = filepath.Base(path)
	}
	return s.upload(ctx, from, name, options, more)
}

func (s *MediaService) upload(ctx context.Context, from source, filename string, options UploadOptions, more []CallOption) (*Media, error) {
	r := newRequest(http.MethodPost, "/media/upload", more)
	return s.sendForm(ctx, r, from, filename, options)
}

// Replace gives a file other bytes; id, links, filename and texts stay. Of the options, Checksum,
// ContentType and Progress count. [IfMatch] takes the ETag of the bytes, not that of the media.
func (s *MediaService) Replace(ctx context.Context, id string, reader io.Reader, options UploadOptions, more ...CallOption) (*Media, error) {
	r := newRequest(http.MethodPut, mediaPath(id)+"/content", more)
	media, err := s.sendForm(ctx, r, readerSource(reader), "content", UploadOptions{
		Checksum:    options.Checksum,
		ContentType: options.ContentType,
		Progress:    options.Progress,
	})
	if err == nil {
		media.ETag = "" // it is the content's
	}
	return media, err
}

func (s *MediaService) sendForm(ctx context.Context, r *request, from source, filename string, options UploadOptions) (*Media, error) {
	form, err := newFormPayload(from, filename, options)
	if err != nil {
		return nil, err
	}
	r.payload, r.transfer = form, true
	media, err := s.send(ctx, r)
	// The reader is the caller's again: net/http may still read it where a refusal came early.
	form.reopens(ctx)
	return media, err
}

// UploadFilesOptions describe an upload of many files. All members are optional.
type UploadFilesOptions struct {
	// Parallel is how many are sent at a time (4).
	Parallel int
	// Describe gives the options of a file; it is called from several goroutines.
	Describe func(path string) UploadOptions
	// Done is called after each file, never twice at the same time.
	Done func(FileResult)
}

// FileResult is what became of one of many files.
type FileResult struct {
	Path  string
	Media *Media // nil if it failed
	Err   error
}

// UploadFiles sends many files in parallel. A file that fails does not stop the others; the end of
// the context does. The results are in the order of the paths; the error joins those of all files
// that failed.
func (s *MediaService) UploadFiles(ctx context.Context, paths []string, options UploadFilesOptions) ([]FileResult, error) {
	results := make([]FileResult, len(paths))
	next := make(chan int)
	var group sync.WaitGroup
	var telling sync.Mutex
	parallel := options.Parallel
	if parallel <= 0 {
		parallel = 4
	}
	for range min(parallel, len(paths)) {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := range next {
				results[i] = s.uploadOne(ctx, paths[i], options)
				if options.Done != nil {
					telling.Lock()
					options.Done(results[i])
					telling.Unlock()
				}
			}
		}()
	}
	for i := range paths {
		next <- i
	}
	close(next)
	group.Wait()
	var faults []error
	for _, result := range results {
		if result.Err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", result.Path, result.Err))
		}
	}
	return results, errors.Join(faults...)
}

func (s *MediaService) uploadOne(ctx context.Context, path string, options UploadFilesOptions) FileResult {
	if ctx.Err() != nil {
		return FileResult{Path: path, Err: context.Cause(ctx)}
	}
	var about UploadOptions
	if options.Describe != nil {
		about = options.Describe(path)
	}
	media, err := s.UploadFile(ctx, path, about)
	return FileResult{Path: path, Media: media, Err: err}
}
