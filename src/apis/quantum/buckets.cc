#include <boost/json/value.hpp>
#include <string>
#include <utility>

#include "apis/common/list_reply.h"
#include "apis/quantum/errors.h"
#include "apis/quantum/handlers.h"
#include "apis/quantum/location.h"
#include "apis/quantum/wire.h"

namespace coffer::apis::quantum {

Task<Reply> list_buckets(Exchange& exchange) {
  if (exchange.caller->credential != vault::Credential::kMasterKey) {
    co_return error_response(Code::kMasterKeyRequired);
  }
  NextPage names = [&vault = exchange.vault, owner = exchange.account().id,
                    after = std::string()](JsonElements& list) mutable -> Task<bool> {
    const auto page = co_await vault.buckets().list(owner, after);
    for (const vault::Bucket& bucket : page.items) list.add(boost::json::value(bucket.name));
    if (!page.items.empty()) after = page.items.back().name;
    co_return page.more;
  };
  ListDocument document;
  document.text(R"({"status":"success","message":"Buckets of the current user","data":{"Buckets":)")
      .array(std::move(names))
      .text("}}");
  Reply reply = co_await list_reply(std::move(document));
  co_return reply;
}

Task<Reply> create_bucket(Exchange& exchange) {
  auto name = bucket_name(exchange);
  if (!name) co_return std::move(name.error());
  if (judge(*name) != Verdict::kGood) co_return error_response(Code::kInvalidPath);
  const auto made = co_await exchange.vault.buckets().create(exchange.account().id, *name);
  if (made) co_return success("Bucket created");
  const bool exists = made.error().code == vault::FailureCode::kConflict;
  co_return error_response(exists ? Code::kBucketExists : Code::kInvalidPath);
}

Task<Reply> remove_bucket(Exchange& exchange) {
  auto name = bucket_name(exchange);
  if (!name) co_return std::move(name.error());
  const auto removed = co_await exchange.vault.buckets().remove(exchange.account().id, *name);
  if (!removed) co_return error_response(Code::kBucketDne);
  co_return success("Bucket removed");
}

}  // namespace coffer::apis::quantum
