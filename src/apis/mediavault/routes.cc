#include "apis/gateway/description.h"
#include "apis/mediavault/errors.h"
#include "apis/mediavault/handlers.h"
#include "apis/mediavault/mediavault.h"

namespace coffer::apis::mediavault {
namespace {

// Bytes of a body with the ids of a whole collection.
constexpr std::uint64_t kManyIds = std::uint64_t{512} << 10U;

// Bytes of a body with a thousand checksums.
constexpr std::uint64_t kManyChecksums = std::uint64_t{128} << 10U;

Route with_secret(Route route) {
  route.repeat = Repeat::kSealedReply;
  return route;
}

Route runs_again(Route route) {
  route.repeat = Repeat::kRunsAgain;
  return route;
}

Route only_reads(Route route) {
  route.effect = Effect::kReads;
  return route;
}

Route compares(Route route) {
  route.if_match = IfMatch::kCompared;
  return route;
}

// Its reply shows more than was sent: the rest of what it changed, or a link by which it is read;
// or others are told of everything, as the receiver of a webhook is.
Route discloses(Route route) {
  route.effect = Effect::kDiscloses;
  return route;
}

class MediaVault final : public Dialect {
 public:
  explicit MediaVault(const Clock& clock) : clock_(clock) {}

  std::string_view name() const override { return "mediavault"; }
  std::vector<std::string> prefixes() const override { return {"/api/v1", "/v1"}; }

  std::vector<Route> routes() const override {
    using enum http::Method;
    std::vector<Route> all{
        {kPost, "/auth/register", Access::kAnyone, register_account},
        {kPost, "/auth/login", Access::kAnyone, log_in},
        {kPost, "/auth/refresh", Access::kAnyone, refresh},
        runs_again({kPost, "/auth/logout", Access::kAccount, log_out}),
        runs_again({kPost, "/auth/logout-all", Access::kAccount, log_out_everywhere}),
        {kGet, "/auth/sessions", Access::kAccount, list_sessions},
        {kDelete, "/auth/sessions/{id}", Access::kAccount, end_session},
        {kGet, "/users/me", Access::kAccount, show_me},
        discloses(compares({kPatch, "/users/me", Access::kAccount, update_me})),
        compares({kDelete, "/users/me", Access::kAccount, delete_me}),
        with_secret({kPost, "/api-keys", Access::kAccount, create_key}),
        {kGet, "/api-keys", Access::kAccount, list_keys},
        compares({kDelete, "/api-keys/{id}", Access::kAccount, delete_key}),
        discloses(with_secret({kPost, "/webhooks", Access::kAccount, create_webhook})),
        {kGet, "/webhooks", Access::kAccount, list_webhooks},
        {kGet, "/webhooks/{id}", Access::kAccount, show_webhook},
        discloses(compares({kPatch, "/webhooks/{id}", Access::kAccount, update_webhook})),
        compares({kDelete, "/webhooks/{id}", Access::kAccount, delete_webhook}),
        discloses({kPost, "/webhooks/{id}/test", Access::kAccount, test_webhook}),
        {kGet, "/webhooks/{id}/deliveries", Access::kAccount, list_deliveries},
        discloses({kPost, "/webhooks/{id}/deliveries/{delivery}/resend", Access::kAccount,
                   resend_delivery}),
        {kPost, "/media/upload", Access::kAccount, upload_media, kNoLimit},
        only_reads({kPost, "/media/exists", Access::kAccount, find_existing, kManyChecksums}),
        {kGet, "/media", Access::kAccount, list_media},
        {kGet, "/media/{id}", Access::kAccount, show_media},
        discloses(compares({kPatch, "/media/{id}", Access::kAccount, update_media})),
        discloses(compares({kDelete, "/media/{id}", Access::kAccount, delete_media})),
        {kGet, "/media/{id}/content", Access::kAccount, download_media},
        discloses(
            compares({kPut, "/media/{id}/content", Access::kAccount, replace_content, kNoLimit})),
        {kGet, "/media/{id}/thumbnail", Access::kShared, send_thumbnail},
        {kGet, "/media/{id}/image", Access::kShared, send_image},
        {kGet, "/trash", Access::kAccount, list_trash},
        {kDelete, "/trash", Access::kAccount, empty_trash},
        discloses({kPost, "/trash/{id}/restore", Access::kAccount, restore_trashed}),
        {kDelete, "/trash/{id}", Access::kAccount, delete_trashed},
        discloses({kPost, "/media/{id}/shares", Access::kAccount, share_media}),
        {kGet, "/media/{id}/shares", Access::kAccount, list_shares_of_media},
        discloses({kPost, "/collections/{id}/shares", Access::kAccount, share_collection}),
        {kGet, "/collections/{id}/shares", Access::kAccount, list_shares_of_collection},
        {kGet, "/shares", Access::kAccount, list_shares},
        {kGet, "/shares/{id}", Access::kAccount, show_share},
        discloses(compares({kPatch, "/shares/{id}", Access::kAccount, update_share})),
        compares({kDelete, "/shares/{id}", Access::kAccount, revoke_share}),
        {kPost, "/collections", Access::kAccount, create_collection},
        {kGet, "/collections", Access::kAccount, list_collections},
        {kGet, "/collections/{id}", Access::kAccount, show_collection},
        discloses(compares({kPatch, "/collections/{id}", Access::kAccount, update_collection})),
        compares({kDelete, "/collections/{id}", Access::kAccount, delete_collection}),
        discloses(compares(
            {kPost, "/collections/{id}/media", Access::kAccount, add_to_collection, kManyIds})),
        {kGet, "/collections/{id}/media", Access::kAccount, list_collection},
        discloses(compares(
            {kPatch, "/collections/{id}/media/{media}", Access::kAccount, move_in_collection})),
        discloses(compares({kDelete, "/collections/{id}/media/{media}", Access::kAccount,
                            take_out_of_collection})),
    };
    for (Route& route : all) {
      if (route.changes() && route.if_match == IfMatch::kIgnored) {
        route.if_match = IfMatch::kRefused;
      }
    }
    return all;
  }

  ApiDescription describe() const override { return mediavault::describe(); }
  bool counts_unrouted() const override { return true; }

  bool takes_idempotency_keys() const override { return true; }
  Task<std::optional<http::Response>> reply_again(
      RequestContext& context, std::span<const vault::Event> events) const override {
    return mediavault::reply_again(context, events);
  }

  http::Response render(const Problem& problem, const http::Request& request) const override {
    return render_problem(problem, request, clock_);
  }

 private:
  const Clock& clock_;
};

}  // namespace

std::unique_ptr<Dialect> make(const Clock& clock) { return std::make_unique<MediaVault>(clock); }

}  // namespace coffer::apis::mediavault
