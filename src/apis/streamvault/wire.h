// The shapes of the document.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "apis/gateway/dialect.h"
#include "vault/model/types.h"

namespace coffer::apis::streamvault {

// Of a file or a folder, in characters.
inline constexpr std::size_t kNameMax = 255;

// Of its small picture, by its share token; empty until there is one.
std::string thumbnail_url(const std::string& base_url, const vault::Entry& file);

// Version 3, with what the document's own web client reads besides. `base_url` is the client's,
// `folder` the name of what the file lies in; null: nothing.
boost::json::object file_object(const std::string& base_url, const vault::Entry& file,
                                const std::string* folder);
// Without what lies in it.
boost::json::object folder_object(const std::string& base_url, const vault::Entry& folder);

// Version 4. `folder` and `parent` are what it lies in.
boost::json::object file_object_v4(const vault::Entry& file, const vault::Entry* folder);
boost::json::object folder_object_v4(const vault::Entry& folder, const vault::Entry* parent);

// A file's address below /storage/media/: `uploads/2025/10/19/<media_uuid()>_<name>`. In the name,
// what would end a URL's path or part it is an underscore.
std::string media_path(const vault::Entry& file);

}  // namespace coffer::apis::streamvault
