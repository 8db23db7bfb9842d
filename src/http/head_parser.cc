#include "http/head_parser.h"

#include <optional>
#include <string>

#include "base/text.h"
#include "http/syntax.h"

namespace coffer::http {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

std::size_t count_fields(const Headers& headers, std::string_view name) {
  std::size_t count = 0;
  for (const auto& field : headers) count += equal_ignoring_case(field.name, name) ? 1 : 0;
  return count;
}

// Adds what a line says, `name: value`; false for another line. Blanks before the colon are
// refused, and at the beginning too, as of a line that goes on with the one before (obs-fold):
// readers disagree about what these mean (RFC 9112 sections 5.1, 5.2).
bool add_field(Headers& headers, std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == line.npos) return false;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = line.substr(colon + 1);
  if (!is_token(name) || !is_field_text(value)) return false;
  headers.add(name, trim(value));
  return true;
}

bool keeps_alive(const Headers& headers, bool http_1_0) {
  const auto connection = headers.joined("Connection");
  if (!connection) return !http_1_0;
  if (lists_token(*connection, "close")) return false;
  return !http_1_0 || lists_token(*connection, "keep-alive");
}

HeadParser::Result bad(BadMessage why) { return {HeadParser::Verdict::kBad, {}, why}; }

}  // namespace

std::optional<BadMessage> HeadParser::check_request_line(std::string_view line) {
  constexpr std::string_view kProtocol = "HTTP/";
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == 0 || first == std::string_view::npos || last == first) return BadMessage::kMalformed;
  if (line.find(' ', first + 1) != last) return BadMessage::kMalformed;
  const std::string_view version = line.substr(last + 1);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (version.size() != kProtocol.size() + 3 || !version.starts_with(kProtocol) ||
      !is_digit(version[5]) || version[6] != '.' || !is_digit(version[7])) {
    return BadMessage::kMalformed;
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return BadMessage::kUnsupportedVersion;
  return std::nullopt;
}

HeadParser::Result HeadParser::parse(ByteView data, std::size_t most, Request& request) {
  const std::string_view text = as_text(data);
  const std::size_t end = text.find(kHeadEnd);
  if (end == text.npos) {
    return data.size() >= most ? bad(BadMessage::kHeadTooLarge) : Result{Verdict::kIncomplete};
  }
  const std::size_t taken = end + kHeadEnd.size();
  if (taken > most) return bad(BadMessage::kHeadTooLarge);
  std::string_view rest = text.substr(0, end + kLineEnd.size());
  const auto next_line = [&rest] {
    const std::string_view line = rest.substr(0, rest.find(kLineEnd));
    rest.remove_prefix(line.size() + kLineEnd.size());
    return line;
  };

  const std::string_view line = next_line();
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  request.method_name = line.substr(0, first);
  if (!is_token(request.method_name)) return bad(BadMessage::kMalformed);
  request.method = method_from(request.method_name);
  request.target = line.substr(first + 1, last - first - 1);
  const bool http_1_0 = line.ends_with('0');
  request.headers.clear();
  while (!rest.empty()) {
    if (!add_field(request.headers, next_line())) return bad(BadMessage::kMalformed);
  }

  const Headers& headers = request.headers;
  const std::size_t hosts = count_fields(headers, "Host");
  if (hosts > 1 || (!http_1_0 && hosts == 0)) return bad(BadMessage::kMalformed);
  if (hosts == 1 && !is_authority(*headers.get("Host"))) return bad(BadMessage::kMalformed);

  Result result{Verdict::kComplete};
  Framing& framing = result.head.framing;
  framing.http_1_0 = http_1_0;
  if (const auto coding = headers.joined("Transfer-Encoding")) {
    if (http_1_0 || headers.get("Content-Length")) return bad(BadMessage::kMalformed);
    if (!equal_ignoring_case(trim(*coding), "chunked")) return bad(BadMessage::kUnsupportedCoding);
    framing.chunked = true;
  } else if (const auto length = headers.get("Content-Length")) {
    framing.length = parse_unsigned(*length);
    if (!framing.length || count_fields(headers, "Content-Length") > 1) {
      return bad(BadMessage::kMalformed);
    }
  }
  framing.keep_alive = keeps_alive(headers, http_1_0);
  if (const auto expect = headers.get("Expect"); expect && !http_1_0) {
    framing.expects_continue = equal_ignoring_case(trim(*expect), "100-continue");
  }
  auto uri = parse_target(request.target);
  if (!uri) return bad(BadMessage::kMalformed);
  const bool whole_server = uri->raw_path == "*";
  if (whole_server && request.method != Method::kOptions) return bad(BadMessage::kMalformed);
  if (!uri->authority.empty()) request.headers.set("Host", uri->authority);
  request.uri = std::move(*uri);
  result.head.size = taken;
  return result;
}

}  // namespace coffer::http
