// The link shortener: a text file that is nothing but one link leads there.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/task.h"
#include "vault/vault.h"

namespace coffer::apis::fileuploader {

// The link in `text`, if it is one `http` or `https` URL of at most 2048 bytes and nothing else but
// line ends behind it: in ASCII, with everything escaped that may not stand in a URL. `text` is
// UTF-8, or begins with the byte order mark of UTF-8 or UTF-16.
std::optional<std::string> link_of(std::string_view text);

// Where the file leads, if its name ends in `.txt` and link_of() finds a link in it.
Task<std::optional<std::string>> find_redirect(vault::Vault& vault, const vault::Entry& file);

}  // namespace coffer::apis::fileuploader
