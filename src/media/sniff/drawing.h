// Files that say how a picture is drawn, and have no pixels of their own.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace coffer::media {

enum class DrawingFormat : std::uint8_t { kNone, kPdf, kSvg };

// As many of a file's first bytes as drawing_format() wants to see.
inline constexpr std::size_t kDrawingHeadBytes = 4096;

// Which of them a file is that begins with `head` (all of it when it is shorter).
DrawingFormat drawing_format(ByteView head);

}  // namespace coffer::media
