#include "http/head_parser.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/text.h"
#include "http/syntax.h"

namespace coffer::http {
namespace {

constexpr std::string_view kChunked = "chunked";
// Bytes that are kept of a target that is too long.
constexpr std::size_t kShownTarget = 1024;

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

HeadParser::Result bad(BadMessage why) { return {HeadParser::Status::kBad, {}, why}; }

// RFC 9112 section 6.3: where chunked is not the last coding, nobody knows where the body ends.
std::optional<BadMessage> wrong_coding(std::string_view codings) {
  const std::size_t comma = codings.rfind(',');
  const std::size_t last = comma == codings.npos ? 0 : comma + 1;
  if (!equal_ignoring_case(trim(codings.substr(last)), kChunked)) return BadMessage::kBadFraming;
  if (last == 0) return std::nullopt;
  // Twice, or with an element that is empty: readers disagree.
  std::string_view others = codings.substr(0, comma);
  if (lists_token(others, kChunked) || lists_token(others, "")) return BadMessage::kBadFraming;
  return BadMessage::kUnsupportedCoding;
}

// `method target HTTP/d.d`, as far as its form shows.
std::optional<BadMessage> wrong_request_line(std::string_view line) {
  constexpr std::string_view kProtocol = "HTTP/";
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || last == first || !is_token(line.substr(0, first)) ||
      line.find(' ', first + 1) != last) {
    return BadMessage::kMalformed;
  }
  const std::string_view version = line.substr(last + 1);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (version.size() != kProtocol.size() + 3 || !version.starts_with(kProtocol) ||
      !is_digit(version[5]) || version[6] != '.' || !is_digit(version[7])) {
    return BadMessage::kMalformed;
  }
  // RFC 9110 section 2.5: a higher minor version is understood as the highest one that is known.
  if (version[5] != '1') return BadMessage::kUnsupportedVersion;
  return std::nullopt;
}

// Takes a line from the start of `rest`. REQUIRES: it ends in CRLF.
std::string_view take_line(std::string_view& rest) {
  const std::string_view line = rest.substr(0, rest.find(kLineEnd));
  rest.remove_prefix(line.size() + kLineEnd.size());
  return line;
}

// The head's lines, each with its end, into `request`. False when one of them is no field.
// REQUIRES: the request line is a good one.
bool read_lines(std::string_view lines, Request& request) {
  const std::string_view line = take_line(lines);
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  request.method_name = line.substr(0, first);
  request.method = method_from(request.method_name);
  request.target = line.substr(first + 1, last - first - 1);
  request.headers.clear();
  while (!lines.empty()) {
    if (!add_field(request.headers, take_line(lines))) return false;
  }
  return true;
}

// What the start of a request line that is too long, or wrong, says of whose request it is.
void read_start(std::string_view line, Request& request) {
  const std::size_t space = line.find(' ');
  if (space == line.npos || !is_token(line.substr(0, space))) return;
  request.method_name = line.substr(0, space);
  request.method = method_from(request.method_name);
  const std::string_view target = line.substr(space + 1, kShownTarget);
  request.target = target.substr(0, target.find_first_of("? "));
}

// Framing and target of a request whose lines were read.
HeadParser::Result understand(Request& request, bool http_1_0) {
  const Headers& headers = request.headers;
  const std::size_t hosts = count_fields(headers, "Host");
  if (hosts > 1 || (!http_1_0 && hosts == 0)) return bad(BadMessage::kBadHost);
  if (hosts == 1 && !is_authority(*headers.get("Host"))) return bad(BadMessage::kBadHost);

  HeadParser::Result result{HeadParser::Status::kComplete};
  Framing& framing = result.head.framing;
  framing.http_1_0 = http_1_0;
  if (const auto codings = headers.joined("Transfer-Encoding")) {
    if (http_1_0 || headers.get("Content-Length")) return bad(BadMessage::kBadFraming);
    if (const auto wrong = wrong_coding(*codings)) return bad(*wrong);
    framing.chunked = true;
  } else if (const auto length = headers.get("Content-Length")) {
    framing.length = parse_unsigned(*length);
    // Sizes are signed numbers of 64 bits wherever they are added up or stored.
    const bool is_length = framing.length && *framing.length <= INT64_MAX;
    if (!is_length || count_fields(headers, "Content-Length") > 1) {
      return bad(BadMessage::kBadFraming);
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
  return result;
}

}  // namespace

// Told by what takes more of the room: the target, or the fields.
BadMessage HeadParser::too_large(std::string_view text) const noexcept {
  const std::size_t request_line = std::min(text.find('\n'), text.size());
  return request_line > max_ / 2 ? BadMessage::kTargetTooLong : BadMessage::kHeadTooLarge;
}

HeadParser::Result HeadParser::read(ByteView data, Request& request) {
  const std::string_view text = as_text(data);
  if (text.empty() || text == "\r") return {Status::kIncomplete};
  if (!is_token(text.substr(0, 1))) return bad(BadMessage::kMalformed);
  for (;;) {
    const std::size_t end = text.substr(0, max_).find('\n', searched_);
    if (end == text.npos) break;
    searched_ = end + 1;
    if (text[end - 1] != '\r') return bad(BadMessage::kBareLineFeed);
    const std::string_view line = text.substr(line_, end - 1 - line_);
    if (line_ == 0) {
      if (const auto wrong = wrong_request_line(line)) {
        read_start(line, request);
        return bad(*wrong);
      }
    }
    line_ = end + 1;
    if (!line.empty()) continue;
    if (!read_lines(text.substr(0, end - 1), request)) return bad(BadMessage::kMalformed);
    const std::string_view request_line = text.substr(0, text.find(kLineEnd));
    Result result = understand(request, request_line.ends_with("1.0"));
    result.head.size = line_;
    return result;
  }
  searched_ = text.size();
  if (text.size() < max_) return {Status::kIncomplete};
  if (line_ > 0) {
    read_lines(text.substr(0, line_), request);
  } else {
    read_start(text, request);
  }
  return bad(too_large(text));
}

}  // namespace coffer::http
