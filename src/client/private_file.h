// Small files of the user's own, which others may not read and which are replaced as a whole.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "client/descriptor.h"

namespace coffer::client {

// The text of a file; nothing where there is none. Throws Error.
std::optional<std::string> read_file(const std::filesystem::path& path);

// Puts a file with that text, mode 0600, in place of the one that is there: after a crash one of
// the two is there. Throws Error. REQUIRES: no other process does so at the same time.
void replace_file(const std::filesystem::path& path, std::string_view text);

// Holds the lock of a file, which is made where it is missing, until the descriptor is closed.
// Waits where another run holds it. Throws Error.
Descriptor lock_file(const std::filesystem::path& path);

}  // namespace coffer::client
