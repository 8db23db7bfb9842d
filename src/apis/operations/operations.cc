#include "apis/operations/operations.h"

#include <boost/json/object.hpp>
#include <string>
#include <utility>

#include "apis/gateway/description.h"
#include "apis/kit/json.h"
#include "apis/kit/schema.h"
#include "base/exhausted.h"
#include "base/log.h"
#include "base/unavailable.h"

namespace coffer::apis {
namespace {

constexpr std::string_view kPlain = "text/plain; charset=utf-8";
constexpr std::string_view kExposition = "text/plain; version=0.0.4; charset=utf-8";

http::Response show(Metrics& metrics) {
  return http::Response::text(200, std::string(kExposition), metrics.text());
}

Task<Reply> health(RequestContext&) {
  co_return http::Response::text(200, std::string(kPlain), "ok\n");
}

std::string_view reason(const std::exception& error) {
  if (dynamic_cast<const vault::StoreGoneError*>(&error)) {
    return "not ready: a folder of stored files is missing, is not the one that the server started"
           " with, or cannot be written to; is a disk not mounted, or read-only?\n";
  }
  if (dynamic_cast<const Unavailable*>(&error)) {
    return "not ready: the service that keeps the files does not answer, or does not permit it;"
           " the log says why\n";
  }
  const auto* exhausted = dynamic_cast<const Exhausted*>(&error);
  if (!exhausted) return "not ready; the log says why\n";
  switch (exhausted->resource()) {
    case ExhaustedResource::kStorage:
      return "not ready: the disk is full, or takes no more files; uploads are refused until there"
             " is room\n";
    case ExhaustedResource::kLock:
      return "not ready: another program holds the lock of the database; end it\n";
    case ExhaustedResource::kMemory:
    case ExhaustedResource::kDescriptors: break;
  }
  return "not ready: the server is busy; try again in a moment\n";
}

Task<Reply> readiness(RequestContext& context) {
  std::string failure;
  std::string answer;
  try {
    co_await context.vault.check_ready();
  } catch (const std::exception& error) {
    failure = error.what();
    answer = reason(error);
  }
  if (failure.empty()) co_return http::Response::text(200, std::string(kPlain), "ready\n");
  log::error("not ready", {{"request_id", context.request.id}, {"error", failure}});
  co_return http::Response::text(503, std::string(kPlain), std::move(answer));
}

ApiDescription description() {
  const auto plain = [](unsigned status, std::string about) -> Answer {
    return {status, std::move(about), {{"text/plain", schema::text()}}};
  };
  ApiDescription api{
      .title = "Operations",
      .version = "1.0.0",
      .about = "For whoever runs the server: whether it works, and its figures for Prometheus."};
  api.tags = {{"Operations", ""}};
  api.credentials = {{"bearer", {{"type", "http"}, {"scheme", "bearer"}}},
                     {"api_key", {{"type", "apiKey"}, {"in", "header"}, {"name", "X-API-Key"}}}};
  api.schemas = {
      {"Failure", schema::object({{"error", schema::text()}, {"request_id", schema::text()}})}};
  api.failure = {json_content(schema::ref("Failure"))};
  api.operations = {
      {.routes = {"GET /healthz"},
       .id = "health",
       .tag = "Operations",
       .summary = "Whether the process runs",
       .answers = {plain(200, "`ok`")}},
      {.routes = {"GET /readyz"},
       .id = "readiness",
       .tag = "Operations",
       .summary = "Whether requests can be served",
       .answers = {plain(200, "`ready`"), plain(503, "Why not")}},
      {.routes = {"GET /metrics"},
       .id = "metrics",
       .tag = "Operations",
       .summary = "Figures in the format of Prometheus",
       .about = "For admins. The key of an API is also taken as the bearer's token.",
       .answers = {plain(200, "The figures")}},
  };
  return api;
}

class Operations final : public Dialect {
 public:
  explicit Operations(Metrics& metrics) : metrics_(metrics) {}

  std::string_view name() const override { return "operations"; }
  std::vector<std::string> prefixes() const override { return {""}; }

  std::vector<Route> routes() const override {
    using http::Method;
    const auto show_metrics = [&metrics = metrics_](RequestContext&) -> Task<Reply> {
      co_return show(metrics);
    };
    std::vector<Route> routes;
    routes.push_back({.method = Method::kGet,
                      .pattern = "/healthz",
                      .access = Access::kAnyone,
                      .handler = health,
                      .rate = RateClass::kNone,
                      .plain_http = true});
    routes.push_back({.method = Method::kGet,
                      .pattern = "/readyz",
                      .access = Access::kAnyone,
                      .handler = readiness,
                      .rate = RateClass::kNone,
                      .plain_http = true});
    routes.push_back({.method = Method::kGet,
                      .pattern = "/metrics",
                      .access = Access::kAdmin,
                      .handler = show_metrics});
    return routes;
  }

  ApiDescription describe() const override { return description(); }

  // Prometheus can send a key only as a bearer's token. One of a session has dots (RFC 7519), a key
  // none.
  Credentials credentials(const http::Request& request) const override {
    Credentials found = bearer_or_api_key(request);
    const bool is_key = found.secret.find('.') == std::string::npos;
    if (found.kind == Credentials::Kind::kSession && is_key) found.kind = Credentials::Kind::kKey;
    return found;
  }

  http::Response render(const Problem& problem, const http::Request& request) const override {
    return json_response(status_of(problem.kind),
                         {{"error", problem.message}, {"request_id", request.id}});
  }

 private:
  Metrics& metrics_;
};

class MetricsService final : public http::Service {
 public:
  explicit MetricsService(Metrics& metrics) : metrics_(metrics) {}

  Task<http::Response> handle(http::Request& request) override {
    try {
      co_return answer(request);
    } catch (const std::exception& error) {
      log::error("metrics not shown", {{"request_id", request.id}, {"error", error.what()}});
    }
    co_return http::Response::text(500, std::string(kPlain), "the log says why\n");
  }

  http::Response refuse(const http::Request&, http::BadMessage why) override {
    const Problem problem = Problem::of(why);
    return http::Response::text(status_of(problem.kind), std::string(kPlain),
                                problem.message + '\n');
  }

  void finished(const http::Request&, const http::RequestOutcome&) noexcept override {}

 private:
  http::Response answer(const http::Request& request) {
    if (request.uri.segments != std::vector<std::string>{"metrics"}) {
      return http::Response::text(404, std::string(kPlain), "here is only /metrics\n");
    }
    if (request.method != http::Method::kGet && request.method != http::Method::kHead) {
      auto response = http::Response::text(405, std::string(kPlain), "/metrics can only be read\n");
      response.headers.set("Allow", "GET, HEAD");
      return response;
    }
    return show(metrics_);
  }

  Metrics& metrics_;
};

}  // namespace

std::unique_ptr<http::Service> make_metrics_service(Metrics& metrics) {
  return std::make_unique<MetricsService>(metrics);
}

std::unique_ptr<Dialect> make_operations(Metrics& metrics) {
  return std::make_unique<Operations>(metrics);
}

}  // namespace coffer::apis
