// From the colours of a file to sRGB.
#pragma once

#include <string>

#include "media/worker/pixels.h"

namespace coffer::media {

// Loads what conversions need later, when no file can be opened any more. Called once.
void load_profiles();

// A profile that does not fit the samples is ignored; samples without any are taken for sRGB, or
// for ordinary CMYK. HDR is brought into range, its highlights compressed.
Raster to_srgb(const Pixels& pixels);

// How people call the colours: `sRGB`, `Display P3`, `CMYK`, `grey`, `BT.2020 PQ`.
std::string colour_space_name(const Bytes& profile, const std::optional<Cicp>& cicp,
                              Pixels::Model model);

// The values of a picture, or video frame, whose samples are not those of sRGB, but which has no
// profile: whether they need conversion.
bool needs_conversion(const Cicp& cicp) noexcept;

}  // namespace coffer::media
