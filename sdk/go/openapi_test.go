package mediavault

import (
	"encoding/json"
	"maps"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wronai/mediavault-go/internal/vaulttest"
)

// The types of this package are written by hand. These tests fail when the vault's OpenAPI document
// has another schema, call, parameter or field than they have.

type schema struct {
	Ref        string             `json:"$ref"`
	Type       any                `json:"type"` // a name, or a list of them
	Format     string             `json:"format"`
	Enum       []string           `json:"enum"`
	Const      any                `json:"const"`
	AnyOf      []schema           `json:"anyOf"`
	Items      *schema            `json:"items"`
	Properties map[string]*schema `json:"properties"`
	Required   []string           `json:"required"`
}

type operation struct {
	ID         string `json:"operationId"`
	Parameters []struct {
		Name   string `json:"name"`
		In     string `json:"in"`
		Schema schema `json:"schema"`
	} `json:"parameters"`
	RequestBody struct {
		Content map[string]struct {
			Schema schema `json:"schema"`
		} `json:"content"`
	} `json:"requestBody"`
}

type document struct {
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas map[string]*schema `json:"schemas"`
	} `json:"components"`
}

func readDocument(t *testing.T) document {
	t.Helper()
	if vaulttest.Binary() == "" {
		t.Skip(vaulttest.Missing)
	}
	text, err := exec.Command(vaulttest.Binary(), "openapi", "mediavault").Output()
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// mirrors are the schemas and what mirrors them.
var mirrors = map[string]any{
	"Meta": replyMeta{}, "PageMeta": replyMeta{}, "Pagination": Pagination{}, "Failure": failure{},
	"User": User{}, "Tokens": tokenReply{}, "Session": Session{}, "Key": APIKey{}, "NewKey": NewAPIKey{},
	"Media": Media{}, "DeletedMedia": DeletedMedia{}, "TrashedMedia": TrashedMedia{},
	"Collection": Collection{}, "Share": Share{}, "Webhook": Webhook{}, "NewWebhook": NewWebhook{},
	"WebhookPayload": WebhookPayload{}, "Delivery": Delivery{},
	"EventName": EventName(""), "MessageName": EventName(""),
}

// values are the constants of a type.
var values = map[any][]string{
	Scope(""):          texts(ScopeRead, ScopeWrite),
	KeyKind(""):        texts(KeyAPI, KeyMaster, KeyUpload, KeyApplication),
	MediaType(""):      texts(TypeImage, TypeVideo, TypeAudio, TypeDocument, TypeOther),
	MediaStatus(""):    texts(StatusProcessing, StatusReady, StatusFailed),
	DeliveryStatus(""): texts(DeliveryPending, DeliveryDelivered, DeliveryDead),
	EventName(""): texts(EventMediaUploaded, EventMediaUpdated, EventMediaDeleted, EventMediaRestored, EventMediaPurged,
		EventCollectionCreated, EventCollectionUpdated, EventCollectionDeleted, EventUserRegistered),
}

func texts[T ~string](constants ...T) []string {
	var all []string
	for _, one := range constants {
		all = append(all, string(one))
	}
	slices.Sort(all)
	return all
}

func TestTypesAreThoseOfTheDocument(t *testing.T) {
	d := readDocument(t)
	for name := range d.Components.Schemas {
		if mirrors[name] == nil {
			t.Errorf("nothing mirrors the schema %s", name)
		}
	}
	for name, value := range mirrors {
		one := d.Components.Schemas[name]
		if one == nil {
			t.Errorf("there is no schema %s", name)
			continue
		}
		c := comparison{t: t, d: d}
		c.compare(name, *one, reflect.TypeOf(value), true)
	}
}

type comparison struct {
	t reporter
	d document
}

// reporter is what a comparison needs of a testing.T.
type reporter interface {
	Errorf(format string, arguments ...any)
}

// counter counts reports.
type counter int

func (c *counter) Errorf(string, ...any) { *c++ }

// compare compares one place of the document with the Go type that stands for it.
func (c comparison) compare(where string, s schema, goes reflect.Type, isTop bool) {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		if want := reflect.TypeOf(mirrors[name]); want != goes {
			c.t.Errorf("%s: want %v, have %v", where, want, goes)
		}
		return
	}
	if inner, ok := s.withoutNull(); ok {
		if goes.Kind() == reflect.Pointer {
			c.compare(where, inner, goes.Elem(), isTop)
			return
		}
		c.t.Errorf("%s may be null: want a pointer, have %v", where, goes)
		s = inner
	}
	if where == "MessageName" {
		return // EventName, and the name of a test
	}
	kind, _ := s.Type.(string)
	if s.Const != nil {
		kind = map[reflect.Kind]string{reflect.String: "string", reflect.Bool: "boolean"}[reflect.TypeOf(s.Const).Kind()]
	}
	switch {
	case s.Enum != nil:
		slices.Sort(s.Enum)
		have := values[reflect.Zero(goes).Interface()]
		if !slices.Equal(have, s.Enum) {
			c.t.Errorf("%s: the document has %q, %v has %q", where, s.Enum, goes, have)
		}
	case kind == "object":
		c.compareObject(where, s, goes)
	case kind == "array" && goes.Kind() == reflect.Slice:
		c.compare(where+"[]", *s.Items, goes.Elem(), false)
	default:
		if want := goKind(kind, s.Format); want != nil && !slices.Contains(want, goes.String()) && !slices.Contains(want, goes.Kind().String()) {
			c.t.Errorf("%s: the document has %s %s, want %q, have %v", where, kind, s.Format, want, goes)
		} else if want == nil {
			c.t.Errorf("%s: nothing is known of %s", where, kind)
		}
	}
}

