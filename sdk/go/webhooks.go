package mediavault

import (
	"context"
	"net/http"
	"net/url"
)

// WebhooksService is about receivers of events at a URL.
type WebhooksService struct{ c *Client }

// Create makes a webhook. Keep its secret, for [NewWebhookVerifier]: it is shown this once. Where the
// connection was lost and the token was renewed before the call was repeated, it ends with
// [ErrIdempotencyReplyLost]: then the webhook was made, and has to be deleted.
func (s *WebhooksService) Create(ctx context.Context, address string, events []EventName, options ...CallOption) (*NewWebhook, error) {
	body := changes{"url": address, "events": events}
	return data[NewWebhook](ctx, s.c, newRequest(http.MethodPost, "/webhooks", options).withJSON(body))
}

// List reads all webhooks.
func (s *WebhooksService) List(ctx context.Context, options ...CallOption) ([]*Webhook, error) {
	return all[Webhook](ctx, s.c, newRequest(http.MethodGet, "/webhooks", options))
}

// Get reads one webhook.
func (s *WebhooksService) Get(ctx context.Context, id string, options ...CallOption) (*Webhook, error) {
	return data[Webhook](ctx, s.c, newRequest(http.MethodGet, webhookPath(id), options))
}

// WebhookUpdate changes a webhook.
type WebhookUpdate struct {
	URL    Field[string]
	Events Field[[]EventName]
	Active Field[bool] // false: nothing is sent, and what happens meanwhile is not sent later
}

// Update changes or pauses a webhook.
func (s *WebhooksService) Update(ctx context.Context, id string, update WebhookUpdate, options ...CallOption) (*Webhook, error) {
	body := changes{}
	add(body, "url", update.URL)
	add(body, "events", update.Events)
	add(body, "active", update.Active)
	return data[Webhook](ctx, s.c, newRequest(http.MethodPatch, webhookPath(id), options).withJSON(body))
}

// Delete removes a webhook with its deliveries.
func (s *WebhooksService) Delete(ctx context.Context, id string, options ...CallOption) error {
	return s.c.remove(ctx, newRequest(http.MethodDelete, webhookPath(id), options))
}

// Test has an event webhook.test sent to it, once. The delivery shows later how that went.
func (s *WebhooksService) Test(ctx context.Context, id string, options ...CallOption) (*Delivery, error) {
	return data[Delivery](ctx, s.c, newRequest(http.MethodPost, webhookPath(id)+"/test", options))
}

// Deliveries reads what was sent, and what is to be, the newest first. An empty status is all.
func (s *WebhooksService) Deliveries(ctx context.Context, id string, status DeliveryStatus, at ListOptions, options ...CallOption) func(yield func(*Delivery, error) bool) {
	return items[Delivery](ctx, s.c, s.deliveries(id, status, options), at)
}

// DeliveriesPage reads one page of them.
func (s *WebhooksService) DeliveriesPage(ctx context.Context, id string, status DeliveryStatus, at ListOptions, options ...CallOption) (*Page[Delivery], error) {
	return readPage[Delivery](ctx, s.c, s.deliveries(id, status, options), at)
}

func (s *WebhooksService) deliveries(id string, status DeliveryStatus, options []CallOption) list {
	query := url.Values{}
	set(query, "status", string(status))
	return list{path: webhookPath(id) + "/deliveries", query: query, options: options}
}

// Resend has a dead delivery attempted for another day.
func (s *WebhooksService) Resend(ctx context.Context, id, deliveryID string, options ...CallOption) (*Delivery, error) {
	path := webhookPath(id) + "/deliveries/" + segment(deliveryID) + "/resend"
	return data[Delivery](ctx, s.c, newRequest(http.MethodPost, path, options))
}

func webhookPath(id string) string { return "/webhooks/" + segment(id) }
