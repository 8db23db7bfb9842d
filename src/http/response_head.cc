#include "http/response_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace coffer::http {
namespace {

// More than most heads take.
constexpr std::size_t kHeadReserve = 768;

void append_number(std::string& out, std::uint64_t number) {
  const fmt::format_int digits(number);
  out.append(digits.data(), digits.size());
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

// Whatever got into a value, it cannot end the field.
std::string harmless(std::string_view value) {
  std::string text(value);
  std::ranges::replace_if(
      text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
  return text;
}

// RFC 9110 section 6.6.1. Most heads of a thread have the second of the one before.
const std::string& date_text(Time now) {
  struct Last {
    std::chrono::sys_seconds second{std::chrono::seconds(-1)};
    std::string text;
  };
  static thread_local Last last;
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  if (second != last.second) last = {second, to_http_date(now)};
  return last.text;
}

}  // namespace

bool has_no_body(unsigned status) noexcept { return status == 204 || status == 304; }

std::string response_head(const Response& response, const ResponseFrame& frame) {
  std::string head;
  head.reserve(kHeadReserve);
  head += "HTTP/1.1 ";
  append_number(head, response.status);
  head += ' ';
  head += reason_phrase(response.status);
  head += "\r\n";
  append_field(head, "Date", date_text(frame.now));
  // RFC 9110 section 8.6: 204 has no Content-Length, 304 may leave it out.
  if (!has_no_body(response.status)) {
    if (!response.rest) {
      head += "Content-Length: ";
      append_number(head, response.length());
      head += "\r\n";
    } else if (!frame.http_1_0) {
      append_field(head, "Transfer-Encoding", "chunked");
    }
  }
  if (!frame.keep_alive) {
    append_field(head, "Connection", "close");
  } else if (frame.http_1_0) {
    append_field(head, "Connection", "keep-alive");
  }
  append_field(head, "X-Request-Id", frame.request_id);
  if (response.headers.are_field_text()) {
    for (const auto& field : response.headers) append_field(head, field.name, field.value);
  } else {
    for (const auto& field : response.headers) {
      append_field(head, field.name, harmless(field.value));
    }
  }
  head += "\r\n";
  return head;
}

}  // namespace coffer::http
