// `/realtime`: the request that becomes a WebSocket.
#include <algorithm>
#include <memory>
#include <utility>

#include "apis/mediavault/description.h"
#include "apis/mediavault/errors.h"
#include "apis/mediavault/mediavault.h"
#include "apis/mediavault/realtime_session.h"

namespace coffer::apis::mediavault {
namespace {

constexpr char kPath[] = "/realtime";

// Scheme and authority of a URL: what an Origin has.
std::string_view origin_of(std::string_view url) {
  const std::size_t authority = url.find("://");
  if (authority == url.npos) return url;
  return url.substr(0, url.find('/', authority + 3));
}

class Realtime final : public Dialect {
 public:
  Realtime(const Clock& clock, realtime::Hub* hub, RealtimeOptions options)
      : clock_(clock),
        hub_(hub),
        options_(std::move(options)),
        messages_(std::make_shared<MessageLimit>(clock, options_.messages_per_minute)) {}

  std::string_view name() const override { return "realtime"; }
  std::vector<std::string> prefixes() const override { return {""}; }
  std::vector<std::string> claims() const override { return {kPath}; }

  std::vector<Route> routes() const override {
    const auto open = [this](RequestContext& context) { return connect(context); };
    return {{.method = http::Method::kGet,
             .pattern = kPath,
             .access = Access::kAnyone,
             .handler = open,
             .rate = RateClass::kVisitor}};
  }

  ApiDescription describe() const override { return describe_realtime(); }

  http::Response render(const Problem& problem, const http::Request& request) const override {
    return render_problem(problem, request, clock_);
  }

 private:
  // Browsers say which page asks, and let every page ask: the listed ones may, as with CORS, and
  // the vault's own.
  bool permits_origin(const RequestContext& context) const {
    const auto origin = context.request.header("Origin");
    if (!origin) return true;
    if (*origin == origin_of(context.client.base_url)) return true;
    return std::ranges::any_of(options_.origins, [&](const std::string& allowed) {
      return allowed == "*" || allowed == *origin;
    });
  }

  Task<Reply> connect(RequestContext& context) const {
    if (const auto fault = http::find_upgrade_fault(context.request)) {
      co_return refuse_upgrade(*fault, context.request);
    }
    if (!permits_origin(context)) {
      co_return std::unexpected(Problem(ProblemKind::kForbidden,
                                        "Pages of this origin may not connect; see cors.origins"));
    }
    auto place = hub_->take_place(context.client.limit_key());
    if (!place) {
      Problem problem(ProblemKind::kBusy, "Too many clients are connected; try again in a moment");
      problem.headers.add("Retry-After", "10");
      co_return std::unexpected(std::move(problem));
    }
    co_return http::upgrade_to(
        std::make_shared<RealtimeSession>(context.vault, *hub_, std::move(*place), messages_));
  }

  http::Response refuse_upgrade(http::UpgradeFault fault, const http::Request& request) const {
    if (fault == http::UpgradeFault::kMalformed) {
      return render(Problem(ProblemKind::kMalformedMessage,
                            "The request is no opening handshake of RFC 6455"),
                    request);
    }
    // RFC 9110 section 15.5.22.
    http::Response response =
        render_upgrade_required("Connect with a WebSocket client, version 13", request, clock_);
    response.headers.set("Upgrade", "websocket");
    response.headers.set("Sec-WebSocket-Version", "13");
    return response;
  }

  const Clock& clock_;
  realtime::Hub* const hub_;
  const RealtimeOptions options_;
  const std::shared_ptr<MessageLimit> messages_;
};

}  // namespace

std::unique_ptr<Dialect> make_realtime(const Clock& clock, realtime::Hub* hub,
                                       RealtimeOptions options) {
  return std::make_unique<Realtime>(clock, hub, std::move(options));
}

}  // namespace coffer::apis::mediavault
