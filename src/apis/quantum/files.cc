#include <boost/json/object.hpp>
#include <utility>

#include "apis/kit/file_reply.h"
#include "apis/quantum/errors.h"
#include "apis/quantum/handlers.h"
#include "apis/quantum/location.h"
#include "apis/quantum/wire.h"
#include "base/log.h"

namespace coffer::apis::quantum {
namespace {

// A download of which not a byte went out has not been one.
Task<void> settle_download(vault::Vault& vault, vault::Taken taken, http::Delivery delivery) {
  if (delivery.complete || delivery.bytes_sent > 0) co_return;
  try {
    co_await vault.downloads().give_back(std::move(taken));
  } catch (const std::exception& error) {
    log::error("download token not given back", {{"error", error.what()}});
  }
}

bool has_body(const http::Request& request, const http::Response& response) {
  return request.method == http::Method::kGet && (response.status == 200 || response.status == 206);
}

}  // namespace

Task<Reply> make_directory(RequestContext& context) {
  auto location = co_await find_location(context, error_response(Code::kInvalidDir));
  if (!location) co_return std::move(location.error());
  if (location->path.empty()) co_return error_response(Code::kInvalidDir);
  const auto made = co_await context.vault.folders().make_path(context.actor(), location->bucket.id,
                                                               std::move(location->path));
  if (!made) co_return refuse_files(made.error());
  co_return success("Directory created");
}

Task<Reply> remove_file(RequestContext& context) {
  auto location = co_await find_location(context);
  if (!location) co_return std::move(location.error());
  const auto removed = co_await context.vault.paths().remove(context.actor(), location->bucket.id,
                                                             std::move(location->path));
  if (!removed) co_return refuse(removed.error(), Code::kFileDne);
  co_return success("Removed");
}

Task<Reply> issue_download(RequestContext& context) {
  auto location = co_await find_location(context);
  if (!location) co_return std::move(location.error());
  if (location->path.empty()) co_return error_response(Code::kNotAFile);
  const vault::SpaceId bucket = location->bucket.id;
  const auto file = co_await context.vault.paths().find(bucket, std::move(location->path));
  if (!file) co_return error_response(Code::kFileDne);
  if (file->is_folder()) co_return error_response(Code::kNotAFile);
  const auto token = co_await context.vault.downloads().issue(context.actor(), bucket, file->id);
  if (!token) co_return refuse(token.error(), Code::kFileDne);
  co_return success("Download token created; it works once", {{"file_token", *token}});
}

Task<Reply> download(RequestContext& context) {
  const std::vector<std::string>& names = context.path.rest("token");
  if (names.size() != 1) co_return error_response(Code::kInvalidToken);
  const std::string& token = names.front();
  const auto file = co_await context.vault.downloads().find(token);
  if (!file) co_return error_response(Code::kInvalidToken);
  auto reply = co_await file_reply(context, *file, "attachment");
  if (!reply) co_return reply;
  reply->headers.set("Cache-Control", "private, no-store");
  // What carries none of the bytes uses nothing up.
  if (!has_body(context.request, *reply)) co_return reply;
  auto taken = co_await context.vault.downloads().take(token);
  if (!taken) co_return error_response(Code::kInvalidToken);
  reply->after_sending = [&vault = context.vault,
                          taken = std::move(*taken)](const http::Delivery& delivery) mutable {
    return settle_download(vault, std::move(taken), delivery);
  };
  co_return reply;
}

}  // namespace coffer::apis::quantum
