#include <utility>

#include "apis/fileuploader/errors.h"
#include "apis/fileuploader/fileuploader.h"
#include "apis/fileuploader/handlers.h"
#include "apis/fileuploader/upload.h"
#include "apis/gateway/description.h"
#include "base/text.h"

namespace coffer::apis::fileuploader {
namespace {

using Routes = std::vector<Route>;

Route& add(Routes& routes, http::Method method, std::string pattern, Access access, Handler handler,
           RateClass rate = RateClass::kStandard) {
  routes.push_back({.method = method,
                    .pattern = std::move(pattern),
                    .access = access,
                    .handler = std::move(handler),
                    .rate = rate});
  return routes.back();
}

void add_files(Routes& routes) {
  using enum http::Method;
  using enum Access;
  Route& upload =
      add(routes, kPost, "/api/upload/{group}", kOptional, upload_file, RateClass::kShortLink);
  upload.body_limit = kUploadBodyMax;
  upload.upload_key = true;
  add(routes, kGet, "/file/{url}", kAnyone, send_file, RateClass::kVisitor);
  add(routes, kGet, "/f/{url}", kAnyone, send_file, RateClass::kVisitor);
  add(routes, kGet, "/api/delete/{url}", kAnyone, delete_file, RateClass::kVisitor).effect =
      Effect::kChanges;
  add(routes, kPost, "/api/rotate/{url}", kAnyone, rotate_link, RateClass::kVisitor);
  add(routes, kGet, "/api/get_files/{group}", kAccount, list_files);
  Route& transfer = add(routes, kPost, "/api/transfer", kAccount, transfer_files);
  transfer.body_limit = kListLimit;
  transfer.effect = Effect::kDiscloses;  // members of the group read the files
  // Makes a key of an account's.
  add(routes, kGet, "/api/sharex", kOptional, send_sharex, RateClass::kVisitor).effect =
      Effect::kChanges;
}

void add_accounts(Routes& routes) {
  using enum http::Method;
  using enum Access;
  constexpr RateClass kLogin = RateClass::kLogin;
  add(routes, kPost, "/api/register", kAnyone, register_account, kLogin);
  add(routes, kPost, "/api/login", kAnyone, log_in, kLogin);
  add(routes, kGet, "/api/login/token", kAccount, show_login, kLogin);
  add(routes, kPost, "/api/refresh_token", kAnyone, refresh_token, kLogin);
  add(routes, kPost, "/api/logout", kAccount, log_out, kLogin);
}

void add_groups(Routes& routes) {
  using enum http::Method;
  using enum Access;
  add(routes, kPost, "/api/create_group", kAccount, create_group);
  add(routes, kDelete, "/api/delete_group/{group}", kAccount, delete_group);
  add(routes, kGet, "/api/get_groups", kAccount, list_groups);
  add(routes, kPost, "/api/leave/{group}", kAccount, leave_group);
  // For whoever has the invite reads the files of the group.
  add(routes, kGet, "/api/generate_invite/{group}", kAccount, generate_invite).effect =
      Effect::kDiscloses;
  add(routes, kDelete, "/api/generate_invite/{group}", kAccount, revoke_invites);
  add(routes, kGet, "/api/invite_info/{invite}", kAccount, show_invite).path_is_secret = true;
  Route& join = add(routes, kPost, "/api/join/{invite}", kAccount, join_group);
  join.path_is_secret = true;
  join.effect = Effect::kDiscloses;  // names the group
  add(routes, kGet, "/invite/{invite}", kAnyone, show_invite_page, RateClass::kVisitor);
}

class FileUploader final : public Dialect {
 public:
  std::string_view name() const override { return "fileuploader"; }
  std::vector<std::string> prefixes() const override { return {""}; }
  std::vector<std::string> claims() const override {
    return {"/file",
            "/f",
            "/invite",
            "/api/upload",
            "/api/delete",
            "/api/rotate",
            "/api/get_files",
            "/api/join",
            "/api/invite_info",
            "/api/leave",
            "/api/login",
            "/api/register",
            "/api/logout",
            "/api/transfer",
            "/api/get_groups",
            "/api/sharex",
            "/api/create_group",
            "/api/delete_group",
            "/api/generate_invite",
            "/api/refresh_token"};
  }
  std::vector<Route> routes() const override {
    Routes routes;
    add_files(routes);
    add_accounts(routes);
    add_groups(routes);
    return routes;
  }

  // Bearer tokens and upload keys, and the header's form is told from the token's.
  Credentials credentials(const http::Request& request) const override {
    const auto field = request.header("Authorization");
    if (!field) return {};
    Credentials found = bearer_or_api_key(request);
    const bool whole = found.kind == Credentials::Kind::kSession && !found.secret.empty() &&
                       found.secret.find_first_of(" \t") == std::string::npos;
    if (!whole) return {Credentials::Kind::kMalformed, {}};
    if (found.secret.starts_with(vault::kUploadKeyPrefix)) {
      found.kind = Credentials::Kind::kUploadKey;
    }
    return found;
  }

  ApiDescription describe() const override { return fileuploader::describe(); }

  http::Response render(const Problem& problem, const http::Request& request) const override {
    return render_problem(problem, request, base_path());
  }
};

}  // namespace

std::unique_ptr<Dialect> make() { return std::make_unique<FileUploader>(); }

}  // namespace coffer::apis::fileuploader
