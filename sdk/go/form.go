package mediavault

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"mime/multipart"
	"net/textproto"
	"os"
	"strings"
	"sync"
)

// source is where the bytes of an upload come from.
type source struct {
	// open gives them from the first one. REQUIRES: what it gave before is closed.
	open func() (io.ReadCloser, error)
	size int64 // -1: not known
	once bool  // open works once only
}

// fileSource reads a file, anew for each attempt. Its size is that of now.
func fileSource(path string) (source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return source{}, fmt.Errorf("mediavault: %w", err)
	}
	if !info.Mode().IsRegular() {
		return source{size: -1, once: true, open: func() (io.ReadCloser, error) { return os.Open(path) }}, nil
	}
	return source{size: info.Size(), open: func() (io.ReadCloser, error) { return os.Open(path) }}, nil
}

// readerSource reads from where the reader stands. One that can seek can be read again.
func readerSource(reader io.Reader) source {
	if seeker, ok := reader.(io.Seeker); ok {
		start, err := seeker.Seek(0, io.SeekCurrent)
		if err == nil {
			if end, err := seeker.Seek(0, io.SeekEnd); err == nil && end >= start {
				return source{size: end - start, open: func() (io.ReadCloser, error) {
					_, err := seeker.Seek(start, io.SeekStart)
					return io.NopCloser(reader), err
				}}
			}
			_, _ = seeker.Seek(start, io.SeekStart)
		}
	}
	return source{size: -1, once: true, open: func() (io.ReadCloser, error) { return io.NopCloser(reader), nil }}
}

// formPayload is a form with one file. The file is hashed while it is sent, and its checksum follows
// it, so that it is read once.
type formPayload struct {
	from     source
	boundary string
	head     []byte // up to the file
	checksum string // given by the caller; "": worked out
	progress func(Progress)

	mu      sync.Mutex
	current *formBody // of the last attempt
	wasRead bool      // a byte of the source was read
	err     error     // of the source
}

const (
	partOpening = "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n"
	sumLength   = len(checksumPrefix) + 2*sha256.Size
)

// newFormPayload makes the form of a file. Fields that are empty are left out.
func newFormPayload(from source, filename string, options UploadOptions) (*formPayload, error) {
	var head bytes.Buffer
	form := multipart.NewWriter(&head)
	fields := [][2]string{
		{"title", options.Title},
		{"description", options.Description},
		{"tags", strings.Join(options.Tags, ",")},
	}
	for _, field := range fields {
		if field[1] == "" {
			continue
		}
		if err := form.WriteField(field[0], field[1]); err != nil {
			return nil, err
		}
	}
	contentType := options.ContentType
	if contentType == "" {
		contentType = "application/octet-stream" // the vault finds out what it is
	}
	if strings.ContainsAny(contentType, "\r\n") {
		return nil, fmt.Errorf("mediavault: content type %q: want no line breaks", contentType)
	}
	part := textproto.MIMEHeader{}
	part.Set("Content-Disposition", `form-data; name="file"; `+filenameParameter(filename))
	part.Set("Content-Type", contentType)
	if _, err := form.CreatePart(part); err != nil {
		return nil, err
	}
	return &formPayload{
		from:     from,
		boundary: form.Boundary(),
		head:     head.Bytes(),
		checksum: options.Checksum,
		progress: options.Progress,
	}, nil
}

var quoteFilename = strings.NewReplacer("\r", "%0D", "\n", "%0A", `"`, "%22")

// filenameParameter writes the name as browsers do. They leave a percent sign as it is, which makes
// %22 of a name and an escaped quote one text; such a name follows as RFC 8187 has it, which the
// vault reads first.
func filenameParameter(name string) string {
	plain := `filename="` + quoteFilename.Replace(name) + `"`
	if !strings.Contains(name, "%") {
		return plain
	}
	var extended strings.Builder
	for _, b := range []byte(name) {
		fmt.Fprintf(&extended, "%%%02X", b)
	}
	return plain + "; filename*=UTF-8''" + extended.String()
}

