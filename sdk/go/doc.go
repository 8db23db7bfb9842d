// Package mediavault is the Go client of the Media Vault API: accounts and keys, media, collections,
// shares, the trash, webhooks and realtime events.
//
// A [Client] is made with the address of a vault and a way to log in:
//
//	client, err := mediavault.New("https://vault.example.com", mediavault.WithAPIKey(key))
//
// Its fields are the parts of the API. Every call takes a context first. Lists are iterators of the
// form of iter.Seq2, which read one page after another:
//
//	for media, err := range client.Media.List(ctx, mediavault.MediaFilter{Tag: "sea"}) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(media.Filename)
//	}
//
// Go 1.22, which has no loops over functions, calls them with a function that returns whether to go
// on, or reads them by [Collect].
//
// A refusal of the vault is an [*APIError] with its code, the fields at fault and the id of the
// request; errors.Is compares with a [Code]:
//
//	if errors.Is(err, mediavault.ErrNotFound) { … }
//
// Calls that are safe to repeat are repeated after a lost connection and after 429 and 503, as
// [RetryPolicy] says. A POST is made safe by an idempotency key, which the client draws by itself.
//
// There is no global state. A Client may be used by any number of goroutines, and needs no closing.
package mediavault
