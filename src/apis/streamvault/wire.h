// The shapes of the document.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "apis/common/dialect.h"
#include "vault/types.h"

namespace coffer::apis::streamvault {

// Version 3. `folder` is what the file lies in.
boost::json::object file_object(const Exchange& exchange, const vault::Entry& file,
                                const vault::Entry* folder);
// Without what lies in it.
boost::json::object folder_object(const Exchange& exchange, const vault::Entry& folder);

// Version 4. `folder` and `parent` are what it lies in.
boost::json::object file_object_v4(const vault::Entry& file, const vault::Entry* folder);
boost::json::object folder_object_v4(const vault::Entry& folder, const vault::Entry* parent);

// What `entry` lies in, among `parents`; null when in nothing.
const vault::Entry* parent_in(const std::map<vault::EntryId, vault::Entry>& parents,
                              const vault::Entry& entry);
// The same, from the vault.
Task<std::optional<vault::Entry>> parent_of(Exchange& exchange, vault::Entry entry);

// A file's address below /storage/media/: `uploads/2025/10/19/<uuid>_<name>`. In the name, what
// would end a URL's path or part it is an underscore.
std::string media_path(const vault::Entry& file);

// Objects as a JSON array, written as they come: lists may be long.
class JsonList {
 public:
  void add(const boost::json::object& object);
  // The whole list. REQUIRES: called once, last.
  std::string finish();

 private:
  std::string text_ = "[";
};

}  // namespace coffer::apis::streamvault
