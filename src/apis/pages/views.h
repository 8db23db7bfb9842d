// The pages' content.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "vault/model/types.h"

namespace coffer::apis::pages {

// Where a page stands: what is shared, and the way from there to what the page shows.
struct PageLocation {
  std::string_view base_path;  // Client::base_path
  Uuid token;
  std::vector<vault::Entry> way;  // from the shared entry, which is first, to the shown one

  const vault::Entry& shown() const { return way.back(); }
};

// One page of what lies in a folder.
struct Listing {
  std::vector<vault::Entry> entries;  // folders, then files
  bool is_start = true;               // nothing comes before
  bool is_end = true;                 // nothing comes after
};

std::string folder_view(const PageLocation& place, const Listing& listing);
std::string file_view(const PageLocation& place);

}  // namespace coffer::apis::pages
