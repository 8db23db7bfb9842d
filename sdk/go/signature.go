package mediavault

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	secretPrefix     = "whsec_"
	signatureVersion = "v1,"
	toleranceDefault = 5 * time.Minute
	webhookBodyMax   = 1 << 20
)

// Errors of a delivery that is not to be trusted.
var (
	ErrWebhookHeaders   = errors.New("mediavault: the webhook's headers are missing or malformed")
	ErrWebhookSignature = errors.New("mediavault: the webhook's signature is not valid")
	ErrWebhookTime      = errors.New("mediavault: the webhook's timestamp is too far from now")
)

// WebhookMessage is a delivery that was verified.
type WebhookMessage struct {
	WebhookPayload
	// ID is the header webhook-id. A message may come more than once, with the same ID: a receiver
	// remembers those that it has seen.
	ID     string
	SentAt time.Time // when this attempt was made
}

// WebhookVerifier verifies deliveries, which are signed as Standard Webhooks has it. It may be used
// by any number of goroutines.
type WebhookVerifier struct {
	keys      [][]byte
	tolerance time.Duration
	now       func() time.Time
}

// NewWebhookVerifier makes a verifier for the secrets (whsec_…) of one or more webhooks. A delivery is
// accepted that is signed with any of them.
func NewWebhookVerifier(secrets ...string) (*WebhookVerifier, error) {
	if len(secrets) == 0 {
		return nil, errors.New("mediavault: a webhook's secret is needed")
	}
	v := &WebhookVerifier{tolerance: toleranceDefault, now: time.Now}
	for _, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
		if err != nil || len(key) == 0 {
			return nil, errors.New("mediavault: a webhook's secret is whsec_ and base64")
		}
		v.keys = append(v.keys, key)
	}
	return v, nil
}

// WithTolerance is a verifier like v that accepts timestamps that differ from now by at most
// tolerance (5 min).
func (v *WebhookVerifier) WithTolerance(tolerance time.Duration) *WebhookVerifier {
	other := *v
	other.tolerance = tolerance
	return &other
}

// Verify compares signature and time, and reads the message. body is the request's, byte for byte.
func (v *WebhookVerifier) Verify(header http.Header, body []byte) (*WebhookMessage, error) {
	id, stamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	signatures := header.Get("webhook-signature")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if id == "" || signatures == "" || err != nil {
		return nil, ErrWebhookHeaders
	}
	if !v.isSigned(id, stamp, signatures, body) {
		return nil, ErrWebhookSignature
	}
	sentAt := time.Unix(seconds, 0)
	if distance := v.now().Sub(sentAt).Abs(); distance > v.tolerance {
		return nil, ErrWebhookTime
	}
	message := &WebhookMessage{ID: id, SentAt: sentAt}
	if err := json.Unmarshal(body, &message.WebhookPayload); err != nil {
		return nil, fmt.Errorf("mediavault: the webhook's body: %w", err)
	}
	return message, nil
}

// isSigned says whether one of the signatures, which spaces separate, is made with one of the keys.
func (v *WebhookVerifier) isSigned(id, stamp, signatures string, body []byte) bool {
	for _, key := range v.keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + stamp + "."))
		mac.Write(body)
		want := mac.Sum(nil)
		for _, signature := range strings.Fields(signatures) {
			text, ok := strings.CutPrefix(signature, signatureVersion)
			given, err := base64.StdEncoding.DecodeString(text)
			if ok && err == nil && hmac.Equal(given, want) {
				return true
			}
		}
	}
	return false
}

// Handler is a receiver: it verifies each delivery and hands it on. It answers 204, or 500 if handle
// fails, so that the vault sends the message again later; what cannot be verified gets 400. A message
// whose handling takes longer than the vault waits (15 s) comes again too.
func (v *WebhookVerifier) Handler(handle func(context.Context, *WebhookMessage) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "webhooks are sent by POST", http.StatusMethodNotAllowed)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, webhookBodyMax))
		if err != nil {
			http.Error(w, "the body cannot be read", http.StatusBadRequest)
			return
		}
		message, err := v.Verify(r.Header, body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if err := handle(r.Context(), message); err != nil {
			http.Error(w, "the message was not handled", http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

// VerifyWebhook verifies a delivery to one webhook, whose timestamp may differ from now by at most
// five minutes. body is the request's, byte for byte.
func VerifyWebhook(secret string, header http.Header, body []byte) (*WebhookMessage, error) {
	verifier, err := NewWebhookVerifier(secret)
	if err != nil {
		return nil, err
	}
	return verifier.Verify(header, body)
}
