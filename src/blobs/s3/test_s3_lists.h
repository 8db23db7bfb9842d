// What the S3 service in the process lists.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <map>
#include <string>

#include "base/hash.h"
#include "http/uri.h"

namespace coffer::blobs::s3::test {

constexpr std::size_t kPage = 3;  // what a list has at once

struct Upload {
  std::string key;
  std::map<unsigned, std::string> parts;
};

inline std::string tag_of(const std::string& bytes) {
  return Sha256::of(as_bytes(bytes)).hex().substr(0, 32);
}

inline std::string uploads_xml(const std::map<std::string, Upload>& uploads) {
  std::string xml = "<ListMultipartUploadsResult>";
  for (const auto& [id, upload] : uploads) {
    xml += fmt::format("<Upload><Key>{}</Key><UploadId>upload&amp;{}</UploadId></Upload>",
                       upload.key, id.substr(7));
  }
  return xml + "</ListMultipartUploadsResult>";
}

inline std::string parts_xml(const std::map<unsigned, std::string>& parts,
                             const http::Target& target) {
  const std::string after(target.parameter("part-number-marker").value_or("0"));
  std::string listed;
  std::size_t count = 0;
  bool is_truncated = false;
  for (const auto& [number, bytes] : parts) {
    if (number <= std::stoul(after)) continue;
    is_truncated = count++ == kPage;
    if (is_truncated) break;
    listed += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>&quot;{}&quot;</ETag></Part>",
                          number, tag_of(bytes));
  }
  return fmt::format("<ListPartsResult><IsTruncated>{}</IsTruncated>{}</ListPartsResult>",
                     is_truncated, listed);
}

inline std::string objects_xml(const std::map<std::string, std::string>& objects,
                               const http::Target& target) {
  const std::string prefix(target.parameter("prefix").value_or(""));
  const std::string after(target.parameter("start-after").value_or(""));
  std::string contents;
  std::size_t count = 0;
  bool is_truncated = false;
  for (const auto& [key, bytes] : objects) {
    if (!key.starts_with(prefix) || key <= after) continue;
    is_truncated = count++ == kPage;
    if (is_truncated) break;
    contents += fmt::format("<Contents><Key>{}</Key><Size>{}</Size></Contents>", key, bytes.size());
  }
  return fmt::format("<ListBucketResult><IsTruncated>{}</IsTruncated>{}</ListBucketResult>",
                     is_truncated, contents);
}

}  // namespace coffer::blobs::s3::test
