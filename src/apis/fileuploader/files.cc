#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "apis/common/file_reply.h"
#include "apis/common/json.h"
#include "apis/fileuploader/errors.h"
#include "apis/fileuploader/handlers.h"
#include "apis/fileuploader/redirect.h"
#include "apis/fileuploader/wire.h"
#include "base/executor.h"
#include "base/text.h"
#include "http/uri.h"

namespace coffer::apis::fileuploader {
namespace {

constexpr std::size_t kPage = 500;
constexpr std::size_t kListedMax = 100'000;
constexpr std::string_view kUnknownType = "application/octet-stream";

Reply redirect_to(const std::string& target) {
  http::Response response;
  response.status = 302;
  response.headers.set("Location", target);
  response.headers.set("Cache-Control", "private, no-cache");
  response.headers.set("Referrer-Policy", "no-referrer");
  return response;
}

// A list's reply as it grows.
class FileList {
 public:
  FileList(const Exchange& exchange, bool is_owner) : exchange_(exchange), all_keys_(is_owner) {
    boost::json::object head = success("files got successfully");
    head["username"] = exchange.account().username;
    head["is_group_owner"] = is_owner;
    text_ = boost::json::serialize(head);
    text_.pop_back();
    text_ += ",\"data\":[";
  }

  void add(const vault::Addressed& file) {
    if (count_++ > 0) text_ += ',';
    const bool with_key = all_keys_ || file.entry.owner == exchange_.account().id;
    text_ += boost::json::serialize(file_object(exchange_, file, with_key, true));
  }
  bool is_full() const { return count_ >= kListedMax; }

  // `next`: where the rest begins, if there is one.
  http::Response finish(const std::optional<std::string>& next) {
    http::Response response = http::Response::text(200, "application/json", text_ + "]}");
    if (next) {
      response.headers.set("Link", '<' + exchange_.client.base_url +
                                       exchange_.request.uri.raw_path +
                                       "?after=" + http::percent_encode(*next) + ">; rel=\"next\"");
    }
    return response;
  }

 private:
  const Exchange& exchange_;
  bool all_keys_;
  std::string text_;
  std::size_t count_ = 0;
};

Task<Reply> list_own(Exchange& exchange) {
  const auto start = parse_unsigned(exchange.request.uri.parameter("after").value_or("0"));
  if (!start || *start > INT64_MAX) co_return failed(400, "after must be a number");
  vault::EntryId after{static_cast<std::int64_t>(*start)};
  Executor& here = Executor::current();
  FileList list(exchange, true);
  for (;;) {
    const auto page =
        co_await exchange.vault.addresses().list_own(exchange.account().id, after, kPage);
    for (const vault::Addressed& file : page.files) list.add(file);
    if (!page.next) co_return list.finish(std::nullopt);
    after = *page.next;
    if (list.is_full()) co_return list.finish(std::to_string(after.value));
    co_await give_way(here);
  }
}

Task<Reply> list_group(Exchange& exchange, const vault::Group& group) {
  std::string after(exchange.request.uri.parameter("after").value_or(""));
  Executor& here = Executor::current();
  FileList list(exchange, group.owner == exchange.account().id);
  for (;;) {
    const auto page = co_await exchange.vault.addresses().list_space(group.space, after, kPage);
    for (const vault::Addressed& file : page) list.add(file);
    if (page.size() < kPage) co_return list.finish(std::nullopt);
    after = page.back().entry.key;
    if (list.is_full()) co_return list.finish(after);
    co_await give_way(here);
  }
}

}  // namespace

Task<Reply> send_file(Exchange& exchange) {
  const auto file = co_await exchange.vault.addresses().find(exchange.path.text("url"));
  if (!file) co_return std::unexpected(no_such_file());
  const auto target = co_await find_redirect(exchange.vault, file->entry);
  if (target) co_return redirect_to(*target);
  const bool is_known = file->entry.type.media_type != kUnknownType;
  Reply reply = co_await file_reply(exchange, file->entry, is_known ? "inline" : "attachment");
  co_return reply;
}

Task<Reply> delete_file(Exchange& exchange) {
  // Programs that look at links ask for heads; none of them means to delete.
  if (exchange.request.method == http::Method::kHead) {
    Problem problem(ProblemKind::kMethodNotAllowed, "This path does not take HEAD");
    problem.headers.add("Allow", "GET, OPTIONS");
    co_return std::unexpected(std::move(problem));
  }
  const std::string key(exchange.request.uri.parameter("key").value_or(""));
  const auto removed = co_await exchange.vault.addresses().remove(exchange.path.text("url"), key);
  if (removed) co_return json_response(200, success("deleted"));
  if (removed.error().code == vault::FailureCode::kInvalid) {
    co_return failed(400, "Invalid unique key");
  }
  co_return std::unexpected(no_such_file());
}

Task<Reply> list_files(Exchange& exchange) {
  const std::string& where = exchange.path.text("group");
  if (where == kPrivate) {
    Reply reply = co_await list_own(exchange);
    co_return reply;
  }
  if (!is_numeric(where)) co_return invalid_group_id();
  const auto group =
      co_await exchange.vault.groups().find(exchange.account().id, group_number(where));
  if (!group) {
    const bool closed = group.error().code == vault::FailureCode::kForbidden;
    co_return closed ? not_in_group() : no_such_group();
  }
  Reply reply = co_await list_group(exchange, *group);
  co_return reply;
}

Task<Reply> transfer_files(Exchange& exchange) {
  const auto body = co_await read_body(exchange.request);
  if (!body) co_return std::unexpected(body.error());
  if (!*body) co_return failed(400, "Couldn't parse request body");
  const auto* data = (*body)->if_contains("data");
  if (!data || !data->is_array()) co_return failed(400, "No data field in request body");

  std::vector<vault::Addresses::Claim> claims;
  for (const boost::json::value& item : data->get_array()) {
    // What is not as it should be claims no file, and so comes back.
    vault::Addresses::Claim claim;
    if (const auto* object = item.if_object()) {
      const std::optional<boost::json::object> fields(*object);
      claim.address = text_in(fields, "file_url").value_or("");
      claim.key = text_in(fields, "key").value_or("");
    }
    claims.push_back(std::move(claim));
  }
  const auto taken =
      co_await exchange.vault.addresses().transfer(exchange.actor(), std::move(claims));
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
