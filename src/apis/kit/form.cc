#include "apis/kit/form.h"

#include <array>
#include <utility>

#include "apis/gateway/body.h"
#include "apis/kit/json.h"
#include "apis/kit/rest_framework.h"
#include "base/text.h"
#include "http/uri.h"

namespace coffer::apis {
namespace {

constexpr std::size_t kFieldsMax = 64 * 1024;  // bytes of a multipart form's fields together
constexpr std::size_t kPassedStep = 8 * 1024;
constexpr std::string_view kFile = "file";
constexpr std::string_view kGeneral = "non_field_errors";

using Object = boost::json::object;

Problem json_problem(const JsonFault& fault) {
  switch (fault.kind) {
    case JsonFault::Kind::kEmpty:
    case JsonFault::Kind::kSyntax: break;
    case JsonFault::Kind::kDuplicateKey:
      return {ProblemKind::kInvalid, "JSON parse error - Duplicate key: " + fault.detail};
    case JsonFault::Kind::kNotAnObject: {
      std::string message = "Invalid data. Expected a dictionary, but got ";
      message += python_name(fault.detail);
      return Problem::field(std::string(kGeneral), message + '.');
    }
  }
  return {ProblemKind::kInvalid, "JSON parse error - " + fault.detail};
}

// A name that is no text is at fault as a whole: it cannot be told.
std::optional<Problem> set_field(Object& fields, std::string_view name, std::string_view text) {
  if (!is_utf8(name)) return Problem::field(std::string(kGeneral), "Field names must be UTF-8.");
  if (!is_utf8(text)) return Problem::field(std::string(name), "Not a valid string.");
  fields[name] = text;
  return std::nullopt;
}

std::expected<Object, Problem> parse_urlencoded(const std::string& text) {
  const auto pairs = http::parse_form(text);
  if (!pairs) {
    return std::unexpected(Problem(ProblemKind::kInvalid, "Form parse error - broken escape"));
  }
  Object fields;
  for (const auto& [name, value] : *pairs) {
    if (auto problem = set_field(fields, name, value)) return std::unexpected(std::move(*problem));
  }
  return fields;
}

constexpr char kWrongBoundary[] =
    "Multipart form parse error - Invalid boundary in multipart: Content-Type names one that does "
    "not occur in the body; let the client's library set both";
constexpr char kMissingBoundary[] =
    "Multipart form parse error - Invalid boundary in multipart: None. Do not set Content-Type by "
    "hand: the client's library sets it with the form's boundary";

// Reads parts until the end.
Task<std::optional<Problem>> read_parts(FormReader& reader, const ReceiveFile* receive,
                                        FileForm& form) {
  for (;;) {
    auto next = co_await reader.next();
    if (!next) co_return std::move(next.error());
    if (!*next) co_return std::nullopt;
    FormReader::Part& part = **next;
    if (!part.filename) {
      if (auto problem = set_field(form.fields, part.name, part.text)) co_return problem;
      continue;
    }
    if (!receive || part.name != kFile) continue;
    if (form.file) co_return Problem::field(std::string(kFile), "Send one file at a time.");
    form.file_name = std::move(*part.filename);
    auto staged = co_await (*receive)(form, reader.content());
    if (!staged) co_return std::move(staged.error());
    form.file = std::move(*staged);
  }
}

// A file of a form, which somebody watches.
class WatchedFile final : public InputStream {
 public:
  WatchedFile(InputStream& file, http::FormWatch& watch) : file_(file), watch_(watch) {}

  Task<std::expected<std::size_t, StreamFault>> read(ByteSpan into) override {
    return read_within(into, kForever);
  }
  Task<std::expected<std::size_t, StreamFault>> read_within(
      ByteSpan into, std::chrono::milliseconds patience) override {
    const auto count = co_await file_.read_within(into, patience);
    if (count) watch_.content(into.first(*count));
    co_return count;
  }
  Task<void> ready() override { return file_.ready(); }
  Task<bool> wait(OneShotEvent& event, std::chrono::milliseconds max_wait) override {
    return file_.wait(event, max_wait);
  }
  std::string_view sender() const noexcept override { return file_.sender(); }

