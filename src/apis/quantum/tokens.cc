#include <boost/json/object.hpp>

#include "apis/quantum/errors.h"
#include "apis/quantum/handlers.h"
#include "apis/quantum/location.h"
#include "apis/quantum/wire.h"

namespace coffer::apis::quantum {

Task<Reply> create_token(RequestContext& context) {
  auto name = bucket_name(context);
  if (!name) co_return std::move(name.error());
  const auto bucket = co_await context.vault.buckets().find(context.account().id, *name);
  if (!bucket) co_return error_response(Code::kBucketDne);
  const auto token =
      co_await context.vault.api_keys().create_application(context.actor(), bucket->id);
  if (!token) co_return refuse(token.error(), Code::kBucketDne);
  co_return success("Token created; it is shown this once", {{"token", *token}});
}

Task<Reply> remove_token(RequestContext& context) {
  if (context.caller->credential != vault::Credential::kMasterKey) {
    co_return error_response(Code::kMasterKeyRequired);
  }
  const auto removed = co_await context.vault.api_keys().revoke_application(
      context.actor(), context.path.text("token"));
  if (!removed) co_return refuse(removed.error(), Code::kTokenDne);
  co_return success("Token removed");
}

Task<Reply> remove_tokens(RequestContext& context) {
  auto name = bucket_name(context);
  if (!name) co_return std::move(name.error());
  const auto bucket = co_await context.vault.buckets().find(context.account().id, *name);
  if (!bucket) co_return error_response(Code::kBucketDne);
  const auto revoked =
      co_await context.vault.api_keys().revoke_applications(context.actor(), bucket->id);
  if (!revoked) co_return std::unexpected(revoked.error());
  co_return success("All tokens of the bucket removed");
}

}  // namespace coffer::apis::quantum
