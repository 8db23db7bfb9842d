// What to say of a word on the command line that is none of the program's.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coffer::cli {

// The one of `words` that `typed` was most likely meant to be: at most a third of its letters, and
// at least one, are missing, too many, other ones or swapped, or it is the beginning of that word
// alone. Nothing where none is near.
std::optional<std::string> nearest_word(std::string_view typed,
                                        const std::vector<std::string>& words);

// The sentence for the first word that `app` did not understand: it names the word, the nearest
// right one, and else all that can stand there. Nothing when it understood all words.
std::optional<std::string> explain_unknown_word(const CLI::App& app);

// The sentence for a command line that lacks something: it names the command, and those that can
// follow it, or else `what` is missing.
std::string explain_missing_word(const CLI::App& app, std::string_view what);

}  // namespace coffer::cli
