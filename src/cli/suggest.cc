#include "cli/suggest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace coffer::cli {
namespace {

// Optimal string alignment: insertions, deletions, substitutions, swaps of neighbours.
std::size_t distance(std::string_view one, std::string_view other) {
  const std::size_t width = other.size() + 1;
  // The rows of the two letters before, and of this one.
  std::array<std::vector<std::size_t>, 3> rows;
  for (auto& row : rows) row.resize(width);
  for (std::size_t j = 0; j < width; ++j) rows[1][j] = j;
  for (std::size_t i = 1; i <= one.size(); ++i) {
    rows[2][0] = i;
    for (std::size_t j = 1; j < width; ++j) {
      const bool same = one[i - 1] == other[j - 1];
      rows[2][j] = std::min({rows[1][j] + 1, rows[2][j - 1] + 1,
                             rows[1][j - 1] + static_cast<std::size_t>(same ? 0 : 1)});
      const bool swapped =
          i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1];
      if (swapped) rows[2][j] = std::min(rows[2][j], rows[0][j - 2] + 1);
    }
    std::rotate(rows.begin(), rows.begin() + 1, rows.end());
  }
  return rows[1][width - 1];
}

// The innermost command that was given: its words are those that are not understood.
const CLI::App& innermost(const CLI::App& app) {
  const auto given = app.get_subcommands();
  return given.empty() ? app : innermost(*given.back());
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::string path_of(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  return parent ? path_of(*parent) + " " + app.get_name() : app.get_name();
}

// The sentence for the first word that `app` did not understand. Nothing: it understood all.
std::optional<std::string> explain_unknown_word(const CLI::App& app) {
  const std::vector<std::string> unknown = app.remaining(true);
  if (unknown.empty()) return std::nullopt;
  const CLI::App& command = innermost(app);
  const std::string path = path_of(command);
  const std::string word = unknown.front().substr(0, unknown.front().find('='));
  const bool is_option = word.starts_with('-');
  const std::vector<std::string> known = is_option ? options_of(command) : commands_of(command);
  std::string text;
  if (is_option) {
    text = fmt::format("`{}` has no option `{}`", path, word);
  } else if (known.empty()) {
    return fmt::format("`{}` does not take `{}`; see `{} --help`", path, word, path);
  } else {
    text = fmt::format("`{}` has no command `{}`", path, word);
  }
  if (const auto near = nearest_word(word, known)) {
    return text + fmt::format("; did you mean `{}`?", *near);
  }
  if (is_option) return text + fmt::format("; see `{} --help`", path);
  return text + fmt::format("; there is: {}", fmt::join(known, ", "));
}

}  // namespace

std::optional<std::string> nearest_word(std::string_view typed,
                                        const std::vector<std::string>& words) {
  const std::size_t max = std::max<std::size_t>(1, typed.size() / 3);
  const std::string* best = nullptr;
  std::size_t best_distance = max + 1;
  for (const std::string& word : words) {
    const std::size_t steps = distance(typed, word);
    if (steps >= best_distance) continue;
    best = &word;
    best_distance = steps;
  }
  if (best) return *best;
  const auto begins_so = [&](const std::string& word) { return word.starts_with(typed); };
  const auto first = std::find_if(words.begin(), words.end(), begins_so);
  const bool is_only = first != words.end() && std::none_of(first + 1, words.end(), begins_so);
  if (is_only) return *first;
  return std::nullopt;
}

std::string explain_mistake(const CLI::App& app, const CLI::ParseError& error) {
  if (auto unknown = explain_unknown_word(app)) return *std::move(unknown);
  const CLI::App& command = innermost(app);
  const std::string path = path_of(command);
  const std::vector<std::string> known = commands_of(command);
  if (!known.empty() && dynamic_cast<const CLI::RequiredError*>(&error)) {
    return fmt::format("`{}` needs a command; there is: {}", path, fmt::join(known, ", "));
  }
  return fmt::format("`{}`: {}; see `{} --help`", path, error.what(), path);
}

}  // namespace coffer::cli