// tail is what follows the file, checksum included.
func (p *formPayload) tail(checksum string) string {
	return "\r\n" + fmt.Sprintf(partOpening, p.boundary, "checksum") + checksum + "\r\n--" + p.boundary + "--\r\n"
}

func (p *formPayload) contentType() string { return "multipart/form-data; boundary=" + p.boundary }

func (p *formPayload) length() int64 {
	if p.from.size < 0 {
		return -1
	}
	sum := p.checksum
	if sum == "" {
		sum = strings.Repeat("0", sumLength)
	}
	return int64(len(p.head)) + p.from.size + int64(len(p.tail(sum)))
}

func (p *formPayload) open(watch *watchdog) (io.ReadCloser, error) {
	file, err := p.from.open()
	if err != nil {
		return nil, err
	}
	body := &formBody{form: p, file: file, watch: watch, sum: sha256.New(), closed: make(chan struct{})}
	body.rest.Reset(p.head)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current = body
	return body, nil
}

func (p *formPayload) reopens(ctx context.Context) bool {
	p.mu.Lock()
	current := p.current
	p.mu.Unlock()
	if current != nil {
		select {
		case <-current.closed:
		case <-ctx.Done():
			return false
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err == nil && !(p.from.once && p.wasRead)
}

func (p *formPayload) fault() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// formBody is the form of one attempt. net/http reads it from one goroutine and closes it from that
// or another one.
type formBody struct {
	form  *formPayload
	watch *watchdog

	reading sync.Mutex // held while the file is read, so that it is not closed meanwhile
	file    io.ReadCloser
	sum     hash.Hash
	rest    bytes.Reader // of the head, later of the tail
	phase   formPhase
	sent    int64 // bytes of the file

	once   sync.Once
	closed chan struct{}
}

type formPhase int

const (
	formHead formPhase = iota
	formFile
	formTail
)

func (b *formBody) Read(into []byte) (int, error) {
	b.reading.Lock()
	defer b.reading.Unlock()
	for {
		if b.phase != formFile {
			n, err := b.rest.Read(into)
			if err == io.EOF && b.phase == formHead {
				b.phase = formFile
				continue
			}
			b.watch.resume()
			return n, err
		}
		n, err := b.readFile(into)
		if err == io.EOF {
			b.phase = formTail
			sum := b.form.checksum
			if sum == "" {
				sum = checksumPrefix + hex.EncodeToString(b.sum.Sum(nil))
			}
			b.rest.Reset([]byte(b.form.tail(sum)))
			err = nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// readFile reads the caller's bytes. The time that takes is the caller's own.
func (b *formBody) readFile(into []byte) (int, error) {
	b.watch.pause()
	n, err := b.file.Read(into)
	b.watch.resume()
	size := b.form.from.size
	if size >= 0 && b.sent+int64(n) > size {
		n = int(size - b.sent) // it has grown since it was measured
		err = io.EOF
	}
	if n > 0 {
		b.sum.Write(into[:n])
		b.sent += int64(n)
	}
	if err == io.EOF && size >= 0 && b.sent < size {
		err = fmt.Errorf("the file became shorter while it was sent: %d of %d bytes", b.sent, size)
	}
	b.form.noteRead(n, err)
	if n > 0 && b.form.progress != nil {
		b.form.progress(Progress{Done: b.sent, Total: size})
	}
	return n, err
}

func (p *formPayload) noteRead(n int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wasRead = p.wasRead || n > 0
	if err != nil && err != io.EOF {
		p.err = err
	}
}

func (b *formBody) Close() error {
	b.once.Do(func() {
		go func() {
			// A Read that is under way ends first.
			b.reading.Lock()
			defer b.reading.Unlock()
			b.file.Close()
			close(b.closed)
		}()
	})
	return nil
}
