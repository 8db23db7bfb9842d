#include <chrono>
#include <cstdint>
#include <utility>

#include "apis/fileuploader/errors.h"
#include "apis/fileuploader/handlers.h"
#include "apis/fileuploader/upload.h"
#include "apis/fileuploader/wire.h"
#include "apis/kit/form.h"
#include "apis/kit/json.h"

namespace coffer::apis::fileuploader {
namespace {

http::Response no_file() { return failed(400, "No file uploaded"); }
http::Response too_large() { return failed(413, "File size exceeds the limit (100MB)"); }

// Ends with kTooLarge at the first byte that is too many.
class Limited final : public InputStream {
 public:
  Limited(InputStream& source, std::uint64_t max) : source_(source), left_(max) {}

  Task<std::expected<std::size_t, StreamFault>> read(ByteSpan into) override {
    return read_within(into, kForever);
  }
  Task<std::expected<std::size_t, StreamFault>> read_within(
      ByteSpan into, std::chrono::milliseconds patience) override {
    if (over_) co_return std::unexpected(StreamFault::kTooLarge);
    const auto count = co_await source_.read_within(into, patience);
    if (!count) co_return count;
    over_ = *count > left_;
    if (over_) co_return std::unexpected(StreamFault::kTooLarge);
    left_ -= *count;
    co_return count;
  }
  Task<void> ready() override { return source_.ready(); }
  Task<bool> wait(OneShotEvent& event, std::chrono::milliseconds max_wait) override {
    return source_.wait(event, max_wait);
  }
  std::string_view sender() const noexcept override { return source_.sender(); }

 private:
  InputStream& source_;
  std::uint64_t left_;
  bool over_ = false;
};

// Whether the head alone tells that there is no file in the body. A form without a boundary says
// nothing.
bool announces_no_file(const http::Request& request) {
  if (request.body->length() == 0) return true;
  const auto boundary = form_boundary(request);
  return !boundary && boundary.error().kind == ProblemKind::kUnsupportedMediaType;
}

// What a form says that cannot be taken, in the document's words.
Reply refuse_form(Problem problem) {
  if (problem.kind == ProblemKind::kPayloadTooLarge) return too_large();
  const bool is_second = problem.fields.size() == 1 && problem.fields.front().field == "file";
  if (is_second) return failed(400, "Only one file is allowed");
  return std::unexpected(std::move(problem));
}

Reply refuse_commit(const vault::Failure& failure) {
  switch (failure.code) {
    case vault::FailureCode::kNotFound: return no_such_group();
    case vault::FailureCode::kForbidden: return not_in_group();
    case vault::FailureCode::kInvalid:
      if (!failure.fields.empty()) return failed(400, "File name " + failure.fields[0].message);
      break;
    default: break;
  }
  return std::unexpected(Problem(failure));
}

// Whom a file will belong to, and where.
struct Destination {
  vault::Actor owner;
  vault::SpaceId space;
};

Task<std::expected<Destination, Reply>> find_destination(RequestContext& context) {
  using Found = std::expected<Destination, Reply>;
  const std::string& where = context.path.text("group");
  if (where != kPrivate) {
    if (!is_numeric(where)) co_return Found(std::unexpect, invalid_group_id());
    if (!context.caller) {
      co_return Found(std::unexpect, Reply(std::unexpect, *context.auth_error));
    }
    const vault::AccountId caller = context.account().id;
    const auto group = co_await context.vault.groups().find(caller, group_number(where));
    if (group) co_return Destination{context.actor(), group->space};
    co_return Found(std::unexpect, refuse_commit(group.error()));
  }
  if (context.caller) co_return Destination{context.actor(), context.account().home};
  const vault::Account guests = co_await context.vault.accounts().unlisted_guest();
  co_return Destination{vault::Actor::guest(guests), guests.home};
}

}  // namespace

Task<Reply> upload_file(RequestContext& context) {
  vault::Vault& vault = context.vault;
  if (!context.caller && !vault.accounts().guests_allowed()) {
    co_return std::unexpected(*context.auth_error);
  }
  if (announces_no_file(context.request)) co_return no_file();
  if (context.request.body->length().value_or(0) > kUploadBodyMax) co_return too_large();
  const auto extend = flag_in(context.request.uri, "include_ext");
  if (!extend) co_return failed(400, "include_ext must be true or false");
  auto destination = co_await find_destination(context);
  if (!destination) co_return std::move(destination.error());

  const ReceiveFile receive =
      [&](const FileForm&,
          InputStream& content) -> Task<std::expected<vault::StagedBlob, Problem>> {
    Limited limited(content, kUploadMax);
    auto staged = co_await vault.uploads().receive(destination->owner.account(), limited,
                                                   std::nullopt, 0, context.request.body->length());
    if (!staged) co_return std::unexpected(Problem(staged.error()));
    co_return std::move(*staged);
  };
  auto form = co_await read_file_form(context, receive);
  if (!form) co_return refuse_form(std::move(form.error()));
  if (!form->file) co_return no_file();
  // What a browser sends of a form in which nothing was chosen.
  if (form->file_name.empty() && form->file->size() == 0) co_return no_file();

  std::string extension;
  if (*extend) extension = vault::address_extension(form->file_name);
  vault::NewFile file{.staged = std::move(*form->file), .name = std::move(form->file_name)};
  file.name_max = vault::kLongNameMax;
  if (!extension.empty()) file.address_extension = extension;
  std::vector<vault::NewFile> files;
  files.push_back(std::move(file));
  auto made =
      co_await vault.uploads().commit(destination->owner, destination->space, std::move(files));
  if (!made) co_return refuse_commit(made.error());

  const bool synced = context.caller.has_value();
  boost::json::object reply = success("File uploaded successfully");
  const vault::Addressed addressed = vault.addresses().of(std::move(made->front()), extension);
  for (auto& member : file_object(context.client.base_url, addressed, true, synced)) {
    reply[member.key()] = std::move(member.value());
  }
  reply["auth_error"] = synced ? boost::json::object() : auth_error(context.auth_error->kind);
  co_return json_response(200, reply);
}

}  // namespace coffer::apis::fileuploader
