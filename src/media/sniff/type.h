// What a file is, told by its first bytes and its name. Both come from strangers: a wrong
// answer is possible, a dangerous one is not, for browsers are told not to guess again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace coffer::media {

enum class Kind : std::uint8_t { kImage, kVideo, kAudio, kDocument, kOther };

// `image`, `video`, `audio`, `document` or `other`, and back.
std::string_view name_of(Kind kind) noexcept;
std::optional<Kind> kind_of(std::string_view name) noexcept;

struct Type {
  std::string_view media_type;  // `image/jpeg`; lives as long as the program
  Kind kind;

  friend bool operator==(const Type&, const Type&) = default;
};

// As many of a file's first bytes as type_of() wants to see.
inline constexpr std::size_t kHeadBytes = 512;

// The type of a file of this name that begins with `head` (all of it when it is shorter than
// kHeadBytes). First bytes that are recognised decide, and the extension refines what shares
// a container; else the extension decides.
// Text that is UTF-8 says so: `text/plain; charset=utf-8`.
Type type_of(std::string_view filename, ByteView head);

}  // namespace coffer::media
