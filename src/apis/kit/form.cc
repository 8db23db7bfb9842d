#include "apis/kit/form.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <utility>

#include "apis/gateway/body.h"
#include "base/text.h"
#include "http/uri.h"

namespace coffer::apis {
namespace {

constexpr std::size_t kFieldsMax = 64 * 1024;  // bytes of a multipart form's fields together
constexpr std::string_view kFile = "file";
constexpr std::string_view kGeneral = "non_field_errors";

using Object = boost::json::object;

std::string_view name_of(boost::json::kind kind) {
  switch (kind) {
    case boost::json::kind::null: return "null";
    case boost::json::kind::bool_: return "bool";
    case boost::json::kind::double_: return "float";
    case boost::json::kind::array: return "list";
    case boost::json::kind::string: return "str";
    case boost::json::kind::object: return "dict";
    case boost::json::kind::int64:
    case boost::json::kind::uint64: break;
  }
  return "int";
}

std::expected<Object, Problem> parse_json(const std::string& text) {
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(text, error);
  if (error) {
    return std::unexpected(Problem(ProblemKind::kInvalid, "JSON parse error - " + error.message()));
  }
  if (!value.is_object()) {
    std::string fault = "Invalid data. Expected a dictionary, but got ";
    fault += name_of(value.kind());
    return std::unexpected(Problem::field(std::string(kGeneral), fault + '.'));
  }
  return std::move(value.get_object());
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
    "Multipart form parse error - Invalid boundary in multipart: Content-Type names one that "
    "does "
    "not occur in the body; let the client's library set both";
constexpr char kMissingBoundary[] =
    "Multipart form parse error - Invalid boundary in multipart: None. Do not set Content-Type "
    "by "
    "hand: the client's library sets it with the form's boundary";

// Reads parts until the end; `form` holds what came, also after a problem.
Task<std::optional<Problem>> read_parts(http::Request& request, http::MultipartReader& reader,
                                        const ReceiveFile* receive, FileForm& form) {
  std::size_t field_bytes = 0;
  for (;;) {
    const auto next = co_await reader.next();
    if (!next) co_return form_problem(request, reader, next.error());
    if (!*next) co_return std::nullopt;
    const http::PartHead& part = **next;
    if (!part.filename) {
      const std::string name = part.name;
      const auto text = co_await read_field(request, reader, kFieldsMax - field_bytes);
      if (!text) co_return text.error();
      field_bytes += text->size();
      if (auto problem = set_field(form.fields, name, *text)) co_return problem;
      continue;
    }
    if (!receive || part.name != kFile) continue;
    if (form.file) co_return Problem::field(std::string(kFile), "Send one file at a time.");
    form.file_name = *part.filename;
    auto staged = co_await (*receive)(form, reader);
    if (!staged) co_return std::move(staged.error());
    form.file = std::move(*staged);
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

http::MultipartReader read_form(const http::Request& request, std::string boundary) {
  const std::string_view agent = request.header("User-Agent").value_or("");
  const bool is_aiohttp = agent.find("aiohttp/") != agent.npos;
  return {*request.body,
          std::move(boundary),
          {.max_parts = request.max_parts,
           .names = is_aiohttp ? http::NameEncoding::kPercent : http::NameEncoding::kBrowser}};
}

Problem form_problem(const http::Request& request, const http::MultipartReader& reader,
                     StreamFault fault) {
  using Fault = http::MultipartReader::Fault;
  switch (reader.fault()) {
    case Fault::kNone: break;
    case Fault::kNoBoundary: return {ProblemKind::kInvalid, kWrongBoundary};
    case Fault::kHead:
      return {ProblemKind::kBadStream,
              "The head of one of the form's parts cannot be read; names have to be UTF-8"};
    case Fault::kTooManyParts:
      return {ProblemKind::kTooManyParts,
              "The form has more than " + std::to_string(request.max_parts) +
                  " parts (uploads.max_parts); send fewer files at a time"};
    case Fault::kNoEnd:
      return {ProblemKind::kBadStream, "The form ends without its closing boundary"};
    case Fault::kExcess:
      return {ProblemKind::kBadStream,
              "The form has too much in a part's head or behind its closing boundary"};
  }
  return Problem::of(fault);
}

Task<std::expected<std::string, Problem>> read_field(http::Request& request,
                                                     http::MultipartReader& reader,
                                                     std::size_t max_bytes) {
  auto text = co_await read_whole_part(request, reader, max_bytes);
  if (!text && reader.fault() != http::MultipartReader::Fault::kNone) {
    co_return std::unexpected(form_problem(request, reader, StreamFault::kMalformed));
  }
  co_return text;
}

Task<std::expected<Object, Problem>> read_fields(http::Request& request) {
  const std::string_view content_type = request.header("Content-Type").value_or("");
  const std::string type = to_lower_ascii(trim(content_type.substr(0, content_type.find(';'))));
  if (type == "multipart/form-data") {
    auto boundary = form_boundary(request);
    if (!boundary) co_return std::unexpected(std::move(boundary.error()));
    auto reader = read_form(request, std::move(*boundary));
    FileForm form;
    auto problem = co_await read_parts(request, reader, nullptr, form);
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
  const auto text = co_await read_whole_body(request);
  if (!text) co_return std::unexpected(text.error());
  if (text->empty()) co_return Object();
  if (!hold_parsed(request, text->size())) co_return std::unexpected(no_memory());
  co_return is_form ? parse_urlencoded(*text) : parse_json(*text);
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
  auto reader = read_form(request, std::move(*boundary));
  auto problem = co_await read_parts(request, reader, &receive, form);
  if (problem) co_return std::unexpected(std::move(*problem));
  co_return form;
}

}  // namespace coffer::apis
