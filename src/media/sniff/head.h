// How a file begins, for what tells its type.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "media/sniff/extensions.h"
#include "media/sniff/type.h"

namespace coffer::media {

// What the first bytes say. With a family, an extension of the same family refines it.
struct Match {
  Type type;
  Family family = Family::kOwn;
};

// The first bytes of a file. Everything that tells types asks it for what may lie past its end.
class Head {
 public:
  explicit Head(ByteView bytes) noexcept : text_(as_text(bytes)) {}

  bool has(std::size_t offset, std::string_view what) const noexcept {
    return offset <= text_.size() && text_.substr(offset).starts_with(what);
  }
  // Zero past the end.
  unsigned at(std::size_t offset) const noexcept {
    return offset < text_.size() ? static_cast<unsigned char>(text_[offset]) : 0;
  }
  // Four bytes, the first of them the highest.
  std::uint32_t number(std::size_t offset) const noexcept {
    return at(offset) << 24U | at(offset + 1) << 16U | at(offset + 2) << 8U | at(offset + 3);
  }
  std::size_t size() const noexcept { return text_.size(); }
  std::string_view from(std::size_t offset) const noexcept {
    return text_.substr(std::min(offset, text_.size()));
  }

 private:
  std::string_view text_;
};

}  // namespace coffer::media
