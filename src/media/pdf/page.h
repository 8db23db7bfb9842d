// The first page of a PDF.
#pragma once

#include <expected>

#include "media/protocol/reply.h"
#include "media/worker/pixels.h"
#include "media/worker/source.h"

namespace coffer::media {

// Loads what Poppler needs, before files are out of reach; behind load_fonts(). Throws
// std::runtime_error where it does not work.
void load_poppler();

// The first page as a reader shows it, cropped and turned, on white. It is drawn at the size that
// is asked for.
std::expected<Raster, Failure> draw_first_page(Source& file, const Request& request);

}  // namespace coffer::media