// withoutNull is the schema of a value that is not null, and whether it may be null.
func (s schema) withoutNull() (schema, bool) {
	if list, ok := s.Type.([]any); ok {
		list = slices.DeleteFunc(slices.Clone(list), func(one any) bool { return one == "null" })
		s.Type = list[0]
		return s, true
	}
	if len(s.AnyOf) == 2 && s.AnyOf[1].Type == "null" {
		return s.AnyOf[0], true
	}
	return s, false
}

func goKind(kind, format string) []string {
	switch kind {
	case "string":
		if format == "date-time" {
			return []string{"time.Time"}
		}
		return []string{"string"}
	case "integer":
		return []string{"int", "int64"}
	case "number":
		return []string{"float64"}
	case "boolean":
		return []string{"bool"}
	}
	return nil
}

func (c comparison) compareObject(where string, s schema, goes reflect.Type) {
	if goes.Kind() != reflect.Struct || goes == reflect.TypeFor[time.Time]() {
		c.t.Errorf("%s: want a struct, have %v", where, goes)
		return
	}
	fields := jsonFields(goes)
	if where == "Meta" {
		delete(fields, "pagination") // of PageMeta
	}
	for name, property := range s.Properties {
		field, ok := fields[name]
		if !ok {
			c.t.Errorf("%v has no field for %s.%s", goes, where, name)
			continue
		}
		place := where + "." + name
		isOmitted := !slices.Contains(s.Required, name)
		tagOmits := strings.Contains(field.Tag.Get("json"), ",omitempty")
		if isOmitted != tagOmits {
			c.t.Errorf("%s: may be missing: %v; the field's tag has omitempty: %v", place, isOmitted, tagOmits)
		}
		one := field.Type
		if place == "PageMeta.pagination" {
			one = one.Elem() // replies without pages have the same type here
		}
		if _, mayBeNull := property.withoutNull(); isOmitted && !mayBeNull && one.Kind() == reflect.Pointer {
			one = one.Elem()
		}
		c.compare(place, *property, one, false)
	}
	for name := range fields {
		if s.Properties[name] == nil {
			c.t.Errorf("the document has no %s.%s, %v has", where, name, goes)
		}
	}
}

// jsonFields are the fields of a struct by their names in JSON, those of embedded ones too.
func jsonFields(goes reflect.Type) map[string]reflect.StructField {
	fields := map[string]reflect.StructField{}
	for i := range goes.NumField() {
		field := goes.Field(i)
		if field.Anonymous {
			maps.Copy(fields, jsonFields(field.Type))
			continue
		}
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "-" && name != "" {
			fields[name] = field
		}
	}
	return fields
}

// call is how this package makes an operation.
type call struct {
	method string // of which field of Client
	query  string // names of the parameters that it sends, or has no use for
	body   string // names of the fields that it sends, or has no use for
}

