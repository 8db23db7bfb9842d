#include "apis/kit/json_writer.h"

#include <array>
#include <cstddef>

#include "apis/kit/json_text.h"

namespace coffer::apis {
namespace {

constexpr auto kNeedsEscape = [] {
  std::array<bool, 256> needs{};
  for (std::size_t c = 0; c < 0x20; ++c) needs[c] = true;
  needs['"'] = needs['\\'] = true;
  return needs;
}();
bool needs_escape(char c) { return kNeedsEscape[static_cast<unsigned char>(c)]; }

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
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!needs_escape(text[at])) continue;
    out += text.substr(begin, at - begin);
    append_escaped(out, text[at]);
    begin = at + 1;
  }
  out += text.substr(begin);
  out += '"';
}

void append_json(std::string& out, double number) { append_number(out, number); }

void append_json(std::string& out, Time time) {
  out += '"';
  out += to_iso8601(time);
  out += '"';
}

}  // namespace coffer::apis
