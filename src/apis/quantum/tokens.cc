#include <boost/json/object.hpp>

#include "apis/quantum/errors.h"
#include "apis/quantum/handlers.h"
#include "apis/quantum/location.h"
#include "apis/quantum/wire.h"

namespace coffer::apis::quantum {

Task<Reply> create_token(Exchange& exchange) {
  auto name = bucket_name(exchange);
  if (!name) co_return std::move(name.error());
  const vault::AccountId owner = exchange.account().id;
  const auto bucket = co_await exchange.vault.buckets().find(owner, *name);
  if (!bucket) co_return error_response(Code::kBucketDne);
  const auto token = co_await exchange.vault.api_keys().create_application(owner, bucket->id);
  if (!token) co_return error_response(Code::kBucketDne);
  co_return success("Token created; it is shown this once", {{"token", *token}});
}

Task<Reply> remove_token(Exchange& exchange) {
  if (exchange.caller->credential != vault::Credential::kMasterKey) {
    co_return error_response(Code::kMasterKeyRequired);
  }
  const auto removed = co_await exchange.vault.api_keys().revoke_application(
      exchange.account().id, exchange.path.text("token"));
  if (!removed) co_return error_response(Code::kTokenDne);
  co_return success("Token removed");
}

Task<Reply> remove_tokens(Exchange& exchange) {
  auto name = bucket_name(exchange);
  if (!name) co_return std::move(name.error());
  const auto bucket = co_await exchange.vault.buckets().find(exchange.account().id, *name);
  if (!bucket) co_return error_response(Code::kBucketDne);
  co_await exchange.vault.api_keys().revoke_applications(bucket->id);
  co_return success("All tokens of the bucket removed");
}

}  // namespace coffer::apis::quantum