const (
	pageQuery  = "page per_page cursor"
	mediaQuery = pageQuery + " type q tag created_after created_before taken_after taken_before sort order"
	policyBody = "password expires_at max_downloads allow_download"
	uploadBody = "file checksum title description tags"
)

var calls = map[string]call{
	"register":                  {"Auth.Register", "", "username email password"},
	"log_in":                    {"Auth.Login", "", "username password"},
	"refresh":                   {"Auth.Refresh", "", "refresh_token"},
	"log_out":                   {"Auth.Logout", "", ""},
	"log_out_everywhere":        {"Auth.LogoutAll", "", ""},
	"list_sessions":             {"Auth.Sessions", pageQuery, ""},
	"end_session":               {"Auth.EndSession", "", ""},
	"show_me":                   {"Users.Me", "", ""},
	"update_me":                 {"Users.Update", "", "username email password current_password"},
	"delete_me":                 {"Users.Delete", "", "password"},
	"create_key":                {"APIKeys.Create", "", "name kind scopes expires_at"},
	"list_keys":                 {"APIKeys.List", pageQuery, ""},
	"delete_key":                {"APIKeys.Delete", "", ""},
	"upload_media":              {"Media.Upload", "", uploadBody},
	"find_existing_media":       {"Media.Exists", "", "checksums"},
	"list_media":                {"Media.List", mediaQuery + " collection", ""},
	"show_media":                {"Media.Get", "", ""},
	"update_media":              {"Media.Update", "", "filename title description tags"},
	"delete_media":              {"Media.Delete", "permanent", ""},
	"download_media":            {"Media.Download", "download", ""},
	"replace_content":           {"Media.Replace", "", "file checksum"},
	"show_thumbnail":            {"Media.Thumbnail", "", ""},
	"show_image":                {"Media.Image", "w h fit format q", ""},
	"list_trash":                {"Trash.List", pageQuery, ""},
	"restore_media":             {"Trash.Restore", "", ""},
	"delete_trashed_media":      {"Trash.Delete", "", ""},
	"empty_trash":               {"Trash.Empty", "", ""},
	"create_collection":         {"Collections.Create", "", "name description"},
	"list_collections":          {"Collections.List", pageQuery, ""},
	"show_collection":           {"Collections.Get", "", ""},
	"update_collection":         {"Collections.Update", "", "name description"},
	"delete_collection":         {"Collections.Delete", "", ""},
	"add_to_collection":         {"Collections.AddMedia", "", "media_id media_ids"},
	"list_collection_media":     {"Collections.ListMedia", mediaQuery, ""},
	"move_in_collection":        {"Collections.MoveMedia", "", "before"},
	"take_out_of_collection":    {"Collections.RemoveMedia", "", ""},
	"share_media":               {"Shares.ShareMedia", "", policyBody},
	"share_collection":          {"Shares.ShareCollection", "", policyBody},
	"list_shares":               {"Shares.List", pageQuery, ""},
	"list_shares_of_media":      {"Shares.ListOfMedia", pageQuery, ""},
	"list_shares_of_collection": {"Shares.ListOfCollection", pageQuery, ""},
	"show_share":                {"Shares.Get", "", ""},
	"update_share":              {"Shares.Update", "", policyBody},
	"revoke_share":              {"Shares.Revoke", "", ""},
	"create_webhook":            {"Webhooks.Create", "", "url events"},
	"list_webhooks":             {"Webhooks.List", pageQuery, ""},
	"show_webhook":              {"Webhooks.Get", "", ""},
	"update_webhook":            {"Webhooks.Update", "", "url events active"},
	"delete_webhook":            {"Webhooks.Delete", "", ""},
	"test_webhook":              {"Webhooks.Test", "", ""},
	"list_deliveries":           {"Webhooks.Deliveries", pageQuery + " status", ""},
	"resend_delivery":           {"Webhooks.Resend", "", ""},
}

