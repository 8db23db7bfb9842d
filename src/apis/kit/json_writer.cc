#include "apis/kit/json_writer.h"

#include <cstddef>

#include "apis/kit/json_text.h"

namespace coffer::apis {
namespace {

bool needs_escape(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

// Most texts have none. To the end whatever it finds, and in bytes, so that the compiler looks at
// many at once.
bool has_escapes(std::string_view text) noexcept {
  unsigned char found = 0;
  for (const char c : text) found = static_cast<unsigned char>(found | (needs_escape(c) ? 1 : 0));
  return found != 0;
}

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\u00";
  out += kDigits[static_cast<unsigned char>(c) >> 4U];
  out += kDigits[static_cast<unsigned char>(c) & 15U];
}

}  // namespace

void append_json(std::string& out, std::string_view text) {
  out += '"';
  if (has_escapes(text)) {
    for (const char c : text) {
      if (needs_escape(c)) {
        append_escaped(out, c);
      } else {
        out += c;
      }
    }
  } else {
    out += text;
  }
  out += '"';
}

void append_json(std::string& out, double number) { append_number(out, number); }

void append_json(std::string& out, Time time) {
  out += '"';
  append_iso8601(out, time);
  out += '"';
}

}  // namespace coffer::apis
