#include <boost/json/array.hpp>
#include <stdexcept>
#include <utility>

#include "apis/fileuploader/errors.h"
#include "apis/fileuploader/handlers.h"
#include "apis/fileuploader/redirect.h"
#include "apis/fileuploader/wire.h"
#include "apis/kit/file_reply.h"
#include "apis/kit/json.h"
#include "apis/kit/list_reply.h"

namespace coffer::apis::fileuploader {
namespace {

constexpr std::string_view kUnknownType = "application/octet-stream";

Reply redirect_to(const std::string& target) {
  http::Response response;
  response.status = 302;
  response.headers.set("Location", target);
  response.headers.set("Cache-Control", "private, no-cache");
  response.headers.set("Referrer-Policy", "no-referrer");
  return response;
}

// What a list's reply has besides the files.
boost::json::object list_head(const RequestContext& context, bool is_owner) {
  boost::json::object head = success("files got successfully");
  head["username"] = context.account().username;
  head["is_group_owner"] = is_owner;
  return head;
}

// What the account owns outside of groups, oldest first.
NextPage own_files(const RequestContext& context) {
  return [&vault = context.vault, base_url = context.client.base_url, owner = context.account().id,
          after = vault::EntryId{}](JsonElements& list) mutable -> Task<bool> {
    const auto page = co_await vault.addresses().list_own(owner, after);
    for (const vault::Addressed& file : page.files) {
      list.add(file_object(base_url, file, true, true));
    }
    if (page.next) after = *page.next;
    co_return page.next.has_value();
  };
}

// The group's files in order of names, as long as the caller belongs to it.
NextPage group_files(const RequestContext& context, std::uint32_t number) {
  return [&vault = context.vault, base_url = context.client.base_url, caller = context.account().id,
          number, after = std::string()](JsonElements& list) mutable -> Task<bool> {
    const auto group = co_await vault.groups().find(caller, number);
    if (!group) throw std::runtime_error("the group is gone, or the caller has left it");
    auto page = co_await vault.addresses().list_space(group->space, after);
    for (vault::Addressed& file : page.items) {
      const bool is_own = file.entry.owner == caller;
      // The group's owner has power over a file only while it is in the group.
      if (!is_own) file.delete_key = vault.addresses().group_key(file.entry);
      list.add(file_object(base_url, file, is_own || group->owner == caller, true));
    }
    if (!page.items.empty()) after = page.items.back().entry.key;
    co_return page.more;
  };
}

}  // namespace

Task<Reply> send_file(RequestContext& context) {
  const auto file = co_await context.vault.addresses().find(context.path.text("url"));
  if (!file) co_return std::unexpected(no_such_file());
  if (!is_download(context.request)) {
    const auto target = co_await find_redirect(context.vault, file->entry);
    if (target) co_return redirect_to(*target);
  }
  const bool is_known = file->entry.type.media_type != kUnknownType;
  Reply reply = co_await file_reply(context, file->entry, is_known ? "inline" : "attachment");
  co_return reply;
}

Task<Reply> delete_file(RequestContext& context) {
  if (context.request.method == http::Method::kHead) co_return refuse_head("GET, OPTIONS");
  const std::string key(context.request.uri.parameter("key").value_or(""));
  const auto removed = co_await context.vault.addresses().remove(context.path.text("url"), key);
  if (removed) co_return json_response(200, success("deleted"));
  if (removed.error().code == vault::FailureCode::kInvalid) {
    co_return failed(400, "Invalid unique key");
  }
  co_return std::unexpected(no_such_file());
}

Task<Reply> rotate_link(RequestContext& context) {
  const std::string key(context.request.uri.parameter("key").value_or(""));
  const auto renewed = co_await context.vault.addresses().rotate(context.path.text("url"), key);
  if (renewed) {
    boost::json::object reply = success("rotated");
    reply["file_url"] = renewed->address;
    reply["file_url_full"] = file_url(context.client.base_url, *renewed);
    reply["key"] = renewed->delete_key.str();
    co_return json_response(200, reply);
  }
  switch (renewed.error().code) {
    case vault::FailureCode::kInvalid: co_return failed(400, "Invalid unique key");
    case vault::FailureCode::kConflict: co_return failed(409, renewed.error().message);
    default: co_return std::unexpected(no_such_file());
  }
}

Task<Reply> list_files(RequestContext& context) {
  const std::string& where = context.path.text("group");
  if (where == kPrivate) {
    Reply reply = co_await list_reply(list_head(context, true), "data", own_files(context));
    co_return reply;
  }
  if (!is_numeric(where)) co_return invalid_group_id();
  const auto group =
      co_await context.vault.groups().find(context.account().id, group_number(where));
  if (!group) {
    const bool closed = group.error().code == vault::FailureCode::kForbidden;
    co_return closed ? not_in_group() : no_such_group();
  }
  const bool is_owner = group->owner == context.account().id;
  Reply reply = co_await list_reply(list_head(context, is_owner), "data",
                                    group_files(context, group->number));
  co_return reply;
}

Task<Reply> transfer_files(RequestContext& context) {
  const auto body = co_await read_body(context.request);
  if (!body) co_return std::unexpected(body.error());
  if (!*body) co_return failed(400, "Couldn't parse request body");
  const auto* data = (*body)->if_contains("data");
  if (!data || !data->is_array()) co_return failed(400, "No data field in request body");

  std::vector<vault::ShortLinks::Claim> claims;
  for (const boost::json::value& item : data->get_array()) {
    // What is not as it should be claims no file, and so comes back.
    vault::ShortLinks::Claim claim;
    if (const auto* object = item.if_object()) {
      const std::optional<boost::json::object> fields(*object);
      claim.address = text_in(fields, "file_url").value_or("");
      claim.key = text_in(fields, "key").value_or("");
    }
    claims.push_back(std::move(claim));
  }
  const auto taken =
      co_await context.vault.addresses().transfer(context.actor(), std::move(claims));
  if (!taken) co_return std::unexpected(taken.error());
  boost::json::array left;
  for (std::size_t i = 0; i < taken->size(); ++i) {
    if (!(*taken)[i]) left.push_back(data->get_array()[i]);
  }
  boost::json::object reply = success("transferred");
  reply["unsuccess"] = std::move(left);
  co_return json_response(200, reply);
}

}  // namespace coffer::apis::fileuploader