 private:
  InputStream& file_;
  http::FormWatch& watch_;
};

// Reads to its end. An error is reported again to the next reader.
Task<void> pass_over(InputStream& file) {
  std::array<std::byte, kPassedStep> buffer{};
  for (;;) {
    const auto count = co_await file.read(buffer);
    if (!count || *count == 0) co_return;
  }
}

}  // namespace

std::expected<std::string, Problem> form_boundary(const http::Request& request) {
  auto boundary = http::multipart_boundary(request.header("Content-Type").value_or(""));
  if (boundary) return std::move(*boundary);
  if (boundary.error() == http::NoBoundary::kInvalid) {
    return std::unexpected(Problem(ProblemKind::kInvalid, kMissingBoundary));
  }
  return std::unexpected(Problem(ProblemKind::kUnsupportedMediaType,
                                 "Send a form: multipart/form-data with a part named file"));
}

FormReader::FormReader(http::Request& request, std::string boundary)
    : request_(request), reader_(form_parts(request, std::move(boundary))) {
  if (request_.form_watch) watched_ = std::make_unique<WatchedFile>(reader_, *request_.form_watch);
}

InputStream& FormReader::content() noexcept { return watched_ ? *watched_ : reader_; }

bool FormReader::has_bad_head() const noexcept {
  return reader_.fault() == http::MultipartReader::Fault::kHead;
}

Problem FormReader::problem(StreamFault fault) const {
  using Fault = http::MultipartReader::Fault;
  switch (reader_.fault()) {
    case Fault::kNone: break;
    case Fault::kNoBoundary: return {ProblemKind::kInvalid, kWrongBoundary};
    case Fault::kHead:
      return {ProblemKind::kBadStream,
              "The head of one of the form's parts cannot be read; names have to be UTF-8"};
    case Fault::kTooManyParts:
      return {ProblemKind::kTooManyParts,
              "The form has more than " + std::to_string(request_.max_parts) +
                  " parts (uploads.max_parts); send fewer files at a time"};
    case Fault::kNoEnd:
      return {ProblemKind::kBadStream, "The form ends without its closing boundary"};
    case Fault::kExcess:
      return {ProblemKind::kBadStream,
              "The form has too much in a part's head or behind its closing boundary"};
  }
  return body_problem(request_, fault);
}

Task<std::expected<std::optional<FormReader::Part>, Problem>> FormReader::next() {
  http::FormWatch* const watch = request_.form_watch;
  if (watch && is_in_file_) co_await pass_over(*watched_);
  const auto head = co_await reader_.next();
  if (!head) co_return std::unexpected(problem(head.error()));
  if (!*head) {
    if (watch && !watch->end()) co_return std::unexpected(Problem::of(StreamFault::kCorrupt));
    co_return std::nullopt;
  }
  if (watch) watch->begin_part((*head)->name, (*head)->filename);
  is_in_file_ = (*head)->filename.has_value();
  Part part{.name = (*head)->name, .filename = (*head)->filename};
  if (!part.filename) {
    auto text = co_await read_whole_part(request_, reader_, kFieldsMax - field_bytes_, kFieldsMax);
    if (!text && reader_.fault() != http::MultipartReader::Fault::kNone) {
      co_return std::unexpected(problem(StreamFault::kMalformed));
    }
    if (!text) co_return std::unexpected(std::move(text.error()));
    if (watch) watch->content(as_bytes(*text));
    field_bytes_ += text->size();
    part.text = std::move(*text);
  }
  co_return part;
}

Task<std::expected<Object, Problem>> read_fields(http::Request& request) {
  const std::string_view content_type = request.header("Content-Type").value_or("");
  const std::string type = to_lower_ascii(trim(content_type.substr(0, content_type.find(';'))));
  if (type == "multipart/form-data") {
    auto boundary = form_boundary(request);
    if (!boundary) co_return std::unexpected(std::move(boundary.error()));
    FormReader reader(request, std::move(*boundary));
    FileForm form;
    auto problem = co_await read_parts(reader, nullptr, form);
    if (problem) co_return std::unexpected(std::move(*problem));
    co_return std::move(form.fields);
  }
  const bool is_form = type == "application/x-www-form-urlencoded";
  const bool is_json = type.empty() || type == "application/json" || type.ends_with("+json");
  if (!is_form && !is_json) {
    // Told only to who sends something.
    if (request.body->length() == 0) co_return Object();
    std::string message = "Unsupported media type \"";
    for (const char c : content_type) message += c < ' ' ? '?' : c;  // ASCII only
    co_return std::unexpected(
        Problem(ProblemKind::kUnsupportedMediaType, message + "\" in request."));
  }
  if (is_form) {
    const auto text = co_await read_whole_body(request);
    if (!text) co_return std::unexpected(text.error());
    if (!hold_parsed(request, text->size())) co_return std::unexpected(no_memory());
    co_return parse_urlencoded(*text);
  }
  auto object = co_await read_json_object(request);
  if (!object) co_return std::unexpected(std::move(object.error()));
  if (*object) co_return std::move(**object);
  if (object->error().kind == JsonFault::Kind::kEmpty) co_return Object();
  co_return std::unexpected(json_problem(object->error()));
}

Task<std::expected<FileForm, Problem>> read_file_form(RequestContext& context,
                                                      const ReceiveFile& receive) {
  http::Request& request = context.request;
  FileForm form;
  auto boundary = form_boundary(request);
  if (!boundary && boundary.error().kind == ProblemKind::kInvalid) {
    co_return std::unexpected(std::move(boundary.error()));
  }
  if (!boundary) {
    request.body->set_limit(kJsonLimit);
    auto fields = co_await read_fields(request);
    if (!fields) co_return std::unexpected(std::move(fields.error()));
    form.fields = std::move(*fields);
    co_return form;
  }
  FormReader reader(request, std::move(*boundary));
  auto problem = co_await read_parts(reader, &receive, form);
  if (problem) co_return std::unexpected(std::move(*problem));
  co_return form;
}

}  // namespace coffer::apis
