#include "vault/identity/opaque_string.h"

#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

#include "base/text.h"

namespace coffer::vault {
namespace {

const std::uint8_t* units(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

std::string with_plain_spaces(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    ucs4_t point = 0;
    const auto length = static_cast<std::size_t>(u8_mbtouc(&point, units(text), text.size()));
    if (uc_is_general_category(point, UC_SPACE_SEPARATOR)) {
      out += ' ';
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

}  // namespace

std::string opaque_string(std::string_view password) {
  if (!is_utf8(password)) return std::string(password);
  const std::string spaced = with_plain_spaces(password);
  std::size_t length = 0;
  const std::unique_ptr<std::uint8_t, decltype(&std::free)> composed(
      u8_normalize(UNINORM_NFC, units(spaced), spaced.size(), nullptr, &length), &std::free);
  if (!composed && !spaced.empty()) throw std::bad_alloc();
  return {reinterpret_cast<const char*>(composed.get()), length};
}

}  // namespace coffer::vault
