// Frames of a decoder as pixels.
#pragma once

#include <expected>

#include "media/protocol/reply.h"
#include "media/worker/av.h"
#include "media/worker/pixels.h"

namespace coffer::media {

// The colours of a stream or frame, where they are told.
Cicp cicp_of(AVColorPrimaries primaries, AVColorTransferCharacteristic transfer) noexcept;

// The frame, scaled to that size. 16 bits where its brightness goes beyond that of sRGB.
std::expected<Pixels, Failure> pixels_of(const AVFrame& frame, std::uint32_t width,
                                         std::uint32_t height);

}  // namespace coffer::media
