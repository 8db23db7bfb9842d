package mediavault

import (
	"strings"
	"time"
)

// User is an account.
type User struct {
	ID           string    `json:"id"` // user_…
	UUID         string    `json:"uuid"`
	Username     string    `json:"username"`
	Email        *string   `json:"email"`
	IsAdmin      bool      `json:"is_admin"`
	Quota        *int64    `json:"quota"`             // what Used may not pass; nil: no limit
	Used         int64     `json:"used"`              // bytes that count in the quota
	Trashed      *int64    `json:"trashed,omitempty"` // of Used what is in the trash; only of the caller
	QuotaBytes   *int64    `json:"quota_bytes"`       // the same as Quota
	UsedBytes    int64     `json:"used_bytes"`        // of all files
	ChargedBytes int64     `json:"charged_bytes"`     // the same as Used
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`

	// ETag is for [IfMatch]. It is of what can be changed, not of what is counted.
	ETag string `json:"-"`
}

func (u *User) setETag(etag string) { u.ETag = etag }

// Session is a log-in that has not ended.
type Session struct {
	ID         string    `json:"id"` // session_…
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at"` // to about a minute
	ExpiresAt  time.Time `json:"expires_at"`
	Address    string    `json:"address"` // of its last log-in or refresh
	UserAgent  string    `json:"user_agent"`
	Current    bool      `json:"current"` // it is the caller's
}

// Scope is what an API key may do.
type Scope string

// The scopes.
const (
	ScopeRead  Scope = "read"
	ScopeWrite Scope = "write"
)

// KeyKind is the API that a key is for.
type KeyKind string

// The kinds of keys.
const (
	KeyAPI         KeyKind = "api"         // Media Vault and StreamVault
	KeyMaster      KeyKind = "master"      // Quantum Storage
	KeyUpload      KeyKind = "upload"      // File Uploader; not made by this API
	KeyApplication KeyKind = "application" // a bucket of Quantum Storage; not made by this API
)

// APIKey is a key, without its secret.
type APIKey struct {
	ID         string     `json:"id"` // key_…
	Name       string     `json:"name"`
	Kind       KeyKind    `json:"kind"`
	Prefix     string     `json:"prefix"` // the first characters of the secret
	Scopes     []Scope    `json:"scopes"`
	ExpiresAt  *time.Time `json:"expires_at"`   // nil: never
	LastUsedAt *time.Time `json:"last_used_at"` // to about a minute; nil: never
	CreatedAt  time.Time  `json:"created_at"`
}

// NewAPIKey is a key that was made now. Its secret is shown this once.
type NewAPIKey struct {
	APIKey
	Secret string `json:"secret"`
}

// MediaType is the kind of a file.
type MediaType string

// The kinds of files.
const (
	TypeImage    MediaType = "image"
	TypeVideo    MediaType = "video"
	TypeAudio    MediaType = "audio"
	TypeDocument MediaType = "document"
	TypeOther    MediaType = "other"
)

// MediaStatus says whether the vault has looked into a file.
type MediaStatus string

// The states of a file. Its bytes are there in each of them.
const (
	StatusProcessing MediaStatus = "processing"
	StatusReady      MediaStatus = "ready"
	StatusFailed     MediaStatus = "failed" // Media.StatusReason says why
)

// Location is a place on Earth, in degrees.
type Location struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

// Media is a file with what is known and said of it.
type Media struct {
	ID           string      `json:"id"` // media_…
	UUID         string      `json:"uuid"`
	Type         MediaType   `json:"type"`
	Filename     string      `json:"filename"`
	MediaType    string      `json:"media_type"`    // such as image/jpeg
	Size         int64       `json:"size"`          // bytes
	Checksum     *string     `json:"checksum"`      // sha256:…; nil until it is worked out
	URL          string      `json:"url"`           // of the bytes, for callers that may read the file
	ThumbnailURL string      `json:"thumbnail_url"` // "" until there is one
	Status       MediaStatus `json:"status"`
	StatusReason *string     `json:"status_reason"`
	Width        *int        `json:"width"` // of the upright picture
	Height       *int        `json:"height"`
	Duration     *float64    `json:"duration"` // seconds
	Codec        *string     `json:"codec"`
	TakenAt      *time.Time  `json:"taken_at"` // as the file says; local time where it knows no offset
	Location     *Location   `json:"location"`
	Title        *string     `json:"title"`
	Description  *string     `json:"description"`
	Tags         []string    `json:"tags"`
	Collections  []string    `json:"collections"` // ids
	UserID       string      `json:"user_id"`
	CreatedAt    time.Time   `json:"created_at"`
	UpdatedAt    time.Time   `json:"updated_at"`

	// ETag is for [IfMatch]. Lists do not have it, nor do uploads.
	ETag string `json:"-"`
}

func (m *Media) setETag(etag string) { m.ETag = etag }

// SHA256 is the checksum as 64 hexadecimal digits; "" until it is worked out.
func (m *Media) SHA256() string {
	if m.Checksum == nil {
		return ""
	}
	return strings.TrimPrefix(*m.Checksum, checksumPrefix)
}

// DeletedMedia is what a file was.
type DeletedMedia struct {
	Media
	Deleted         bool       `json:"deleted"`
	RestorableUntil *time.Time `json:"restorable_until"` // nil: it is gone for good
}

// TrashedMedia is a file that can be restored.
type TrashedMedia struct {
	Media
	DeletedAt       time.Time `json:"deleted_at"`
	RestorableUntil time.Time `json:"restorable_until"`
}

