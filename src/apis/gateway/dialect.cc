#include "apis/gateway/dialect.h"

#include <algorithm>
#include <array>

#include "apis/gateway/description.h"
#include "base/text.h"

namespace coffer::apis {
namespace {

constexpr std::array<std::string_view, 4> kCredentialFields{"Authorization", "X-API-Key",
                                                            "X-API-MKEY", "X-API-AKEY"};

}  // namespace

std::string_view name_of(Access access) noexcept {
  switch (access) {
    case Access::kAnyone: return "anyone";
    case Access::kAccount: return "account";
    case Access::kGuest: return "guest";
    case Access::kShared: return "shared";
    case Access::kOptional: return "optional";
    case Access::kAdmin: break;
  }
  return "admin";
}

std::string_view name_of(RateClass rate) noexcept {
  switch (rate) {
    case RateClass::kStandard: return "standard";
    case RateClass::kVisitor: return "visitor";
    case RateClass::kChunks: return "chunks";
    case RateClass::kShortLink: return "short link";
    case RateClass::kLogin: return "login";
    case RateClass::kNone: break;
  }
  return "none";
}

Task<std::optional<http::Response>> Dialect::reply_again(RequestContext&,
                                                         std::span<const vault::Event>) const {
  co_return std::nullopt;
}

vault::SessionClient RequestContext::session_client() const {
  return {.address = client.address,
          .agent = std::string(request.header("User-Agent").value_or(""))};
}

bool Route::reads() const noexcept { return effect == Effect::kDiscloses || !changes(); }

std::string_view Route::scope() const noexcept {
  if (!changes()) return "read";
  return reads() ? "read, write" : "write";
}

bool Route::changes() const noexcept {
  if (effect != Effect::kByMethod) return effect != Effect::kReads;
  return method != http::Method::kGet && method != http::Method::kHead;
}

Credentials bearer_or_api_key(const http::Request& request) {
  constexpr std::string_view kBearer = "bearer";
  if (const auto field = request.header("Authorization")) {
    const std::string_view scheme = field->substr(0, field->find(' '));
    if (!equal_ignoring_case(scheme, kBearer)) return {Credentials::Kind::kMalformed, {}};
    return {Credentials::Kind::kSession, std::string(trim(field->substr(scheme.size())))};
  }
  if (const auto key = request.header("X-API-Key")) {
    return {Credentials::Kind::kKey, std::string(trim(*key))};
  }
  return {};
}

std::size_t count_credentials(const http::Request& request) {
  return static_cast<std::size_t>(std::ranges::count_if(
      kCredentialFields, [&](std::string_view name) { return request.header(name).has_value(); }));
}

ApiDescription Dialect::describe() const { return {}; }

std::optional<std::string_view> repeated_credentials(const http::Request& request) {
  for (const std::string_view name : kCredentialFields) {
    const auto is_that = [&](const auto& field) { return equal_ignoring_case(field.name, name); };
    if (std::count_if(request.headers.begin(), request.headers.end(), is_that) > 1) return name;
  }
  return std::nullopt;
}

}  // namespace coffer::apis
