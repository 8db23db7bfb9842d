// The pages' content.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apis/pages/text_excerpt.h"
#include "http/message.h"
#include "vault/model/types.h"

namespace coffer::apis::pages {

// Where a page stands: what is shared, and the way from there to what the page shows.
struct PageLocation {
  std::string_view base_path;  // Client::base_path
  std::string_view base_url;   // Client::base_url
  Uuid token;
  // From what is shared, which is first, to the shown one. A shared collection stands in it as a
  // folder without a number.
  std::vector<vault::Entry> way;
  bool may_download = true;     // false: it is shared to be looked at
  bool is_counted = false;      // each file that is sent counts: no more than thumbnails is loaded
  bool makes_pictures = false;  // Pictures::has_maker()

  const vault::Entry& shown() const { return way.back(); }
};

// One page of what lies in a folder.
struct Listing {
  std::vector<vault::Entry> entries;  // folders, then files
  bool is_start = true;               // nothing comes before
  bool is_end = true;                 // nothing comes after
};

// One page of a shared collection.
struct Gallery {
  std::vector<vault::Entry> files;  // in the collection's order
  std::uint64_t total = 0;          // files of all pages
  std::uint64_t page = 1;
  std::uint64_t pages = 1;
};

// What a page is made of (apis/kit/page.h).
struct View {
  std::string head = {};     // HTML: what a link to the page looks like in a chat
  std::string content = {};  // HTML
  bool has_frame = false;
};

// Folders as a list, pictures and films as tiles, everything else as a list below.
View folder_view(const PageLocation& place, const Listing& listing);
// `excerpt`: of a file that is_text_shown(); nothing where it turned out to be none.
View file_view(const PageLocation& place, const std::optional<TextExcerpt>& excerpt);
// As a folder.
View gallery_view(const PageLocation& place, const Gallery& gallery);
// Asks for the password of what is shared at `path`. `is_wrong`: the one that was given was.
View password_view(const std::string& path, bool is_wrong);

// What every reply with something shared has: neither a search engine nor the address of another
// site learns where it came from.
void keep_private(http::Response& response);

// The view of the file as the page of `place`, for which the beginning of a text is read.
Task<View> read_file_view(vault::Vault& vault, const PageLocation& place);
// The page with the view, under the name of what it shows.
http::Response view_response(const PageLocation& place, const View& view);

// Whether the page of the file shows how its text begins.
bool is_text_shown(const PageLocation& place);
// Whether a page shows the file, or a browser what it is a link to, without keeping it.
bool is_shown(const vault::Entry& file);

}  // namespace coffer::apis::pages
