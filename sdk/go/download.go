package mediavault

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// DownloadOptions describe a download. All members are optional.
type DownloadOptions struct {
	// Progress is called after each part, by the goroutine that reads.
	Progress func(Progress)
	// Resume keeps what a failed DownloadFile has received beside the file, and goes on from there.
	Resume bool
}

// Content is the bytes of a file while they are received. Where the connection breaks, it goes on by
// a request for the rest. At the end it compares the SHA-256 where the vault knows it: the last Read
// fails with [ErrDigest] if it is another, and with [ErrChanged] if the file was replaced meanwhile.
// It is for one goroutine, which closes it.
type Content struct {
	ContentType string
	Size        int64
	ETag        string // of the bytes

	ctx      context.Context
	s        *MediaService
	path     string
	options  []CallOption
	progress func(Progress)

	body     io.ReadCloser
	at       int64 // bytes that were read
	sum      hash.Hash
	digest   []byte // what the sum has to be; nil: not known
	failures int    // since the last progress
	err      error
}

// Open begins to receive a file. Close it.
func (s *MediaService) Open(ctx context.Context, id string, options DownloadOptions, more ...CallOption) (*Content, error) {
	content := &Content{
		ctx:      ctx,
		s:        s,
		path:     mediaPath(id) + "/content",
		options:  more,
		progress: options.Progress,
		sum:      sha256.New(),
	}
	if err := content.begin(); err != nil {
		return nil, err
	}
	return content, nil
}

// begin requests the bytes from c.at on.
func (c *Content) begin() error {
	r := newRequest(http.MethodGet, c.path, c.options)
	r.transfer = true
	// Encoded on the way, a part could not be told from another.
	r.header.Set("Accept-Encoding", "identity")
	if c.at > 0 {
		r.header.Set("Range", "bytes="+strconv.FormatInt(c.at, 10)+"-")
	}
	if c.ETag != "" {
		r.header.Set("If-Range", c.ETag)
	}
	return c.s.c.do(c.ctx, r, func(response *http.Response) (bool, error) {
		if err := c.accept(response); err != nil {
			return false, err
		}
		c.body = response.Body
		return true, nil
	})
}

// accept takes over a reply that has the bytes from c.at on.
func (c *Content) accept(response *http.Response) error {
	etag := response.Header.Get("ETag")
	if c.ETag != "" && etag != c.ETag {
		return ErrChanged
	}
	size := response.ContentLength
	if c.at > 0 {
		from, total, ok := contentRange(response.Header.Get("Content-Range"))
		if response.StatusCode != http.StatusPartialContent || !ok || from != c.at {
			return ErrChanged
		}
		size = total
	}
	if c.ETag != "" && size != c.Size {
		return ErrChanged
	}
	c.ETag, c.Size = etag, size
	c.ContentType = response.Header.Get("Content-Type")
	c.digest = reprDigest(response.Header)
	return nil
}

func (c *Content) Read(into []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	for {
		n, err := c.body.Read(into)
		if n > 0 {
			c.sum.Write(into[:n])
			c.at += int64(n)
			c.failures = 0
			if c.progress != nil {
				c.progress(Progress{Done: c.at, Total: c.Size})
			}
		}
		if err != nil {
			err = c.end(err)
			c.err = err
		}
		if n > 0 || err != nil || len(into) == 0 {
			return n, err
		}
	}
}

