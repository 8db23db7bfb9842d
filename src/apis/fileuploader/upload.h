// How much an upload may bring.
#pragma once

#include <cstdint>

namespace coffer::apis::fileuploader {

inline constexpr std::uint64_t kUploadMax = 100U << 20U;  // bytes of the file
// Of the whole form: what stands around the file is never this much more.
inline constexpr std::uint64_t kUploadBodyMax = kUploadMax + (1U << 20U);

}  // namespace coffer::apis::fileuploader
