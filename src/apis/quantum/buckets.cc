#include <boost/json/value.hpp>
#include <string>
#include <utility>

#include "apis/kit/list_reply.h"
#include "apis/quantum/errors.h"
#include "apis/quantum/handlers.h"
#include "apis/quantum/location.h"
#include "apis/quantum/wire.h"

namespace coffer::apis::quantum {

Task<Reply> list_buckets(RequestContext& context) {
  if (context.caller->credential != vault::Credential::kMasterKey) {
    co_return error_response(Code::kMasterKeyRequired);
  }
  const auto read = [&vault = context.vault, owner = context.account().id](std::string after) {
    return vault.buckets().list(owner, std::move(after));
  };
  const auto render = [](const vault::Bucket& bucket) { return boost::json::value(bucket.name); };
  NextPage names = pages(std::string(), read, &vault::Bucket::name, render);
  ListDocument document;
  document.text(R"({"status":"success","message":"Buckets of the current user","data":{"Buckets":)")
      .array(std::move(names))
      .text("}}");
  Reply reply = co_await list_reply(std::move(document));
  co_return reply;
}

Task<Reply> create_bucket(RequestContext& context) {
  auto name = bucket_name(context);
  if (!name) co_return std::move(name.error());
  if (judge(*name) != LocationStatus::kGood) co_return error_response(Code::kInvalidPath);
  const auto made = co_await context.vault.buckets().create(context.actor(), *name);
  if (made) co_return success("Bucket created");
  switch (made.error().code) {
    case vault::FailureCode::kConflict: co_return error_response(Code::kBucketExists);
    case vault::FailureCode::kInvalid: co_return error_response(Code::kInvalidPath);
    default: co_return std::unexpected(made.error());
  }
}

Task<Reply> remove_bucket(RequestContext& context) {
  auto name = bucket_name(context);
  if (!name) co_return std::move(name.error());
  const auto removed = co_await context.vault.buckets().remove(context.actor(), *name);
  if (!removed) co_return refuse(removed.error(), Code::kBucketDne);
  co_return success("Bucket removed");
}

}  // namespace coffer::apis::quantum
