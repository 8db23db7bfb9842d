// All settings as a page of documentation.
#include <fmt/format.h>

#include <iterator>
#include <string>
#include <string_view>

#include "config/settings.h"

namespace coffer::config {
namespace {

constexpr std::string_view kHead =
    R"(# Settings

Written by `coffer config reference` from the program's own table. Do not edit it: `make settings` writes it again.

Settings come from a TOML file (`--config`, or `COFFER_CONFIG`), the environment and flags; later sources override earlier ones. The setting `http.head_bytes` is

- `head_bytes = "64KiB"` below `[http]` in the file,
- `COFFER_HTTP_HEAD_BYTES=64KiB` in the environment,
- `--http.head-bytes 64KiB` as a flag of `coffer serve`.

A list is an array in the file, and separated by commas elsewhere; its flag may be repeated. Sizes take `B`, `KiB`, `MiB`, `GiB` and `TiB`, durations `ms`, `s`, `m`, `h` and `d`. `coffer config print` shows the value that each setting has, and where it comes from. A setting that is unknown or malformed ends the start with a message that names it.
)";

// As the cell of a table.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string_view section_of(std::string_view name) {
  const std::size_t dot = name.find('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(0, dot);
}

}  // namespace

std::string reference() {
  std::string page(kHead);
  auto out = std::back_inserter(page);
  const auto begin_section = [&](std::string_view section) {
    fmt::format_to(out,
                   "\n## {}\n\n| setting | default | expected | meaning |\n|---|---|---|---|\n",
                   section.empty() ? "General" : fmt::format("`[{}]`", section));
  };
  std::string_view section;
  begin_section(section);
  for (const SettingInfo& setting : known_settings()) {
    if (section_of(setting.name) != section) {
      section = section_of(setting.name);
      begin_section(section);
    }
    const std::string fallback =
        setting.fallback.empty() ? "empty" : fmt::format("`{}`", setting.fallback);
    fmt::format_to(out, "| `{}` | {} | {} | {} |\n", setting.name, cell(fallback),
                   cell(setting.expected), cell(setting.description));
  }
  return page;
}

}  // namespace coffer::config
