#include "blobs/s3/part_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "blobs/blob_store.h"
#include "blobs/s3/errors.h"

namespace coffer::blobs::s3 {
namespace {

// S3's bound on an upload.
constexpr std::uint64_t kPartNumberMax = 10'000;

}  // namespace

std::string completion_of(std::vector<UploadedPart> parts) {
  std::ranges::sort(parts, {}, &UploadedPart::number);
  std::string xml = "<CompleteMultipartUpload>";
  for (const UploadedPart& part : parts) {
    xml += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", part.number,
                       xml_escape(part.etag));
  }
  return xml + "</CompleteMultipartUpload>";
}

PartPage read_parts(std::string_view xml) {
  PartPage page{.parts = {}, .is_end = xml_text(xml, "IsTruncated") != "true"};
  for (const std::string_view part : xml_elements(xml, "Part")) {
    const auto number = parse_unsigned(xml_text(part, "PartNumber").value_or(""));
    auto etag = xml_text(part, "ETag");
    if (!number || *number > kPartNumberMax || !etag) {
      throw Error("the S3 service listed a part without a number or an ETag");
    }
    page.parts.push_back({.number = static_cast<std::uint32_t>(*number), .etag = std::move(*etag)});
  }
  if (page.parts.empty() && !page.is_end) {
    throw Error("the S3 service gave an empty page of a list of parts");
  }
  return page;
}

}  // namespace coffer::blobs::s3