// Collection is a list of media in an order of its own.
type Collection struct {
	ID          string    `json:"id"` // col_…
	Name        string    `json:"name"`
	Description *string   `json:"description"`
	MediaCount  int       `json:"media_count"`
	UserID      string    `json:"user_id"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`

	// ETag is for [IfMatch]. Lists do not have it.
	ETag string `json:"-"`
}

func (c *Collection) setETag(etag string) { c.ETag = etag }

// Share is a link to a file or a collection for people without an account.
type Share struct {
	ID            string     `json:"id"`  // share_…
	URL           string     `json:"url"` // of its page
	Token         string     `json:"token"`
	MediaID       *string    `json:"media_id"` // this or CollectionID
	CollectionID  *string    `json:"collection_id"`
	HasPassword   bool       `json:"has_password"`
	ExpiresAt     *time.Time `json:"expires_at"`
	MaxDownloads  *int       `json:"max_downloads"`
	Downloads     int        `json:"downloads"` // that were counted
	AllowDownload bool       `json:"allow_download"`
	UserID        string     `json:"user_id"`
	CreatedAt     time.Time  `json:"created_at"`
	UpdatedAt     time.Time  `json:"updated_at"`

	// ETag is for [IfMatch]. It is of what can be changed, not of Downloads. Lists do not have it.
	ETag string `json:"-"`
}

func (s *Share) setETag(etag string) { s.ETag = etag }

// EventName is what happened.
type EventName string

// The events. Webhooks ask for them by name; a [Stream] has those of media and collections.
const (
	EventMediaUploaded     EventName = "media.uploaded"
	EventMediaUpdated      EventName = "media.updated"
	EventMediaDeleted      EventName = "media.deleted"
	EventMediaRestored     EventName = "media.restored"
	EventMediaPurged       EventName = "media.purged"
	EventCollectionCreated EventName = "collection.created"
	EventCollectionUpdated EventName = "collection.updated"
	EventCollectionDeleted EventName = "collection.deleted"
	EventUserRegistered    EventName = "user.registered" // to admins
	EventWebhookTest       EventName = "webhook.test"    // asked for by WebhooksService.Test
)

// Webhook is a receiver of events at a URL.
type Webhook struct {
	ID            string      `json:"id"` // hook_…
	URL           string      `json:"url"`
	Events        []EventName `json:"events"`
	Active        bool        `json:"active"`
	Pending       int         `json:"pending"`  // deliveries that wait
	Failures      int         `json:"failures"` // since the last success
	LastSuccessAt *time.Time  `json:"last_success_at"`
	CreatedAt     time.Time   `json:"created_at"`
	UpdatedAt     time.Time   `json:"updated_at"`

	// ETag is for [IfMatch]. It is of what can be changed, not of what is counted. Lists do not have it.
	ETag string `json:"-"`
}

func (w *Webhook) setETag(etag string) { w.ETag = etag }

// NewWebhook is a webhook that was made now. Its secret is shown this once.
type NewWebhook struct {
	Webhook
	Secret string `json:"secret"` // whsec_…, for NewWebhookVerifier
}

// DeliveryStatus is what became of a delivery.
type DeliveryStatus string

// The states of a delivery.
const (
	DeliveryPending   DeliveryStatus = "pending"
	DeliveryDelivered DeliveryStatus = "delivered"
	DeliveryDead      DeliveryStatus = "dead" // given up after a day
)

// Delivery is one message to one webhook.
type Delivery struct {
	ID            string         `json:"id"`         // delivery_…
	MessageID     string         `json:"message_id"` // the header webhook-id
	Event         EventName      `json:"event"`
	Payload       WebhookPayload `json:"payload"`
	Status        DeliveryStatus `json:"status"`
	Attempts      int            `json:"attempts"`
	CreatedAt     time.Time      `json:"created_at"`
	NextAttemptAt *time.Time     `json:"next_attempt_at"`
	FinishedAt    *time.Time     `json:"finished_at"`
	LastAttemptAt *time.Time     `json:"last_attempt_at"`
	DurationMS    *int64         `json:"duration_ms"` // of the last attempt
	ReplyCode     *int           `json:"reply_code"`
	ReplyBody     string         `json:"reply_body"` // the first KiB of it
	Error         *string        `json:"error"`
}

// WebhookPayload is the body of a delivery.
type WebhookPayload struct {
	Event     EventName `json:"event"`
	Data      EventData `json:"data"`
	Timestamp time.Time `json:"timestamp"`
}

// EventData says what an event is about.
type EventData struct {
	ID     string `json:"id"`
	Type   string `json:"type"` // a MediaType, "collection", "user" or "webhook"; "" of an upload
	UserID string `json:"user_id"`
}

// Pagination is where a page lies in its list.
type Pagination struct {
	Total       int             `json:"total"`
	Count       int             `json:"count"` // on this page
	PerPage     int             `json:"per_page"`
	CurrentPage int             `json:"current_page"` // from 1
	TotalPages  int             `json:"total_pages"`
	TotalIsMore bool            `json:"total_is_more,omitempty"` // there are more than Total
	Links       PaginationLinks `json:"links"`
}

// PaginationLinks are paths below the root of the API; nil where there is no such page.
type PaginationLinks struct {
	Next       *string `json:"next"`
	Prev       *string `json:"prev"`
	NextCursor *string `json:"next_cursor,omitempty"` // ListOptions.Cursor of the next page
}
