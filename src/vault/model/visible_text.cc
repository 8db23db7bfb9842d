#include "vault/model/visible_text.h"

#include <unictype.h>
#include <unistr.h>

#include <cstddef>
#include <cstdint>

namespace coffer::vault {
namespace {

constexpr ucs4_t kNonJoiner = 0x200c;
constexpr ucs4_t kJoiner = 0x200d;
constexpr ucs4_t kTextStyle = 0xfe0e;
constexpr ucs4_t kEmojiStyle = 0xfe0f;
constexpr ucs4_t kBrailleBlank = 0x2800;
constexpr int kVirama = 9;  // canonical combining class

bool shows_nothing(ucs4_t point) noexcept {
  return uc_is_property_default_ignorable_code_point(point) || uc_is_property_bidi_control(point) ||
         uc_is_general_category(point, UC_LINE_SEPARATOR) ||
         uc_is_general_category(point, UC_PARAGRAPH_SEPARATOR) || point == kBrailleBlank ||
         (point >= 0xfff9 && point <= 0xfffb);
}

bool is_pictograph(ucs4_t point) noexcept {
  return uc_is_property_extended_pictographic(point) || uc_is_property_emoji_modifier(point);
}

bool joins_forward(ucs4_t point) noexcept {
  const int type = uc_joining_type(point);
  return type == UC_JOINING_TYPE_L || type == UC_JOINING_TYPE_D;
}

bool joins_backward(ucs4_t point) noexcept {
  const int type = uc_joining_type(point);
  return type == UC_JOINING_TYPE_R || type == UC_JOINING_TYPE_D;
}

// `point` between its neighbours; 0 where there is none.
bool belongs_to_neighbours(ucs4_t before, ucs4_t point, ucs4_t after) noexcept {
  switch (point) {
    case kTextStyle:
    case kEmojiStyle: return uc_is_property_emoji(before);
    case kJoiner:
      return ((is_pictograph(before) || before == kEmojiStyle) && is_pictograph(after)) ||
             uc_combining_class(before) == kVirama;
    case kNonJoiner:
      return uc_combining_class(before) == kVirama ||
             (joins_forward(before) && joins_backward(after));
    default: return false;
  }
}

// The first code point, and its length in bytes; 0 at the end.
ucs4_t first_of(std::string_view text, std::size_t& length) noexcept {
  length = 0;
  if (text.empty()) return 0;
  ucs4_t point = 0;
  length = static_cast<std::size_t>(
      u8_mbtouc(&point, reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
  return point;
}

}  // namespace

bool has_invisible(std::string_view text) noexcept {
  ucs4_t before = 0;
  std::size_t length = 0;
  ucs4_t point = first_of(text, length);
  while (length > 0) {
    text.remove_prefix(length);
    const ucs4_t after = first_of(text, length);
    if (shows_nothing(point) && !belongs_to_neighbours(before, point, after)) return true;
    before = point;
    point = after;
  }
  return false;
}

}  // namespace coffer::vault
