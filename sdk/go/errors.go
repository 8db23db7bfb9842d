package mediavault

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Code says why the vault refused a call. It is an error, so that errors.Is(err,
// mediavault.ErrNotFound) compares with it.
type Code string

// The codes of the vault. A proxy between may add statuses of its own: Code is empty then.
const (
	ErrValidation            Code = "validation_error"        // 400; Details name the fields
	ErrUnauthorized          Code = "unauthorized"            // 401
	ErrForbidden             Code = "forbidden"               // 403
	ErrNotFound              Code = "not_found"               // 404
	ErrThumbnailNotReady     Code = "thumbnail_not_ready"     // 404, with RetryAfter
	ErrMethodNotAllowed      Code = "method_not_allowed"      // 405
	ErrRequestTimeout        Code = "request_timeout"         // 408
	ErrConflict              Code = "conflict"                // 409
	ErrIdempotencyInProgress Code = "idempotency_in_progress" // 409
	ErrIdempotencyReplyLost  Code = "idempotency_reply_lost"  // 409; the first request was carried out
	ErrPreconditionFailed    Code = "precondition_failed"     // 412
	ErrQuotaExceeded         Code = "quota_exceeded"          // 413
	ErrPayloadTooLarge       Code = "payload_too_large"       // 413
	ErrURITooLong            Code = "uri_too_long"            // 414
	ErrUnsupportedMediaType  Code = "unsupported_media_type"  // 415
	ErrRangeNotSatisfiable   Code = "range_not_satisfiable"   // 416
	ErrChecksumMismatch      Code = "checksum_mismatch"       // 422
	ErrIdempotencyMismatch   Code = "idempotency_mismatch"    // 422
	ErrUpgradeRequired       Code = "upgrade_required"        // 426
	ErrRateLimited           Code = "rate_limited"            // 429
	ErrHeadersTooLarge       Code = "headers_too_large"       // 431
	ErrInternal              Code = "internal_error"          // 500
	ErrNotImplemented        Code = "not_implemented"         // 501
	ErrBusy                  Code = "busy"                    // 503
	ErrVersionNotSupported   Code = "version_not_supported"   // 505
	ErrInsufficientStorage   Code = "insufficient_storage"    // 507
	ErrTooManySubscriptions  Code = "too_many_subscriptions"  // of a Stream
)

func (c Code) Error() string { return string(c) }

// FieldError is what is wrong with one field of a request.
type FieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// APIError is a refusal of the vault, or of a proxy in front of it. errors.As finds it in the error of
// a call.
type APIError struct {
	Status     int    // of HTTP
	Code       Code   // empty if the reply is not the vault's
	Message    string // for people
	Details    []FieldError
	RequestID  string        // names the request in the vault's log
	RetryAfter time.Duration // how long the vault asks to wait; 0 if it does not
	Method     string
	Path       string // below the root of the API
}

func (e *APIError) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "mediavault: %s %s: %s", e.Method, e.Path, e.Message)
	for i, detail := range e.Details {
		separator := "; "
		if i == 0 {
			separator = ": "
		}
		text.WriteString(separator + detail.Field + ": " + detail.Message)
	}
	if e.Code != "" {
		fmt.Fprintf(&text, " (%d %s", e.Status, e.Code)
	} else {
		fmt.Fprintf(&text, " (%d", e.Status)
	}
	if e.RequestID != "" {
		text.WriteString(", " + e.RequestID)
	}
	return text.String() + ")"
}

// Is compares with a [Code].
func (e *APIError) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == e.Code && code != ""
}

// Errors that the client finds by itself.
var (
	// ErrNotLoggedIn is of calls that need an account where the client has neither key nor session.
	ErrNotLoggedIn = errors.New("mediavault: not logged in")
	// ErrNotModified is of reads with [IfNoneMatch].
	ErrNotModified = errors.New("mediavault: not modified")
	// ErrChanged is of downloads whose file was replaced before their end.
	ErrChanged = errors.New("mediavault: the file was changed during its download")
	// ErrDigest is of downloads whose bytes are not those that the vault announced.
	ErrDigest = errors.New("mediavault: the bytes do not have the announced SHA-256")
	// ErrClosed is of a [Stream] that was closed.
	ErrClosed = errors.New("mediavault: the stream is closed")
)

const failureMax = 1 << 20 // bytes of a failure's body that are read

// failure mirrors Failure of the OpenAPI document.
type failure struct {
	Success bool         `json:"success"`
	Error   failureError `json:"error"`
	Meta    failureMeta  `json:"meta"`
}

type failureError struct {
	Code    string       `json:"code"`
	Message string       `json:"message"`
	Details []FieldError `json:"details"`
}

type failureMeta struct {
	Timestamp time.Time `json:"timestamp"`
	RequestID string    `json:"request_id"`
}

// readError makes an APIError of a response that is not a success. It reads the body and does not
// close it.
func readError(method, path string, response *http.Response, now time.Time) *APIError {
	result := &APIError{
		Status:     response.StatusCode,
		RequestID:  response.Header.Get("X-Request-Id"),
		RetryAfter: retryAfter(response.Header.Get("Retry-After"), now),
		Method:     method,
		Path:       path,
	}
	text, _ := io.ReadAll(io.LimitReader(response.Body, failureMax))
	var body failure
	if json.Unmarshal(text, &body) == nil && body.Error.Code != "" {
		result.Code = Code(body.Error.Code)
		result.Message = body.Error.Message
		result.Details = body.Error.Details
		if body.Meta.RequestID != "" {
			result.RequestID = body.Meta.RequestID
		}
		return result
	}
	result.Message = http.StatusText(response.StatusCode)
	if result.Message == "" {
		result.Message = "status " + strconv.Itoa(response.StatusCode)
	}
	if place := response.Header.Get("Location"); place != "" && response.StatusCode/100 == 3 {
		result.Message = "the server redirects to " + place + "; use that address"
	}
	return result
}

// retryAfter reads the field of that name: seconds, or a date. 0 if there is none.
func retryAfter(field string, now time.Time) time.Duration {
	field = strings.TrimSpace(field)
	if seconds, err := strconv.ParseUint(field, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(field); err == nil && date.After(now) {
		return date.Sub(now)
	}
	return 0
}
