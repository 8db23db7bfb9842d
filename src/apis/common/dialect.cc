#include "apis/common/dialect.h"

#include "base/text.h"

namespace coffer::apis {

std::string_view name_of(Access access) noexcept {
  switch (access) {
    case Access::kAnyone: return "anyone";
    case Access::kAccount: return "account";
    case Access::kOperator: break;
  }
  return "operator";
}

std::string_view name_of(RateClass rate) noexcept {
  return rate == RateClass::kStandard ? "standard" : "none";
}

Credentials bearer_or_api_key(const http::Request& request) {
  constexpr std::string_view kBearer = "bearer ";
  if (const auto field = request.header("Authorization")) {
    if (field->size() > kBearer.size() &&
        equal_ignoring_case(field->substr(0, kBearer.size()), kBearer)) {
      return {Credentials::Kind::kSession, std::string(trim(field->substr(kBearer.size())))};
    }
    return {};
  }
  if (const auto key = request.header("X-API-Key")) {
    return {Credentials::Kind::kKey, std::string(trim(*key))};
  }
  return {};
}

}  // namespace coffer::apis
