package mediavault_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	mediavault "github.com/wronai/mediavault-go"
)

// sign makes a delivery as the specification of Standard Webhooks has it.
func sign(key []byte, id string, at time.Time, body []byte) http.Header {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", id, stamp, body)
	header := http.Header{}
	header.Set("Webhook-Id", id)
	header.Set("Webhook-Timestamp", stamp)
	header.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return header
}

func secretOf(key []byte) string { return "whsec_" + base64.StdEncoding.EncodeToString(key) }

func TestVerifyWebhook(t *testing.T) {
	key, other := randomBytes(7, 32), randomBytes(8, 32)
	body := []byte(`{"event":"media.uploaded","data":{"id":"media_123","type":"image","user_id":"user_123"},"timestamp":"2023-05-30T10:00:00Z"}`)
	now := time.Now()
	message := must(mediavault.VerifyWebhook(secretOf(key), sign(key, "msg_1", now, body), body))(t)
	equal(t, "id", message.ID, "msg_1")
	equal(t, "event", message.Event, mediavault.EventMediaUploaded)
	equal(t, "data", message.Data, mediavault.EventData{ID: "media_123", Type: "image", UserID: "user_123"})
	equal(t, "sent", message.SentAt.Unix(), now.Unix())

	with := func(name, value string) http.Header {
		header := sign(key, "msg_1", now, body)
		header.Set(name, value)
		return header
	}
	old := sign(key, "msg_1", now, body).Get("webhook-signature")
	tests := []struct {
		name   string
		header http.Header
		body   []byte
		want   error
	}{
		{"another body", sign(key, "msg_1", now, body), append(body, ' '), mediavault.ErrWebhookSignature},
		{"another key", sign(other, "msg_1", now, body), body, mediavault.ErrWebhookSignature},
		{"another id", with("webhook-id", "msg_2"), body, mediavault.ErrWebhookSignature},
		{"another time", with("webhook-timestamp", "1"), body, mediavault.ErrWebhookSignature},
		{"another version", with("webhook-signature", "v1a"+old[2:]), body, mediavault.ErrWebhookSignature},
		{"no base64", with("webhook-signature", "v1,%%%"), body, mediavault.ErrWebhookSignature},
		{"several signatures", with("webhook-signature", "v1a,xyz v1,AAAA "+old), body, nil},
		{"too old", sign(key, "msg_1", now.Add(-301*time.Second), body), body, mediavault.ErrWebhookTime},
		{"of the future", sign(key, "msg_1", now.Add(302*time.Second), body), body, mediavault.ErrWebhookTime},
		{"old enough", sign(key, "msg_1", now.Add(-290*time.Second), body), body, nil},
		{"no headers", http.Header{}, body, mediavault.ErrWebhookHeaders},
		{"no number", with("webhook-timestamp", "soon"), body, mediavault.ErrWebhookHeaders},
	}
	for _, test := range tests {
		_, err := mediavault.VerifyWebhook(secretOf(key), test.header, test.body)
		if !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
	}
	rotated := must(mediavault.NewWebhookVerifier(secretOf(other), secretOf(key)))(t)
	must(rotated.Verify(sign(key, "msg_1", now, body), body))(t)
	must(rotated.WithTolerance(time.Hour).Verify(sign(other, "msg_1", now.Add(-59*time.Minute), body), body))(t)
	for _, secrets := range [][]string{nil, {""}, {"whsec_"}, {"whsec_%"}} {
		if _, err := mediavault.NewWebhookVerifier(secrets...); err == nil {
			t.Errorf("%q are taken for secrets", secrets)
		}
	}
	text := []byte("no JSON")
	if _, err := mediavault.VerifyWebhook(secretOf(key), sign(key, "msg_1", now, text), text); err == nil {
		t.Error("text is taken for a message")
	}
}

