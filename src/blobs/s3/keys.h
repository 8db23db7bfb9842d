// The keys of the objects in a bucket.
#pragma once

#include <string>

#include "blobs/place.h"

namespace coffer::blobs::s3 {

// In front of the keys of blobs, and of public objects.
inline constexpr const char* kBlobPrefix = "blobs/";
inline constexpr const char* kPublicPrefix = "uploads/";

// Whether a public object is there: behind its random bytes, the place of one has its extension.
bool is_public(const Place& place) noexcept;

// `blobs/` and the place in hexadecimal, or `uploads/`, 32 hexadecimal digits and the extension.
std::string key_of(const Place& place);

}  // namespace coffer::blobs::s3
