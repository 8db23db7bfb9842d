#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "apis/quantum/errors.h"
#include "apis/quantum/handlers.h"
#include "apis/quantum/location.h"
#include "apis/quantum/wire.h"

namespace coffer::apis::quantum {

Task<Reply> list_buckets(Exchange& exchange) {
  if (exchange.caller->credential != vault::Credential::kMasterKey) {
    co_return error_response(Code::kMasterKeyRequired);
  }
  const auto buckets = co_await exchange.vault.buckets().list(exchange.account().id);
  boost::json::array names;
  for (const vault::Bucket& bucket : buckets) names.emplace_back(bucket.name);
  co_return success("Buckets of the current user", {{"Buckets", std::move(names)}});
}

Task<Reply> create_bucket(Exchange& exchange) {
  auto name = bucket_name(exchange);
  if (!name) co_return std::move(name.error());
  if (judge(*name) != Verdict::kGood) co_return error_response(Code::kInvalidPath);
  const auto made = co_await exchange.vault.buckets().create(exchange.actor(), *name);
  if (made) co_return success("Bucket created");
  switch (made.error().code) {
    case vault::FailureCode::kConflict: co_return error_response(Code::kBucketExists);
    case vault::FailureCode::kInvalid: co_return error_response(Code::kInvalidPath);
    default: co_return std::unexpected(made.error());
  }
}

Task<Reply> remove_bucket(Exchange& exchange) {
  auto name = bucket_name(exchange);
  if (!name) co_return std::move(name.error());
  const auto removed = co_await exchange.vault.buckets().remove(exchange.actor(), *name);
  if (!removed) co_return refuse(removed.error(), Code::kBucketDne);
  co_return success("Bucket removed");
}

}  // namespace coffer::apis::quantum
