package mediavault

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"
)

func TestDelays(t *testing.T) {
	policy := RetryPolicy{Attempts: 10, MinDelay: 100 * time.Millisecond, MaxDelay: time.Second}.withDefaults()
	for attempt, longest := range []time.Duration{0, 100, 200, 400, 800, 1000, 1000} {
		longest *= time.Millisecond
		if attempt == 0 {
			continue
		}
		differ := map[time.Duration]bool{}
		for range 200 {
			wait, again := policy.delay(attempt, errLost)
			if !again || wait < longest/2 || wait > longest {
				t.Fatalf("after attempt %d: %v", attempt, wait)
			}
			differ[wait] = true
		}
		if len(differ) < 10 {
			t.Errorf("after attempt %d all wait for the same time", attempt)
		}
	}
	if _, again := policy.delay(10, errLost); again {
		t.Error("an eleventh attempt")
	}
	asked := &APIError{Status: 503, RetryAfter: 5 * time.Second}
	for range 200 {
		if wait, again := policy.delay(1, asked); !again || wait < asked.RetryAfter || wait > asked.RetryAfter+policy.MinDelay {
			t.Fatalf("waits for %v", wait)
		}
	}
	asked.RetryAfter = 61 * time.Second
	if _, again := policy.delay(1, asked); again {
		t.Error("it waits for more than a minute")
	}
}

func TestWhatIsRetryable(t *testing.T) {
	tests := []struct {
		err        error
		repeatable bool
		want       bool
	}{
		{errLost, true, true},
		{errLost, false, false},
		{ErrChanged, true, false},
		{&APIError{Status: 429}, false, true},
		{&APIError{Status: 503}, false, true},
		{&APIError{Status: 502}, false, false},
		{&APIError{Status: 504}, true, true},
		{&APIError{Status: 500}, true, false},
		{&APIError{Status: 507}, true, false},
		{&APIError{Status: 409, Code: ErrIdempotencyInProgress}, true, true},
		{&APIError{Status: 409, Code: ErrIdempotencyReplyLost}, true, false},
	}
	for _, test := range tests {
		if got := isRetryable(test.err, test.repeatable); got != test.want {
			t.Errorf("%v, repeatable %v: got %v", test.err, test.repeatable, got)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2023, 5, 30, 10, 0, 0, 0, time.UTC)
	for field, want := range map[string]time.Duration{
		"": 0, "0": 0, " 7 ": 7 * time.Second, "-1": 0, "soon": 0, "99999999999": 0,
		"Tue, 30 May 2023 10:01:00 GMT": time.Minute, "Tue, 30 May 2023 09:00:00 GMT": 0,
	} {
		if got := retryAfter(field, now); got != want {
			t.Errorf("%q: got %v, want %v", field, got, want)
		}
	}
}

func TestContentRange(t *testing.T) {
	from, total, ok := contentRange("bytes 5-9/10")
	if !ok || from != 5 || total != 10 {
		t.Errorf("got %d, %d, %v", from, total, ok)
	}
	for _, field := range []string{"", "bytes", "bytes */10", "bytes 5-9/*", "items 5-9/10", "bytes x-9/10"} {
		if _, _, ok := contentRange(field); ok {
			t.Errorf("%q is taken", field)
		}
	}
}

func TestReprDigest(t *testing.T) {
	const sum = "RK/5qy6MXBSVLNV9rrmYpPyn8Y7rZUcXZEVxlTfLh2M="
	for field, known := range map[string]bool{
		"sha-256=:" + sum + ":": true, "sha-512=:AAAA:, sha-256=:" + sum + ":": true,
		"": false, "sha-256=:AAAA:": false, "sha-256=" + sum: false,
	} {
		if got := reprDigest(http.Header{"Repr-Digest": {field}}); (got != nil) != known {
			t.Errorf("%q: got %x", field, got)
		}
	}
}

func TestFieldsOfAChange(t *testing.T) {
	body := changes{}
	add(body, "set", Set("x"))
	add(body, "empty", Set(""))
	add(body, "cleared", Clear[int]())
	add(body, "unset", Field[bool]{})
	text, err := json.Marshal(body)
	if want := `{"cleared":null,"empty":"","set":"x"}`; err != nil || string(text) != want {
		t.Errorf("got %s, %v", text, err)
	}
}