func TestAReceiverOfTheRealVault(t *testing.T) {
	client, ctx := newUser(t), testContext(t)
	var mu sync.Mutex
	var verifier *mediavault.WebhookVerifier
	var got []*mediavault.WebhookMessage
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		verifier.Handler(func(_ context.Context, message *mediavault.WebhookMessage) error {
			got = append(got, message)
			if len(got) == 1 {
				return errors.New("not today")
			}
			return nil
		}).ServeHTTP(w, r)
	}))
	defer receiver.Close()
	mu.Lock()
	webhook := must(client.Webhooks.Create(ctx, receiver.URL, []mediavault.EventName{mediavault.EventMediaUploaded}))(t)
	verifier = must(mediavault.NewWebhookVerifier(webhook.Secret))(t)
	mu.Unlock()
	delivery := must(client.Webhooks.Test(ctx, webhook.ID))(t)
	equal(t, "event", delivery.Event, mediavault.EventWebhookTest)
	find := func(status mediavault.DeliveryStatus) (found *mediavault.Delivery) {
		client.Webhooks.Deliveries(ctx, webhook.ID, status, mediavault.ListOptions{PerPage: 1})(func(one *mediavault.Delivery, err error) bool {
			ok(t, err)
			if one.ID == delivery.ID {
				found = one
			}
			return found == nil
		})
		return found
	}
	eventually(t, "the test is over", func() bool { return find(mediavault.DeliveryDead) != nil })
	dead := find(mediavault.DeliveryDead)
	equal(t, "reply", *dead.ReplyCode, 500)
	must(client.Webhooks.Resend(ctx, webhook.ID, delivery.ID))(t)
	eventually(t, "it is delivered", func() bool { return find(mediavault.DeliveryDelivered) != nil })
	_, err := client.Webhooks.Resend(ctx, webhook.ID, delivery.ID)
	refused(t, err, mediavault.ErrConflict)
	media := upload(t, client, "a.txt", "content")
	eventually(t, "the upload is told", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(got) == 3
	})
	mu.Lock()
	equal(t, "id", got[2].Data.ID, media.ID)
	equal(t, "the same message", got[0].ID, got[1].ID)
	equal(t, "its id", got[0].ID, delivery.MessageID)
	mu.Unlock()
	page := must(client.Webhooks.DeliveriesPage(ctx, webhook.ID, "", mediavault.ListOptions{PerPage: 1}))(t)
	equal(t, "deliveries", page.Pagination.Total, 2)
	paused := must(client.Webhooks.Update(ctx, webhook.ID, mediavault.WebhookUpdate{
		Active: mediavault.Set(false), Events: mediavault.Set([]mediavault.EventName{mediavault.EventMediaDeleted}),
	}, mediavault.IfMatch(webhook.ETag)))(t)
	equal(t, "active", paused.Active, false)
	equal(t, "events", must(client.Webhooks.Get(ctx, webhook.ID))(t).Events[0], mediavault.EventMediaDeleted)
	_, err = client.Webhooks.Test(ctx, webhook.ID)
	refused(t, err, mediavault.ErrConflict)
	equal(t, "webhooks", len(must(client.Webhooks.List(ctx))(t)), 1)
	ok(t, client.Webhooks.Delete(ctx, webhook.ID))
	_, err = client.Webhooks.Get(ctx, webhook.ID)
	refused(t, err, mediavault.ErrNotFound)
}

func TestTheReceiverRefusesWhatIsNotSigned(t *testing.T) {
	key := randomBytes(9, 32)
	verifier := must(mediavault.NewWebhookVerifier(secretOf(key)))(t)
	handler := verifier.Handler(func(context.Context, *mediavault.WebhookMessage) error {
		t.Error("it was handled")
		return nil
	})
	for name, test := range map[string]struct {
		request *http.Request
		status  int
	}{
		"unsigned": {httptest.NewRequest("POST", "/", bytes.NewReader([]byte("{}"))), 400},
		"a page":   {httptest.NewRequest("GET", "/", nil), 405},
		"too long": {httptest.NewRequest("POST", "/", bytes.NewReader(make([]byte, 2<<20))), 400},
	} {
		reply := httptest.NewRecorder()
		handler.ServeHTTP(reply, test.request)
		equal(t, name, reply.Code, test.status)
	}
}
