#include "blobs/s3/keys.h"

#include "base/bytes.h"
#include "base/text.h"
#include "blobs/places.h"

namespace coffer::blobs::s3 {

bool is_public(const Place& place) noexcept { return place.bytes().size() > Places::kPlaceBytes; }

std::string key_of(const Place& place) {
  const ByteView bytes = place.bytes();
  if (!is_public(place)) return kBlobPrefix + to_hex(bytes);
  std::string key = kPublicPrefix + to_hex(bytes.first(Places::kPlaceBytes));
  key += as_text(bytes.subspan(Places::kPlaceBytes));
  return key;
}

}  // namespace coffer::blobs::s3
