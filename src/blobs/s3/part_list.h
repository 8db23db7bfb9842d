// The parts of an upload, as a service lists them and as it is told what to join.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace coffer::blobs::s3 {

// A part of an upload that has arrived.
struct UploadedPart {
  std::uint32_t number = 0;  // from 1
  std::string etag;
};

// The body of the request that makes the object of them; they may be in any order.
std::string completion_of(std::vector<UploadedPart> parts);

struct PartPage {
  std::vector<UploadedPart> parts;
  bool is_end = true;
};
// Throws Error where a part lacks its number or its ETag, or an unfinished list has no part.
PartPage read_parts(std::string_view xml);

}  // namespace coffer::blobs::s3
