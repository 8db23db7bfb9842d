#include "base/utf8.h"

namespace coffer {

void append_utf8(std::string& out, char32_t code) {
  const auto byte = [&out](char32_t value) { out += static_cast<char>(value); };
  const auto tail = [&](unsigned shift) { byte(0x80U | ((code >> shift) & 0x3fU)); };
  if (code < 0x80) return byte(code);
  if (code < 0x800) {
    byte(0xc0U | code >> 6U);
    return tail(0);
  }
  if (code < 0x10000) {
    byte(0xe0U | code >> 12U);
  } else {
    byte(0xf0U | code >> 18U);
    tail(12);
  }
  tail(6);
  tail(0);
}

}  // namespace coffer
