#include <utility>

#include "apis/boxes/boxes.h"
#include "apis/boxes/errors.h"
#include "apis/boxes/handlers.h"
#include "apis/gateway/description.h"
#include "base/text.h"

namespace coffer::apis::boxes {
namespace {

using Routes = std::vector<Route>;

// Bytes of an asset's fields as JSON, at their longest: each character of the texts as two escapes
// (12,255 of 12 bytes), and each byte of generation_config as one (16 KiB of 6 bytes).
constexpr std::uint64_t kAssetLimit = std::uint64_t{256} << 10U;

Route& add(Routes& routes, http::Method method, std::string pattern, Access access,
           Handler handler) {
  routes.push_back({.method = method,
                    .pattern = std::move(pattern),
                    .access = access,
                    .handler = std::move(handler)});
  return routes.back();
}

// Its reply shows more than was sent, links to what was there before among it.
Route& add_disclosing(Routes& routes, http::Method method, std::string pattern, Access access,
                      Handler handler) {
  Route& route = add(routes, method, std::move(pattern), access, std::move(handler));
  route.effect = Effect::kDiscloses;
  return route;
}

void add_auth(Routes& routes) {
  using enum http::Method;
  using enum Access;
  add(routes, kPost, "/api/auth/register", kAnyone, register_account);
  add(routes, kPost, "/api/auth/login", kAnyone, log_in);
  add(routes, kPost, "/api-token-auth", kAnyone, obtain_token);
  add(routes, kPost, "/api/auth/token/refresh", kAnyone, refresh_token);
  add(routes, kGet, "/api/auth/me", kAccount, show_me);
}

void add_projects(Routes& routes) {
  using enum http::Method;
  using enum Access;
  add(routes, kGet, "/api/projects", kAccount, list_projects);
  add(routes, kPost, "/api/projects", kAccount, create_project);
  add(routes, kGet, "/api/projects/{id}", kAccount, show_project);
  add_disclosing(routes, kPut, "/api/projects/{id}", kAccount, update_project);
  add_disclosing(routes, kPatch, "/api/projects/{id}", kAccount, update_project);
  add(routes, kDelete, "/api/projects/{id}", kAccount, delete_project);
  add(routes, kGet, "/api/projects/{id}/boxes", kAccount, list_boxes_of_project);
}

void add_boxes(Routes& routes) {
  using enum http::Method;
  using enum Access;
  add(routes, kGet, "/api/boxes", kAccount, list_boxes);
  add_disclosing(routes, kPost, "/api/boxes", kAccount, create_box);
  add(routes, kPost, "/api/boxes/reorder", kAccount, reorder_boxes);
  add(routes, kGet, "/api/boxes/{id}", kAccount, show_box);
  add_disclosing(routes, kPut, "/api/boxes/{id}", kAccount, update_box);
  add_disclosing(routes, kPatch, "/api/boxes/{id}", kAccount, update_box);
  add(routes, kDelete, "/api/boxes/{id}", kAccount, delete_box);
  add(routes, kGet, "/api/boxes/{id}/assets", kAccount, list_assets_of_box);
  add_disclosing(routes, kPost, "/api/boxes/{id}/set_headliner", kAccount, set_headliner);
  add(routes, kPost, "/api/boxes/{id}/upload", kAccount, upload_to_box).body_limit = kNoLimit;
}

void add_assets(Routes& routes) {
  using enum http::Method;
  using enum Access;
  add(routes, kGet, "/api/assets", kAccount, list_assets);
  add(routes, kPost, "/api/assets", kAccount, create_asset).body_limit = kNoLimit;
  add(routes, kPost, "/api/assets/reorder", kAccount, reorder_assets);
  add(routes, kGet, "/api/assets/{id}", kAccount, show_asset);
  add_disclosing(routes, kPut, "/api/assets/{id}", kAccount, update_asset).body_limit = kAssetLimit;
  add_disclosing(routes, kPatch, "/api/assets/{id}", kAccount, update_asset).body_limit =
      kAssetLimit;
  add(routes, kDelete, "/api/assets/{id}", kAccount, delete_asset);
  add_disclosing(routes, kPost, "/api/assets/{id}/favorite", kAccount, favor_asset);
  // What is in the path is the permission.
  add(routes, kGet, "/uploads/{file}", kAnyone, send_public_file).rate = RateClass::kVisitor;
  add(routes, kGet, "/uploads/thumbnails/{file}", kAnyone, send_public_thumbnail).rate =
      RateClass::kVisitor;
}

void add_ai_models(Routes& routes) {
  using enum http::Method;
  using enum Access;
  add(routes, kGet, "/api/ai-models", kAccount, list_ai_models);
  add(routes, kPost, "/api/ai-models", kAdmin, create_ai_model);
  add(routes, kGet, "/api/ai-models/{id}", kAccount, show_ai_model);
  add_disclosing(routes, kPut, "/api/ai-models/{id}", kAdmin, update_ai_model);
  add_disclosing(routes, kPatch, "/api/ai-models/{id}", kAdmin, update_ai_model);
  add(routes, kDelete, "/api/ai-models/{id}", kAdmin, delete_ai_model);
}

class Boxes final : public Dialect {
 public:
  std::string_view name() const override { return "boxes"; }
  std::vector<std::string> prefixes() const override { return {""}; }
  std::vector<std::string> claims() const override {
    return {"/api/auth",   "/api-token-auth", "/api/projects", "/api/boxes",
            "/api/assets", "/api/ai-models",  "/uploads"};
  }
  std::vector<Route> routes() const override {
    Routes routes;
    add_auth(routes);
    add_projects(routes);
    add_boxes(routes);
    add_assets(routes);
    add_ai_models(routes);
    return routes;
  }

  // `Authorization: Token <key>`, or the tokens and keys of the other dialects.
  Credentials credentials(const http::Request& request) const override {
    constexpr std::string_view kToken = "token";
    const auto field = request.header("Authorization");
    if (!field || !equal_ignoring_case(field->substr(0, field->find(' ')), kToken)) {
      return bearer_or_api_key(request);
    }
    const std::string_view key = trim(field->substr(kToken.size()));
    if (key.empty() || key.find(' ') != std::string_view::npos) {
      return {Credentials::Kind::kMalformed, {}};
    }
    // Of this scheme, what is not of a key's form is none, whatever it is elsewhere.
    if (!vault::SessionTokens::read_opaque(key)) return {Credentials::Kind::kSession, {}};
    return {Credentials::Kind::kSession, std::string(key)};
  }

  ApiDescription describe() const override { return boxes::describe(); }

  http::Response render(const Problem& problem, const http::Request& request) const override {
    return render_problem(problem, request);
  }
};

}  // namespace

std::unique_ptr<Dialect> make() { return std::make_unique<Boxes>(); }

}  // namespace coffer::apis::boxes
