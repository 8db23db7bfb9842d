#include "apis/quantum/location.h"

#include <utility>
#include <vector>

#include "apis/quantum/errors.h"
#include "vault/tree/keys.h"

namespace coffer::apis::quantum {
namespace {

// The bucket that the caller may use under that name.
Task<std::expected<vault::Bucket, Code>> find_bucket(RequestContext& context,
                                                     const std::string& name) {
  const vault::Caller& caller = *context.caller;
  if (caller.space) {
    auto own = co_await context.vault.buckets().find(*caller.space);
    if (!own || own->name != name) co_return std::unexpected(Code::kInvalidBucket);
    co_return std::move(*own);
  }
  auto bucket = co_await context.vault.buckets().find(caller.account.id, name);
  if (!bucket) co_return std::unexpected(Code::kBucketDne);
  co_return std::move(*bucket);
}

}  // namespace

Task<std::expected<Location, http::Response>> find_location(RequestContext& context,
                                                            http::Response unfit) {
  const std::vector<std::string>& names = context.path.rest("path");
  if (judge(names) == LocationStatus::kEscape) {
    co_return std::unexpected(error_response(Code::kInvalidPath));
  }
  Location location{.bucket = {}, .path = {names.begin() + 1, names.end()}};
  if (judge(location.path) != LocationStatus::kGood || vault::check_path(location.path)) {
    co_return std::unexpected(std::move(unfit));
  }
  auto bucket = co_await find_bucket(context, names.front());
  if (!bucket) co_return std::unexpected(error_response(bucket.error()));
  location.bucket = std::move(*bucket);
  co_return location;
}

Task<std::expected<Location, http::Response>> find_location(RequestContext& context) {
  return find_location(context, error_response(Code::kInvalidPath));
}

std::expected<std::string, http::Response> bucket_name(const RequestContext& context) {
  if (context.caller->credential != vault::Credential::kMasterKey) {
    return std::unexpected(error_response(Code::kMasterKeyRequired));
  }
  const std::vector<std::string>& names = context.path.rest("path");
  if (names.size() > 1 || judge(names) == LocationStatus::kEscape) {
    return std::unexpected(error_response(Code::kInvalidPath));
  }
  return names.front();
}

}  // namespace coffer::apis::quantum
