package vaulttest

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"
	"testing"
)

// Fault is what a [Proxy] does to a request.
type Fault int

// The faults.
const (
	None          Fault = iota
	ResetBefore         // the connection is reset, and the vault sees nothing
	ResetAfter          // the vault carries the request out, and its reply is lost
	CutReply            // half of the reply comes
	Busy                // 503 with Retry-After
	TooMany             // 429 with Retry-After
	BadGateway          // 502, and the vault sees nothing
	RetryFarAhead       // 503 that asks for an hour
)

// Proxy stands between a client and a vault, and does harm.
type Proxy struct {
	URL string
	// Plan says what becomes of the request with that number, from 1. It is called by one goroutine at
	// a time.
	Plan func(number int, request *http.Request) Fault

	target *url.URL
	relay  *httputil.ReverseProxy
	mu     sync.Mutex
	number int
	seen   map[string]int
	tunnel []net.Conn
}

// NewProxy makes a proxy in front of the vault at target, until the end of the test.
func NewProxy(t testing.TB, target string, plan func(int, *http.Request) Fault) *Proxy {
	t.Helper()
	address, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Plan: plan, target: address, seen: map[string]int{}}
	p.relay = httputil.NewSingleHostReverseProxy(address)
	p.relay.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { reset(w) }
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	t.Cleanup(p.Break)
	p.URL = server.URL
	return p
}

// Count is how many requests came with that method and path.
func (p *Proxy) Count(method, path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen[method+" "+path]
}

// Break resets all WebSockets.
func (p *Proxy) Break() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, connection := range p.tunnel {
		connection.Close()
	}
	p.tunnel = nil
}

func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.number++
	p.seen[r.Method+" "+r.URL.Path]++
	fault := None
	if p.Plan != nil {
		fault = p.Plan(p.number, r)
	}
	p.mu.Unlock()
	switch fault {
	case None:
		if r.Header.Get("Upgrade") != "" {
			p.relayWebSocket(w, r)
			return
		}
		p.relay.ServeHTTP(w, r)
	case ResetBefore:
		reset(w)
	case ResetAfter:
		p.relay.ServeHTTP(httptest.NewRecorder(), r)
		reset(w)
	case CutReply:
		p.relay.ServeHTTP(&cutter{ResponseWriter: w}, r)
		panic(http.ErrAbortHandler)
	case Busy:
		w.Header().Set("Retry-After", "0")
		http.Error(w, "busy", http.StatusServiceUnavailable)
	case TooMany:
		w.Header().Set("Retry-After", "0")
		http.Error(w, "slow down", http.StatusTooManyRequests)
	case BadGateway:
		http.Error(w, "<html>bad gateway</html>", http.StatusBadGateway)
	case RetryFarAhead:
		w.Header().Set("Retry-After", "3600")
		http.Error(w, "maintenance", http.StatusServiceUnavailable)
	}
}

// relayWebSocket copies bytes both ways, on connections that Break can reset.
func (p *Proxy) relayWebSocket(w http.ResponseWriter, r *http.Request) {
	there, err := net.Dial("tcp", p.target.Host)
	if err != nil {
		reset(w)
		return
	}
	if err := r.Write(there); err != nil {
		there.Close()
		reset(w)
		return
	}
	here, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		there.Close()
		return
	}
	p.mu.Lock()
	p.tunnel = append(p.tunnel, here, there)
	p.mu.Unlock()
	go func() {
		_, _ = io.Copy(there, here)
		there.Close()
	}()
	_, _ = io.Copy(here, there)
	here.Close()
}

// reset ends the connection without a reply.
func reset(w http.ResponseWriter) {
	connection, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	connection.Close()
}

// cutter lets half of a body through, of which the length is told.
type cutter struct {
	http.ResponseWriter
	left int64
}

var errCut = errors.New("cut")

func (c *cutter) WriteHeader(status int) {
	length, err := strconv.ParseInt(c.Header().Get("Content-Length"), 10, 64)
	if err != nil {
		length = 64
		c.Header().Del("Content-Length")
	}
	c.left = length / 2
	c.ResponseWriter.WriteHeader(status)
}

func (c *cutter) Write(data []byte) (int, error) {
	data = data[:min(int64(len(data)), c.left)]
	n, err := c.ResponseWriter.Write(data)
	c.left -= int64(n)
	if c.left == 0 {
		if flusher, ok := c.ResponseWriter.(http.Flusher); ok {
			flusher.Flush()
		}
		return n, errCut
	}
	return n, err
}
