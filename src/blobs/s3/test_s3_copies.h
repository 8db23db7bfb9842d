// What requests to the S3 service in the process read of the objects that are there.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "http/test_upstream_server.h"
#include "http/uri.h"

namespace coffer::blobs::s3::test {

// `range`: `bytes=0-9`; nothing where the bytes do not reach that far.
inline std::optional<std::string> range_of(const std::string& bytes, const std::string& range) {
  const auto from = std::stoull(range.substr(6));
  const auto to = std::stoull(range.substr(range.find('-') + 1));
  if (to >= bytes.size()) return std::nullopt;
  return bytes.substr(from, to - from + 1);
}

// What a PUT stores: its body, or what it copies; nothing where that is not there.
inline std::optional<std::string> stored_by(const http::test::ServedRequest& request,
                                            const std::map<std::string, std::string>& objects) {
  const auto& fields = request.headers;
  if (!fields.contains("x-amz-copy-source")) return request.body;
  const std::string path = http::percent_decode(fields.at("x-amz-copy-source")).value();
  const auto found = objects.find(path.substr(path.find('/', 1) + 1));
  if (found == objects.end()) return std::nullopt;
  if (!fields.contains("x-amz-copy-source-range")) return found->second;
  return range_of(found->second, fields.at("x-amz-copy-source-range"));
}

}  // namespace coffer::blobs::s3::test
