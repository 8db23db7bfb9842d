// Text files as a page shows them: text, never markup.
#pragma once

#include <optional>
#include <string>

#include "base/task.h"
#include "vault/vault.h"

namespace coffer::apis::pages {

// Of a longer text the beginning is shown, in bytes.
inline constexpr std::size_t kExcerptMax = std::size_t{64} << 10U;

struct TextExcerpt {
  std::string html;     // escaped; may be empty
  bool is_cut = false;  // the text goes on
};

// How the file begins. Nothing where that is not text in UTF-8. Throws when the store has lost the
// bytes. REQUIRES: a file.
Task<std::optional<TextExcerpt>> read_excerpt(vault::Vault& vault, const vault::Entry& file);

// The first kExcerptMax bytes of `text`, or fewer where a character would be cut; the same as
// read_excerpt(). At the end of a line where one is near.
std::optional<TextExcerpt> excerpt_of(std::string_view text);

}  // namespace coffer::apis::pages
