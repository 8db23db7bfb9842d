// What to say of a command line that is wrong.
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

// The sentence for a command line that `app` did not take with `error`: it names the command. Of a
// word that is unknown it gives the nearest right one, or else all that can stand there; of a
// command that is missing, those that can follow.
std::string explain_mistake(const CLI::App& app, const CLI::ParseError& error);

}  // namespace coffer::cli
