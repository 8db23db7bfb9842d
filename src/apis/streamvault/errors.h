// The document's errors: what is not there, and the core's failures in the words of a call.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "apis/gateway/dialect.h"

namespace coffer::apis::streamvault {

// What a call is about.
enum class Resource { kFile, kFolder, kUpload };

// 404 `{"error": "File not found"}`.
Problem not_found(Resource resource);

// What a form without its file is told; `is_text`: something else has the name of the file's part.
std::string no_file(bool is_text);

// What the call calls fields of the core.
struct FieldNames {
  std::string_view name = "name";
  std::string_view parent = "parent";
};

// `failure` as this dialect tells it. A folder that a field names and that is not there is a
// folder not found, whatever the call is about.
Problem translate(const vault::Failure& failure, Resource resource, FieldNames names = {});

// The same for registration, where a name that is taken is a fault of its field.
Problem translate_account(const vault::Failure& failure);

// 400 with the numbers of the chunks, where `failure` tells of any.
std::optional<http::Response> missing_chunks_response(const vault::Failure& failure);

}  // namespace coffer::apis::streamvault
