#include "apis/gateway/dialect.h"

#include "base/text.h"

namespace coffer::apis {

std::string_view name_of(Access access) noexcept {
  switch (access) {
    case Access::kAnyone: return "anyone";
    case Access::kAccount: return "account";
    case Access::kGuest: return "guest";
    case Access::kShared: return "shared";
    case Access::kOptional: return "optional";
    case Access::kOperator: break;
  }
  return "operator";
}

std::string_view name_of(RateClass rate) noexcept {
  switch (rate) {
    case RateClass::kStandard: return "standard";
    case RateClass::kVisitor: return "visitor";
    case RateClass::kChunks: return "parts";
    case RateClass::kShortLink: return "drop";
    case RateClass::kLogin: return "login";
    case RateClass::kNone: break;
  }
  return "none";
}

Credentials bearer_or_api_key(const http::Request& request) {
  constexpr std::string_view kBearer = "bearer";
  if (const auto field = request.header("Authorization")) {
    const std::string_view scheme = field->substr(0, field->find(' '));
    if (!equal_ignoring_case(scheme, kBearer)) return {};
    return {Credentials::Kind::kSession, std::string(trim(field->substr(scheme.size())))};
  }
  if (const auto key = request.header("X-API-Key")) {
    return {Credentials::Kind::kKey, std::string(trim(*key))};
  }
  return {};
}

}  // namespace coffer::apis
