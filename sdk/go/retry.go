package mediavault

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"
)

// RetryPolicy says how calls are repeated: after 429 and 503; and where it cannot do harm, because
// the method is idempotent or the request has an idempotency key, after 502, 504 and a lost
// connection. A member that is zero has its default.
type RetryPolicy struct {
	// Attempts is how often a request is sent at most; 1 repeats nothing (5).
	Attempts int
	// MinDelay is waited before the second attempt, twice as long before each further one, up to
	// MaxDelay; up to half of it is taken off by chance (250 ms, 15 s).
	MinDelay, MaxDelay time.Duration
	// MaxRetryAfter bounds the waits that Retry-After asks for. A longer one is not waited for: the
	// call fails, and the error has it (60 s).
	MaxRetryAfter time.Duration
}

func (p RetryPolicy) withDefaults() RetryPolicy {
	if p.Attempts <= 0 {
		p.Attempts = 5
	}
	if p.MinDelay <= 0 {
		p.MinDelay = 250 * time.Millisecond
	}
	if p.MaxDelay <= 0 {
		p.MaxDelay = 15 * time.Second
	}
	if p.MaxRetryAfter <= 0 {
		p.MaxRetryAfter = 60 * time.Second
	}
	return p
}

// delay is the wait after so many attempts, from 1, of which the last one ended with err, and
// whether to wait and repeat at all.
func (p RetryPolicy) delay(attempt int, err error) (time.Duration, bool) {
	if attempt >= p.Attempts {
		return 0, false
	}
	wait := p.backoff(attempt)
	var refusal *APIError
	if errors.As(err, &refusal) && refusal.RetryAfter > 0 {
		if refusal.RetryAfter > p.MaxRetryAfter {
			return 0, false
		}
		// Not sooner than asked for, and not all callers at once.
		wait = refusal.RetryAfter + time.Duration(rand.Int64N(int64(p.MinDelay)))
	}
	return wait, true
}

func (p RetryPolicy) backoff(attempt int) time.Duration {
	wait := p.MinDelay
	for ; attempt > 1 && wait < p.MaxDelay; attempt-- {
		wait *= 2
	}
	wait = min(wait, p.MaxDelay)
	return wait - time.Duration(rand.Int64N(int64(wait)/2+1))
}

// isRetryable says whether a request that ended with err, which is no end of the caller's context,
// may be sent again.
func isRetryable(err error, repeatable bool) bool {
	var refusal *APIError
	if !errors.As(err, &refusal) {
		return repeatable && errors.Is(err, errLost)
	}
	switch refusal.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return true
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		return repeatable
	}
	// An earlier attempt of the same call is still under way.
	return repeatable && refusal.Code == ErrIdempotencyInProgress
}

// errLost marks an attempt that got no reply, or not all of it.
var errLost = errors.New("the connection was lost")

// sleep waits, or fails with the context. It fails at once, with cause, where the context ends
// before the wait does.
func sleep(ctx context.Context, wait time.Duration, cause error) error {
	if end, ok := ctx.Deadline(); ok && time.Until(end) < wait {
		return cause
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