func TestCallsAreThoseOfTheDocument(t *testing.T) {
	d := readDocument(t)
	served := map[string]bool{}
	for path, item := range d.Paths {
		for method, one := range item {
			served[one.ID] = true
			known, ok := calls[one.ID]
			if !ok {
				t.Errorf("nothing calls %s (%s %s)", one.ID, strings.ToUpper(method), path)
				continue
			}
			service, name, _ := strings.Cut(known.method, ".")
			field, _ := reflect.TypeFor[Client]().FieldByName(service)
			if _, ok := field.Type.MethodByName(name); !ok {
				t.Errorf("there is no method %s", known.method)
			}
			var query []string
			for _, parameter := range one.Parameters {
				if parameter.In == "query" {
					query = append(query, parameter.Name)
				}
			}
			same(t, one.ID+"?", query, known.query)
			var fields []string
			for _, content := range one.RequestBody.Content {
				for name := range content.Schema.Properties {
					fields = append(fields, name)
				}
			}
			same(t, one.ID+".", fields, known.body)
		}
	}
	for id := range calls {
		if !served[id] {
			t.Errorf("the document has no %s", id)
		}
	}
}

// same compares names that the document has with those that are sent.
func same(t *testing.T, where string, have []string, sent string) {
	t.Helper()
	known := strings.Fields(sent)
	for _, name := range have {
		if !slices.Contains(known, name) {
			t.Errorf("%s%s is not sent", where, name)
		}
	}
	for _, name := range known {
		if !slices.Contains(have, name) {
			t.Errorf("the document has no %s%s", where, name)
		}
	}
}

func TestOrdersAreThoseOfTheDocument(t *testing.T) {
	d := readDocument(t)
	known := map[string][]string{
		"/media":                  texts(SortCreated, SortTaken, SortFilename, SortSize, SortRelevance),
		"/collections/{id}/media": texts(SortCreated, SortTaken, SortFilename, SortSize, SortRelevance, SortPosition, SortAdded),
	}
	for path, sorts := range known {
		for _, parameter := range d.Paths[path]["get"].Parameters {
			if parameter.Name != "sort" {
				continue
			}
			for _, name := range parameter.Schema.Enum {
				if !slices.Contains(sorts, strings.TrimPrefix(name, "-")) {
					t.Errorf("there is no constant for the order %s of %s", name, path)
				}
			}
		}
	}
	for _, parameter := range d.Paths["/media/{id}/image"]["get"].Parameters {
		want := map[string][]string{
			"fit":    texts(FitInside, FitContain, FitCover),
			"format": texts(FormatWebP, FormatAVIF, FormatJPEG),
		}[parameter.Name]
		slices.Sort(parameter.Schema.Enum)
		if want != nil && !slices.Equal(parameter.Schema.Enum, want) {
			t.Errorf("%s: the document has %q, want %q", parameter.Name, parameter.Schema.Enum, want)
		}
	}
}

// A change of the document is noticed: each of these is one.
func TestDifferencesAreNoticed(t *testing.T) {
	text := schema{Type: "string"}
	for name, change := range map[string]func(s *schema){
		"a field more":   func(s *schema) { s.Properties["colour"] = &text; s.Required = append(s.Required, "colour") },
		"a field less":   func(s *schema) { delete(s.Properties, "name") },
		"another type":   func(s *schema) { s.Properties["name"] = &schema{Type: "integer"} },
		"now nullable":   func(s *schema) { s.Properties["name"] = &schema{Type: []any{"string", "null"}} },
		"no longer null": func(s *schema) { s.Properties["description"] = &text },
		"now optional":   func(s *schema) { s.Required = nil },
	} {
		s := schema{Type: "object", Properties: map[string]*schema{}}
		for field, one := range jsonFields(reflect.TypeFor[Collection]()) {
			kind := map[string]any{"string": "string", "int": "integer", "*string": []any{"string", "null"}, "time.Time": "string"}[one.Type.String()]
			property := &schema{Type: kind}
			if one.Type == reflect.TypeFor[time.Time]() {
				property.Format = "date-time"
			}
			s.Properties[field] = property
			s.Required = append(s.Required, field)
		}
		var before, after counter
		comparison{t: &before}.compare("Collection", s, reflect.TypeFor[Collection](), true)
		change(&s)
		comparison{t: &after}.compare("Collection", s, reflect.TypeFor[Collection](), true)
		if before != 0 || after == 0 {
			t.Errorf("%s: %d reports before, %d after", name, before, after)
		}
	}
}
