// How alike two pictures are to people.
#pragma once

#include "media/worker/pixels.h"

namespace coffer::media {

// The structural similarity (Wang et al. 2004) of two pictures of one size, in windows of 8 by 8
// pixels, as FFmpeg's filter `ssim` measures it: the lower one of that of the luma, and of all
// three planes with a quarter of the chroma's samples. 1: no difference. Transparency is seen on
// white. Pictures below 8 by 8 pixels are alike only if they are the same. REQUIRES: the same size.
double ssim(const Raster& one, const Raster& other);

}  // namespace coffer::media