// end is what follows the end of a reply: nil where the rest is on its way.
func (c *Content) end(err error) error {
	if c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	if err == io.EOF && (c.Size < 0 || c.at == c.Size) {
		if c.digest != nil && !bytes.Equal(c.sum.Sum(nil), c.digest) {
			return fmt.Errorf("%w: %s", ErrDigest, c.path)
		}
		return io.EOF
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	lost := fmt.Errorf("mediavault: GET %s: %w at byte %d: %w", c.path, errLost, c.at, err)
	if c.Size < 0 || c.ETag == "" {
		return lost // the rest cannot be asked for
	}
	c.body.Close()
	c.failures++
	wait, again := c.s.c.retry.delay(c.failures, lost)
	if !again {
		return lost
	}
	c.s.c.log.WarnContext(c.ctx, "mediavault: download goes on", "path", c.path, "from", c.at, "wait", wait, "error", err)
	if err := sleep(c.ctx, wait, lost); err != nil {
		return err
	}
	return c.begin()
}

// Close ends the download.
func (c *Content) Close() error {
	if c.err == nil {
		c.err = errors.New("mediavault: read after Close")
	}
	return c.body.Close()
}

// Download writes a file's bytes to writer and gives how many there were. What was written is not
// known to be right before it returns without an error.
func (s *MediaService) Download(ctx context.Context, id string, writer io.Writer, options DownloadOptions, more ...CallOption) (int64, error) {
	content, err := s.Open(ctx, id, options, more...)
	if err != nil {
		return 0, err
	}
	defer content.Close()
	return io.Copy(writer, content)
}

// DownloadFile writes a file's bytes to path, which is there, or replaced, once all of them are and
// have been verified. Until then they are in a file beside it.
func (s *MediaService) DownloadFile(ctx context.Context, id, path string, options DownloadOptions, more ...CallOption) error {
	part := path + ".part"
	if !options.Resume {
		part = path + "." + newKey()[:8] + ".part"
	}
	err := s.downloadPart(ctx, id, part, options, more)
	if options.Resume && (errors.Is(err, ErrDigest) || errors.Is(err, ErrChanged)) {
		// What was there was of another file.
		os.Remove(part)
		err = s.downloadPart(ctx, id, part, options, more)
	}
	if err == nil {
		err = os.Rename(part, path)
	}
	if err != nil && !options.Resume {
		os.Remove(part)
	}
	return err
}

// downloadPart writes the bytes to the file part, after those that it has.
func (s *MediaService) downloadPart(ctx context.Context, id, part string, options DownloadOptions, more []CallOption) (err error) {
	if err := os.MkdirAll(filepath.Dir(part), 0o777); err != nil {
		return err
	}
	file, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	defer func() {
		if err == nil {
			err = file.Sync()
		}
		err = errors.Join(err, file.Close())
	}()
	content, err := s.openRest(ctx, id, file, options, more)
	if err != nil {
		return err
	}
	defer content.Close()
	_, err = io.Copy(file, content)
	return err
}

// openRest receives what follows the bytes that file has, if the digest will say whether they are
// of the same; otherwise all, into an emptied file.
func (s *MediaService) openRest(ctx context.Context, id string, file *os.File, options DownloadOptions, more []CallOption) (*Content, error) {
	content := &Content{
		ctx:      ctx,
		s:        s,
		path:     mediaPath(id) + "/content",
		options:  more,
		progress: options.Progress,
		sum:      sha256.New(),
	}
	var err error
	if content.at, err = io.Copy(content.sum, file); err != nil {
		return nil, err
	}
	if content.at > 0 {
		err = content.begin()
		if err == nil && content.digest != nil {
			return content, nil
		}
		if err == nil {
			content.Close()
		} else if !isOfAnother(err) {
			return nil, err
		}
		if err := file.Truncate(0); err != nil {
			return nil, err
		}
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
	}
	return s.Open(ctx, id, options, more...)
}

// isOfAnother says whether a request for the rest failed because there is none.
func isOfAnother(err error) bool {
	var refusal *APIError
	return errors.Is(err, ErrChanged) ||
		errors.As(err, &refusal) && refusal.Status == http.StatusRequestedRangeNotSatisfiable
}

// contentRange reads "bytes 5-9/10".
func contentRange(field string) (from, total int64, ok bool) {
	field, ok = strings.CutPrefix(field, "bytes ")
	span, size, found := strings.Cut(field, "/")
	first, _, dash := strings.Cut(span, "-")
	if !ok || !found || !dash {
		return 0, 0, false
	}
	from, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		return 0, 0, false
	}
	total, err = strconv.ParseInt(size, 10, 64)
	return from, total, err == nil
}

// reprDigest is the SHA-256 of Repr-Digest (RFC 9530), or nil.
func reprDigest(header http.Header) []byte {
	for _, member := range strings.Split(header.Get("Repr-Digest"), ",") {
		value, ok := strings.CutPrefix(strings.TrimSpace(member), "sha-256=:")
		if !ok {
			continue
		}
		digest, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(value, ":"))
		if err == nil && len(digest) == sha256.Size {
			return digest
		}
	}
	return nil
}
