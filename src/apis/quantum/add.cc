#include <algorithm>
#include <utility>

#include "apis/kit/form.h"
#include "apis/quantum/errors.h"
#include "apis/quantum/handlers.h"
#include "apis/quantum/location.h"
#include "apis/quantum/wire.h"
#include "base/text.h"

namespace coffer::apis::quantum {
namespace {

constexpr std::string_view kFiles = "files";
constexpr std::string_view kForce = "force";
// What a form may be longer than its files: its fields, the heads of its parts, what stands before
// and behind them.
constexpr std::uint64_t kFrameMax = 32U << 20U;

struct Form {
  std::vector<vault::PathFile> files;
  std::optional<bool> force;  // nothing: not said yet
  std::uint64_t credit = 0;   // bytes that the quota gets back for what the files so far replace
};

// Nothing where the form was read as it should.
using Refusal = std::optional<Reply>;

std::optional<bool> truth_of(std::string_view text) {
  const std::string word = to_lower_ascii(trim(text));
  for (const std::string_view yes : {"true", "1", "yes", "on"}) {
    if (word == yes) return true;
  }
  for (const std::string_view no : {"false", "0", "no", "off", ""}) {
    if (word == no) return false;
  }
  return std::nullopt;
}

Task<Refusal> read_file(RequestContext& context, const Location& location, InputStream& content,
                        std::string name, Form& form) {
  if (judge(name) != LocationStatus::kGood) co_return error_response(Code::kInvalidPath);
  vault::Path path = location.path;
  path.push_back(name);
  // Early, where it is certain; the commit looks again.
  const auto old = co_await context.vault.paths().find(location.bucket.id, std::move(path));
  if (old) {
    if (old->is_folder()) co_return error_response(Code::kNotAFile);
    if (form.force == false) co_return error_response(Code::kFileAlreadyExists);
    form.credit += old->charged;
  }
  auto staged = co_await context.vault.uploads().receive(
      context.account().id, content, std::nullopt, form.credit, context.request.body->length());
  if (!staged) co_return refuse_files(staged.error());
  form.credit -= std::min(form.credit, staged->size() + vault::kEntryCharge);
  form.files.push_back({.staged = std::move(*staged), .name = std::move(name)});
  co_return std::nullopt;
}

Refusal take_field(std::string_view name, std::string_view text, Form& form) {
  if (name == kFiles) return error_response(Code::kInvalidForm);
  if (name != kForce) return std::nullopt;
  form.force = truth_of(text);
  if (!form.force) return error_response(Code::kInvalidForm);
  return std::nullopt;
}

// Reads the whole form into `form`.
Task<Refusal> read_parts(RequestContext& context, const Location& location, std::string boundary,
                         Form& form) {
  FormReader reader(context.request, std::move(boundary));
  for (;;) {
    auto next = co_await reader.next();
    if (!next && reader.has_bad_head()) co_return error_response(Code::kInvalidPath);
    if (!next) co_return std::unexpected(std::move(next.error()));
    if (!*next) break;
    FormReader::Part& part = **next;
    Refusal refusal;
    if (!part.filename) {
      refusal = take_field(part.name, part.text, form);
    } else if (part.name == kFiles) {
      refusal =
          co_await read_file(context, location, reader.content(), std::move(*part.filename), form);
    }
    if (refusal) co_return refusal;
  }
  if (form.files.empty()) co_return error_response(Code::kInvalidForm);
  co_return std::nullopt;
}

// Whether the files cannot fit even if they took the place of all that there is.
bool is_beyond(const RequestContext& context) {
  const auto quota = context.account().quota;
  const auto length = context.request.body->length();
  return quota && length && *length > kFrameMax && *length - kFrameMax > *quota;
}

}  // namespace

Task<Reply> add_files(RequestContext& context) {
  auto location = co_await find_location(context);
  if (!location) co_return std::move(location.error());
  auto boundary = form_boundary(context.request);
  if (!boundary) co_return std::unexpected(std::move(boundary.error()));
  if (is_beyond(context)) co_return error_response(Code::kInsufficientSpace);
  Form form;
  auto refusal = co_await read_parts(context, *location, std::move(*boundary), form);
  if (refusal) co_return std::move(*refusal);
  const auto existing =
      form.force.value_or(false) ? vault::Existing::kReplaced : vault::Existing::kKept;
  const auto added = co_await context.vault.paths().put(context.actor(), location->bucket.id,
                                                        std::move(location->path),
                                                        std::move(form.files), existing);
  if (!added) co_return refuse_files(added.error());
  co_return success(added->size() == 1 ? "File added" : "Files added");
}

}  // namespace coffer::apis::quantum
