#include "apis/kit/rest_framework.h"
#include "apis/streamvault/description.h"
#include "apis/streamvault/handlers.h"
#include "apis/streamvault/streamvault.h"

namespace coffer::apis::streamvault {
namespace {

using Routes = std::vector<Route>;

void add(Routes& routes, http::Method method, std::string pattern, Access access, Handler handler,
         std::uint64_t body_limit = kJsonLimit) {
  const bool visited = access != Access::kAccount && pattern.find("/v5/") == std::string::npos &&
                       !pattern.starts_with("/token/");
  routes.push_back({.method = method,
                    .pattern = std::move(pattern),
                    .access = access,
                    .handler = std::move(handler),
                    .body_limit = body_limit,
                    .rate = visited ? RateClass::kVisitor : RateClass::kStandard});
}

// The same for a call whose reply shows more than was sent; or that moves something, perhaps into a
// folder whose link the caller has; or that makes such a folder.
void add_disclosing(Routes& routes, http::Method method, std::string pattern, Handler handler,
                    std::uint64_t body_limit = kJsonLimit) {
  add(routes, method, std::move(pattern), Access::kGuest, std::move(handler), body_limit);
  routes.back().effect = Effect::kDiscloses;
}

void add_v3(Routes& routes) {
  using enum http::Method;
  using enum Access;
  const std::string v3 = "/api/v3";
  add(routes, kPost, v3 + "/chunk_init", kGuest, begin_chunks);
  add(routes, kPost, v3 + "/chunk_upload", kGuest, upload_chunk, kNoLimit);
  routes.back().rate = RateClass::kChunks;
  add(routes, kPost, v3 + "/chunk_complete", kGuest, complete_chunks);
  add(routes, kGet, v3 + "/chunk_status/{upload}", kGuest, show_chunks);
  add_disclosing(routes, kPost, v3 + "/folders", create_folder);
  add(routes, kGet, v3 + "/folders", kGuest, list_folders);
  add(routes, kGet, v3 + "/folders_search", kGuest, search_folders);
  add(routes, kPost, v3 + "/folders_search", kGuest, search_folders);
  routes.back().effect = Effect::kReads;
  add_disclosing(routes, kPut, v3 + "/folders/update", update_folder);
  add(routes, kGet, v3 + "/folders/{id}", kShared, show_folder);
  add(routes, kGet, v3 + "/files/{id}", kShared, show_file);
  add(routes, kGet, v3 + "/files_preview/{id}", kShared, preview_file);
  add(routes, kPut, v3 + "/files/replace/{id}", kGuest, replace_file, kNoLimit);
  add_disclosing(routes, kPut, v3 + "/files_replace/{id}", replace_and_show_file, kNoLimit);
  add_disclosing(routes, kPost, v3 + "/files_move", move_file);
  add_disclosing(routes, kPut, v3 + "/files_move", move_file);
  add(routes, kGet, v3 + "/all_files", kGuest, list_files);
  add(routes, kGet, v3 + "/qr/{id}", kShared, show_qr);
  add(routes, kGet, v3 + "/share/{id}", kGuest, show_share);
  add_disclosing(routes, kPost, v3 + "/share/{id}", limit_share);
  add_disclosing(routes, kDelete, v3 + "/share/{id}", revoke_share);
}

// The changes of version 4, below `prefix`.
void add_changes(Routes& routes, const std::string& prefix) {
  using enum http::Method;
  using enum Access;
  add_disclosing(routes, kPut, prefix + "/files/{id}/update", update_file_v4);
  add(routes, kDelete, prefix + "/files/{id}/delete", kGuest, delete_file_v4);
  add_disclosing(routes, kPut, prefix + "/folders/{id}/update", update_folder_v4);
  add(routes, kDelete, prefix + "/folders/{id}/delete", kGuest, delete_folder_v4);
}

void add_v4(Routes& routes, const std::string& v4) {
  using enum http::Method;
  using enum Access;
  add_changes(routes, v4);
  add(routes, kGet, v4 + "/folders_root", kGuest, list_root_folders);
}

// Where the document's own web client makes them.
void add_web_client(Routes& routes) {
  using enum http::Method;
  using enum Access;
  add_changes(routes, "");
  add_disclosing(routes, kPatch, "/files/{id}/update", update_file_v4);
  add_disclosing(routes, kPatch, "/folders/{id}/update", update_folder_v4);
}

void add_v5(Routes& routes) {
  using enum http::Method;
  using enum Access;
  const std::string v5 = "/api/v5";
  add(routes, kPost, v5 + "/register", kAnyone, register_account);
  add(routes, kPost, v5 + "/login", kAnyone, log_in);
  add(routes, kGet, v5 + "/me", kAccount, show_me);
  for (const std::string& prefix : {v5, std::string()}) {
    add(routes, kPost, prefix + "/token/refresh", kAnyone, refresh_token);
    add(routes, kPost, prefix + "/token/verify", kAnyone, verify_token);
  }
}

void add_media(Routes& routes) {
  using enum http::Method;
  using enum Access;
  add(routes, kGet, "/media/uploads/{year}/{month}/{day}/{file}", kAnyone, download_media);
  add(routes, kGet, "/media/qr/{file}", kAnyone, download_qr);
}

class StreamVault final : public Dialect {
 public:
  StreamVault(std::string prefix, Routes routes)
      : prefix_(std::move(prefix)), routes_(std::move(routes)) {}

  std::string_view name() const override { return "streamvault"; }
  std::vector<std::string> prefixes() const override { return {prefix_}; }
  std::vector<Route> routes() const override { return routes_; }
  ApiDescription describe() const override { return streamvault::describe(); }
  http::Response render(const Problem& problem, const http::Request& request) const override {
    return render_rest_problem(problem, request);
  }

 private:
  std::string prefix_;
  Routes routes_;
};

}  // namespace

std::vector<std::unique_ptr<Dialect>> make() {
  Routes all;
  add_v3(all);
  add_v4(all, "/api/v4");
  add_web_client(all);
  add_v5(all);
  add_media(all);
  Routes v4;
  add_v4(v4, "");
  std::vector<std::unique_ptr<Dialect>> dialects;
  dialects.push_back(std::make_unique<StreamVault>("/storage", std::move(all)));
  dialects.push_back(std::make_unique<StreamVault>("/api/v4", std::move(v4)));
  return dialects;
}

}  // namespace coffer::apis::streamvault
