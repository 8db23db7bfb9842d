// Which files can be assets.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "vault/model/types.h"

namespace coffer::vault {

// kImage or kVideo, by the extension of the name, in either case; nothing for all others.
std::optional<FileKind> asset_kind(std::string_view filename);

// Whether bytes that begin with `head`, the first kHeadBytes or all, are what the extension of the
// name says. REQUIRES: asset_kind(filename).
bool is_asset(std::string_view filename, ByteView head, const Classify& classify);

// The extension of the name with its dot, in lower case, for the file's public address: letters and
// digits alone, at most 10; empty where it has none.
std::string asset_extension(std::string_view filename);

}  // namespace coffer::vault
