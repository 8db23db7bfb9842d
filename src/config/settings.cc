#include "config/settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <type_traits>

#include "base/text.h"
#include "config/settings_table.h"
#include "config/settings_values.h"

namespace coffer::config {
namespace {

constexpr std::string_view kPrefix = "COFFER_";
constexpr std::string_view kConfigVariable = "COFFER_CONFIG";
// Variables that are no settings: the settings file, and the program that the tests run.
constexpr auto kOtherVariables =
    std::to_array<std::string_view>({kConfigVariable, "COFFER_BINARY"});

std::string environment_name(std::string_view name) {
  std::string out(kPrefix);
  for (const char c : name) {
    out += c == '.' ? '_' : (c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  }
  return out;
}

std::string flag_name(std::string_view name) {
  std::string out = fmt::format("--{}", name);
  std::ranges::replace(out, '_', '-');
  return out;
}

// A hint at the name that was probably meant, or nothing.
template <class Names>
std::string hint(const Names& names, std::string_view wrong) {
  constexpr std::size_t kLettersPerMistake = 4;
  std::string best;
  std::size_t min = std::max<std::size_t>(2, wrong.size() / kLettersPerMistake) + 1;
  for (const auto& name : names) {
    const std::size_t distance = edit_distance(wrong, name);
    if (distance < min) {
      min = distance;
      best = fmt::format("; did you mean {}?", name);
    }
  }
  return best;
}

std::vector<std::string> all_names(std::string (*form)(std::string_view)) {
  std::vector<std::string> names;
  for (const Definition& definition : definitions()) names.push_back(form(definition.name));
  return names;
}

[[noreturn]] void fail_unknown(std::string_view place, std::string_view name,
                               std::string_view similar) {
  throw SettingsError(
      fmt::format("{}: {}: unknown setting, expected one of those that `coffer config print` "
                  "lists{}",
                  place, name, similar));
}

[[noreturn]] void fail_malformed(std::string_view place, const Definition& definition,
                                 std::string_view found) {
  const std::string what = definition.is_secret ? "" : fmt::format(", not {}", found);
  throw SettingsError(fmt::format("{}: {}: expected {}{}", place, definition.name,
                                  expectation(definition.shape), what));
}

std::size_t index_of(const Definition& definition) {
  return static_cast<std::size_t>(&definition - definitions().data());
}

// The settings while they are gathered: one value and its place for each definition.
class Gathering {
 public:
  void set(const Definition& definition, Value value, std::string place) {
    const std::size_t index = index_of(definition);
    values_[index] = std::move(value);
    places_[index] = std::move(place);
  }

  void set_text(const Definition& definition, std::string_view given, std::string place) {
    std::optional<Value> value = parse_value(definition.shape, given);
    if (!value) fail_malformed(place, definition, json_quoted(given));
    set(definition, *std::move(value), std::move(place));
  }

  bool is_empty(const Definition& definition) const {
    const auto* text = std::get_if<std::string>(&values_[index_of(definition)]);
    return text != nullptr && text->empty();
  }

  Settings settings() const {
    Settings out;
    for (const Definition& definition : definitions()) {
      definition.store(out, values_[index_of(definition)]);
    }
    out.places = places_;
    return out;
  }

 private:
  std::vector<Value> values_ = std::vector<Value>(definitions().size());
  std::vector<std::string> places_ = std::vector<std::string>(definitions().size());
};

const Definition* find_by_name(std::string_view name) {
  const auto found = std::ranges::find(definitions(), name, &Definition::name);
  return found == definitions().end() ? nullptr : &*found;
}

// Whether settings stand inside of `section`, given with the dot at its end.
bool is_section(std::string_view section) {
  return std::ranges::any_of(definitions(), [&](const Definition& definition) {
    return definition.name.starts_with(section);
  });
}

// The settings of a TOML document.
class FileReader {
 public:
  FileReader(const std::string& file, Gathering& into) : file_(file), into_(into) {}

  void read() {
    std::ifstream stream(file_, std::ios::binary);
    std::string content;
    std::array<char, 4096> buffer{};
    while (stream.read(buffer.data(), buffer.size()), stream.gcount() > 0) {
      content.append(buffer.data(), static_cast<std::size_t>(stream.gcount()));
    }
    if (!stream.eof()) {
      throw SettingsError(
          fmt::format("{}: cannot be read, expected a settings file in TOML", file_));
    }
    try {
      read_table(toml::parse(content, file_), "");
    } catch (const toml::parse_error& error) {
      throw SettingsError(
          fmt::format("{}: expected TOML: {}", place(error.source()), error.description()));
    }
  }

 private:
  std::string place(const toml::source_region& region) const {
    return fmt::format("{}:{}:{}", file_, region.begin.line, region.begin.column);
  }

  void read_table(const toml::table& table, const std::string& section) {
    for (const auto& [key, node] : table) {
      const std::string name = section + std::string(key.str());
      const std::string inside = name + '.';
      if (const Definition* definition = find_by_name(name)) {
        read_value(*definition, node);
      } else if (is_section(inside)) {
        if (!node.is_table()) {
          throw SettingsError(
              fmt::format("{}: {}: expected a section, [{}]", place(key.source()), name, name));
        }
        read_table(*node.as_table(), inside);
      } else {
        fail_unknown(place(key.source()), name,
                     hint(all_names([](std::string_view n) { return std::string(n); }), name));
      }
    }
  }

  void read_value(const Definition& definition, const toml::node& node) {
    const Kind kind = definition.shape.kind;
    std::string where = place(node.source());
    if (is_list(kind)) {
      into_.set(definition, read_list(definition, node), std::move(where));
    } else if (kind == Kind::kBoolean && node.is_boolean()) {
      into_.set(definition, node.as_boolean()->get(), std::move(where));
    } else if ((kind == Kind::kInteger || kind == Kind::kSize || is_no_time(kind, node)) &&
               node.is_integer()) {
      into_.set_text(definition, fmt::to_string(node.as_integer()->get()), std::move(where));
    } else if (kind != Kind::kBoolean && kind != Kind::kInteger && node.is_string()) {
      into_.set_text(definition, node.as_string()->get(), std::move(where));
    } else {
      fail_malformed(where, definition, description(node));
    }
  }

  Value read_list(const Definition& definition, const toml::node& node) const {
    if (!node.is_array()) fail_malformed(place(node.source()), definition, description(node));
    std::vector<std::string> items;
    for (const toml::node& element : *node.as_array()) {
      if (!element.is_string() || !check_items(definition.shape, {element.as_string()->get()})) {
        fail_malformed(place(element.source()), definition, description(element));
      }
      items.push_back(element.as_string()->get());
    }
    return items;
  }

  static bool is_no_time(Kind kind, const toml::node& node) {
    return kind == Kind::kDuration && node.is_integer() && node.as_integer()->get() == 0;
  }

  static std::string description(const toml::node& node) {
    if (node.is_string()) return json_quoted(node.as_string()->get());
    if (node.is_integer()) return fmt::format("the number {}", node.as_integer()->get());
    std::ostringstream type;
    type << node.type();
    return fmt::format("a value of type {}", type.str());
  }

  const std::string& file_;
  Gathering& into_;
};

void read_environment(const std::vector<std::string>& environment, Gathering& into) {
  for (const std::string_view variable : environment) {
    if (!variable.starts_with(kPrefix)) continue;
    const std::size_t equals = std::min(variable.find('='), variable.size());
    const std::string_view name = variable.substr(0, equals);
    if (std::ranges::find(kOtherVariables, name) != kOtherVariables.end()) continue;
    const auto definition = std::ranges::find_if(definitions(), [&](const Definition& candidate) {
      return environment_name(candidate.name) == name;
    });
    if (definition == definitions().end()) {
      fail_unknown("environment variable", name, hint(all_names(environment_name), name));
    }
    into.set_text(*definition, variable.substr(std::min(equals + 1, variable.size())),
                  fmt::format("environment variable {}", name));
  }
}

// Into what the other sources left empty.
void read_other_variables(const std::vector<std::string>& environment, Gathering& into) {
  for (const Definition& definition : definitions()) {
    if (definition.other_variable.empty() || !into.is_empty(definition)) continue;
    const std::string start = fmt::format("{}=", definition.other_variable);
    for (const std::string_view variable : environment) {
      if (!variable.starts_with(start) || variable.size() == start.size()) continue;
      into.set_text(definition, variable.substr(start.size()),
                    fmt::format("environment variable {}", definition.other_variable));
    }
  }
}

void read_flags(const std::vector<std::pair<std::string, std::string>>& flags, Gathering& into) {
  for (auto flag = flags.begin(); flag != flags.end(); ++flag) {
    const auto& [name, given] = *flag;
    const Definition* definition = find_by_name(name);
    if (definition == nullptr || definition->is_secret)
      fail_unknown("flag", flag_name(name), hint(all_names(flag_name), flag_name(name)));
    std::string text = given;
    if (is_list(definition->shape.kind)) {
      // A list's flag may be repeated; only the whole is the value.
      text.clear();
      for (const auto& [other, item] : flags) {
        if (other == name && !item.empty()) text += (text.empty() ? "" : ",") + item;
      }
    }
    into.set_text(*definition, text, fmt::format("flag {}", flag_name(name)));
  }
}

// Where the setting's value came from.
const std::string& place_of(const Settings& settings, std::string_view name) {
  return settings.places[index_of(*find_by_name(name))];
}

// What holds between settings.
void check_together(const Settings& settings) {
  const auto place = [&](std::string_view name) -> const std::string& {
    return place_of(settings, name);
  };
  if (settings.listen.empty() && settings.tls.listen.empty()) {
    throw SettingsError(
        fmt::format("{}: listen: expected an address, or one in tls.listen", place("listen")));
  }
  const auto need_file = [&](std::string_view name, const std::string& value) {
    if (!settings.tls.listen.empty() && value.empty()) {
      throw SettingsError(
          fmt::format("{}: {}: expected the name of a PEM file, as tls.listen ({}) "
                      "needs it",
                      place(name), name, place("tls.listen")));
    }
  };
  need_file("tls.certificate", settings.tls.certificate);
  need_file("tls.key", settings.tls.key);
  // Else whoever logs in is thrown out before there is anything to refresh.
  if (settings.sessions.refresh_lifetime < settings.sessions.access_lifetime) {
    const auto access = static_cast<std::uint64_t>(settings.sessions.access_lifetime.count());
    throw SettingsError(fmt::format(
        "{}: sessions.refresh_lifetime: expected at least {}, the sessions.access_lifetime ({})",
        place("sessions.refresh_lifetime"), duration_text(access),
        place("sessions.access_lifetime")));
  }
  if (settings.blobs.store == BlobStoreKind::kS3) {
    require_s3(settings, fmt::format("blobs.store = s3 ({})", place("blobs.store")));
  }
}

// A JSON string is one of TOML's too, once DEL is escaped.
std::string toml_text(std::string_view value) {
  std::string out;
  for (const char c : json_quoted(value)) {
    if (c == '\x7f') {
      out += "\\u007F";
    } else {
      out += c;
    }
  }
  return out;
}

std::string toml_of(const Shape& shape, const Value& value) {
  switch (shape.kind) {
    case Kind::kText:
    case Kind::kUrl: return toml_text(std::get<std::string>(value));
    case Kind::kInteger: return fmt::to_string(std::get<std::uint64_t>(value));
    case Kind::kSize: {
      std::string amount = size_text(std::get<std::uint64_t>(value));
      return parse_unsigned(amount) ? amount : toml_text(amount);
    }
    case Kind::kDuration: return toml_text(duration_text(std::get<std::uint64_t>(value)));
    case Kind::kBoolean: return std::get<bool>(value) ? "true" : "false";
    case Kind::kChoice: {
      const bool* flag = std::get_if<bool>(&value);
      const auto index =
          flag != nullptr ? static_cast<std::size_t>(*flag) : std::get<std::uint64_t>(value);
      return toml_text(shape.choices[index]);
    }
    case Kind::kEndpoints:
    case Kind::kNetworks:
    case Kind::kOrigins: break;
  }
  std::vector<std::string> items;
  for (const std::string& item : std::get<std::vector<std::string>>(value)) {
    items.push_back(toml_text(item));
  }
  return fmt::format("[{}]", fmt::join(items, ", "));
}

}  // namespace

std::vector<SettingInfo> known_settings() {
  std::vector<SettingInfo> out;
  for (const Definition& definition : definitions()) {
    out.push_back({.name = definition.name,
                   .environment = environment_name(definition.name),
                   .flag = flag_name(definition.name),
                   .expected = expectation(definition.shape),
                   .fallback = definition.fallback,
                   .description = definition.description,
                   .is_list = is_list(definition.shape.kind),
                   .is_secret = definition.is_secret});
  }
  return out;
}

Settings load_settings(const SettingsSources& sources) {
  Gathering gathering;
  for (const Definition& definition : definitions()) {
    gathering.set_text(definition, definition.fallback, "default");
  }

  std::string file = sources.file;
  const std::string config = fmt::format("{}=", kConfigVariable);
  for (const std::string& variable : sources.environment) {
    if (file.empty() && variable.starts_with(config)) file = variable.substr(config.size());
  }
  if (!file.empty()) FileReader(file, gathering).read();
  read_environment(sources.environment, gathering);
  read_flags(sources.flags, gathering);
  read_other_variables(sources.environment, gathering);

  Settings settings = gathering.settings();
  check_together(settings);
  return settings;
}

std::vector<std::string> process_environment() {
  std::vector<std::string> out;
  for (char** variable = environ; *variable != nullptr; ++variable) out.emplace_back(*variable);
  return out;
}

std::string print(const Settings& settings) {
  std::string out = "# The settings in effect, each with the source of its value.\n";
  std::string_view section;
  for (const Definition& definition : definitions()) {
    const std::size_t dot = definition.name.find('.');
    const bool in_section = dot != std::string_view::npos;
    if (in_section && definition.name.substr(0, dot) != section) {
      section = definition.name.substr(0, dot);
      out += fmt::format("\n[{}]\n", section);
    }
    const Value value = definition.fetch(settings);
    const auto* text = std::get_if<std::string>(&value);
    const bool is_hidden = definition.is_secret && text != nullptr && !text->empty();
    out += fmt::format("\n# {}\n# Expected: {}.\n{}{} = {}  # {}\n", definition.description,
                       expectation(definition.shape), is_hidden ? "# " : "",
                       in_section ? definition.name.substr(dot + 1) : definition.name,
                       is_hidden ? "(not shown)" : toml_of(definition.shape, value),
                       settings.places[index_of(definition)]);
  }
  return out;
}

void require_s3(const Settings& settings, std::string_view what_for) {
  const auto expect = [&](bool holds, std::string_view name, std::string_view what) {
    if (holds) return;
    throw SettingsError(fmt::format("{}: {}: expected {}, as {} needs it", place_of(settings, name),
                                    name, what, what_for));
  };
  const Settings::S3& s3 = settings.s3;
  const std::size_t scheme = s3.endpoint.find("://");
  expect(scheme == std::string::npos || s3.endpoint.find('/', scheme + 3) == std::string::npos,
         "s3.endpoint", "a URL without a path");
  expect(!s3.bucket.empty(), "s3.bucket", "the name of a bucket");
  if (s3.access_key.empty()) {
    expect(!s3.credentials_file.empty(), "s3.access_key", "a key, or s3.credentials_file");
  } else {
    expect(!s3.secret_key.empty(), "s3.secret_key", "the key that belongs to s3.access_key");
  }
  const auto is_of_url = [](char c) {
    return c > ' ' && c < 127 && c != '?' && c != '#' && c != '"';
  };
  expect(std::ranges::all_of(s3.custom_domain, is_of_url), "s3.custom_domain",
         "a host such as files.example.org, or a URL without a query");
  const auto is_of_acl = [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; };
  expect(std::ranges::all_of(s3.acl, is_of_acl), "s3.acl", "a canned ACL such as public-read");
}

}  // namespace coffer::config
