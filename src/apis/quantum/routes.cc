#include <utility>

#include "apis/gateway/description.h"
#include "apis/quantum/errors.h"
#include "apis/quantum/handlers.h"
#include "apis/quantum/quantum.h"

namespace coffer::apis::quantum {
namespace {

class Quantum final : public Dialect {
 public:
  explicit Quantum(UpgradablePackages packages) : packages_(std::move(packages)) {}

  std::string_view name() const override { return "quantum"; }
  std::vector<std::string> prefixes() const override { return {"", "/API"}; }
  std::vector<std::string> claims() const override {
    return {"/API",        "/status",      "/bucket",   "/token",         "/file/add",
            "/file/mkdir", "/file/remove", "/file/get", "/file/download", "/file/quota"};
  }

  std::vector<Route> routes() const override {
    using enum http::Method;
    const Handler status = [this](RequestContext& context) {
      return show_status(context, packages_);
    };
    return {
        {kGet, "/status", Access::kGuest, status, kJsonLimit, RateClass::kVisitor},
        {kGet, "/bucket", Access::kAccount, list_buckets},
        {kPost, "/bucket/create/{path...}", Access::kAccount, create_bucket},
        {kPost, "/bucket/remove/{path...}", Access::kAccount, remove_bucket},
        // The token reads the bucket.
        {.method = kPost,
         .pattern = "/token/create/{path...}",
         .handler = create_token,
         .effect = Effect::kDiscloses},
        {.method = kPost,
         .pattern = "/token/remove/{token}",
         .handler = remove_token,
         .path_is_secret = true},
        {kPost, "/token/remove/b/{path...}", Access::kAccount, remove_tokens},
        {kPost, "/file/add/{path...}", Access::kAccount, add_files, kNoLimit},
        {kPost, "/file/mkdir/{path...}", Access::kAccount, make_directory},
        {kPost, "/file/remove/{path...}", Access::kAccount, remove_file},
        {kGet, "/file/get/{path...}", Access::kAccount, issue_download},
        {kGet, "/file/download/{token...}", Access::kAnyone, download, kJsonLimit,
         RateClass::kVisitor},
        {kGet, "/file/quota", Access::kAccount, show_quota},
    };
  }

  Credentials credentials(const http::Request& request) const override {
    if (const auto key = request.header("X-API-MKEY")) {
      return {Credentials::Kind::kMasterKey, std::string(*key)};
    }
    if (const auto key = request.header("X-API-AKEY")) {
      return {Credentials::Kind::kApplicationKey, std::string(*key)};
    }
    return {};
  }

  ApiDescription describe() const override { return quantum::describe(); }

  http::Response render(const Problem& problem, const http::Request& request) const override {
    return render_problem(problem, request);
  }

 private:
  UpgradablePackages packages_;
};

}  // namespace

std::unique_ptr<Dialect> make(UpgradablePackages packages) {
  return std::make_unique<Quantum>(std::move(packages));
}

}  // namespace coffer::apis::quantum
