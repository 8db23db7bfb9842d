#include "http/router.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <span>
#include <stdexcept>
#include <unordered_map>

#include "base/text.h"

namespace coffer::http {
namespace {

enum class Kind { kLiteral, kInteger, kText, kRest };

// A segment of a pattern: a literal's text or a parameter's name.
struct Step {
  Kind kind;
  std::string_view text;
};

constexpr std::size_t kMethodCount = 7;
constexpr std::size_t kIdDigitsMax = 18;

std::size_t index_of(Method method) { return static_cast<std::size_t>(method); }

[[noreturn]] void refuse(std::string_view pattern, std::string_view why) {
  throw std::invalid_argument(fmt::format("route pattern {}: {}", pattern, why));
}

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

Step parse_step(std::string_view pattern, std::string_view segment) {
  if (segment.empty()) refuse(pattern, "has an empty segment");
  if (segment.find_first_of("{}") == std::string_view::npos) return {Kind::kLiteral, segment};
  if (!segment.starts_with('{') || !segment.ends_with('}')) {
    refuse(pattern, "has a brace within a segment");
  }
  std::string_view name = segment.substr(1, segment.size() - 2);
  Kind kind = Kind::kText;
  if (name.ends_with("...")) {
    kind = Kind::kRest;
    name.remove_suffix(3);
  } else if (name.ends_with(":int")) {
    kind = Kind::kInteger;
    name.remove_suffix(4);
  }
  if (!is_name(name)) refuse(pattern, "has a parameter without a proper name");
  return {kind, name};
}

std::vector<Step> parse_pattern(std::string_view pattern) {
  if (!pattern.starts_with('/')) refuse(pattern, "does not start with a slash");
  std::vector<Step> steps;
  std::string_view rest = pattern.substr(1);
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    const Step step = parse_step(pattern, rest.substr(0, slash));
    if (!steps.empty() && steps.back().kind == Kind::kRest) {
      refuse(pattern, "goes on after the parameter that takes the rest");
    }
    const bool twice =
        step.kind != Kind::kLiteral && std::ranges::any_of(steps, [&](const Step& s) {
          return s.kind != Kind::kLiteral && s.text == step.text;
        });
    if (twice) refuse(pattern, "names two parameters alike");
    steps.push_back(step);
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  return steps;
}

bool is_integer(std::string_view text) {
  return !text.empty() && text.size() <= kIdDigitsMax &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>{}(text);
  }
};

struct PathParameter {
  Kind kind;
  std::string name;
  std::size_t position;  // of the segment that it takes, or of the first
};

struct Entry {
  std::size_t route;
  std::vector<PathParameter> parameters;
};

// The routes of one pattern, by method.
struct Leaf {
  std::array<std::optional<Entry>, kMethodCount> entries;

  const Entry* find(Method method) const {
    if (method == Method::kOther) return nullptr;
    if (const auto& entry = entries[index_of(method)]) return &*entry;
    return method == Method::kHead ? find(Method::kGet) : nullptr;
  }
};

PathParameters take_parameters(const Entry& entry, const std::vector<std::string>& segments) {
  PathParameters out;
  for (const PathParameter& parameter : entry.parameters) {
    const std::string& segment = segments[parameter.position];
    switch (parameter.kind) {
      case Kind::kLiteral: break;
      case Kind::kInteger:
        out.set(parameter.name, static_cast<std::int64_t>(*parse_unsigned(segment)));
        break;
      case Kind::kText: out.set(parameter.name, segment); break;
      case Kind::kRest: {
        const auto first = segments.begin() + static_cast<std::ptrdiff_t>(parameter.position);
        out.set(parameter.name, std::vector<std::string>(first, segments.end()));
        break;
      }
    }
  }
  return out;
}

std::string allow_of(const Leaf& leaf) {
  std::vector<std::string_view> names{name_of(Method::kOptions)};
  for (const Method method : {Method::kDelete, Method::kGet, Method::kHead, Method::kPatch,
                              Method::kPost, Method::kPut}) {
    if (leaf.find(method)) names.push_back(name_of(method));
  }
  std::ranges::sort(names);
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

// A place in the tree of patterns; each child is one segment further.
struct Router::Node {
  std::unordered_map<std::string, std::unique_ptr<Node>, Hash, std::equal_to<>> literals;
  std::unique_ptr<Node> integer;
  std::unique_ptr<Node> text;
  std::unique_ptr<Node> rest;
  std::optional<Leaf> leaf;

  Node& child(const Step& step) {
    std::unique_ptr<Node>& place = slot(step);
    if (!place) place = std::make_unique<Node>();
    return *place;
  }

  // Calls `visit(leaf)` for every pattern that fits `segments`, the best first, until it says
  // true. True when it did. Each node is reached at most once, whatever the path.
  template <class Visit>
  bool walk(std::span<const std::string> segments, Visit& visit) const {
    if (segments.empty()) return leaf && visit(*leaf);
    const std::string& segment = segments.front();
    const auto further = segments.subspan(1);
    if (const auto found = literals.find(std::string_view(segment)); found != literals.end()) {
      if (found->second->walk(further, visit)) return true;
    }
    if (integer && is_integer(segment) && integer->walk(further, visit)) return true;
    if (text && !segment.empty() && text->walk(further, visit)) return true;
    return rest && rest->leaf && visit(*rest->leaf);
  }

 private:
  std::unique_ptr<Node>& slot(const Step& step) {
    switch (step.kind) {
      case Kind::kInteger: return integer;
      case Kind::kText: return text;
      case Kind::kRest: return rest;
      case Kind::kLiteral: break;
    }
    return literals[std::string(step.text)];
  }
};

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::add(Method method, std::string_view pattern, std::size_t route) {
  const std::vector<Step> steps = parse_pattern(pattern);
  Entry entry{.route = route, .parameters = {}};
  Node* node = root_.get();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    node = &node->child(steps[i]);
    if (steps[i].kind != Kind::kLiteral) {
      entry.parameters.push_back({steps[i].kind, std::string(steps[i].text), i});
    }
  }
  if (!node->leaf) node->leaf.emplace();
  auto& place = node->leaf->entries.at(index_of(method));
  if (place) refuse(pattern, fmt::format("is there twice for {}", name_of(method)));
  place = std::move(entry);
}

Router::Result Router::find(Method method, const Target& target) const {
  const Leaf* leaf = nullptr;
  auto visit = [&](const Leaf& best) {
    leaf = &best;
    return true;
  };
  if (!root_->walk(target.segments, visit)) return Unknown{};
  if (const Entry* entry = leaf->find(method)) {
    return Match{entry->route, take_parameters(*entry, target.segments)};
  }
  const auto any = std::ranges::find_if(leaf->entries, [](const auto& e) { return e.has_value(); });
  return WrongMethod{allow_of(*leaf), (*any)->route};
}

namespace {
template <class T>
const T& value_of(std::span<const std::pair<std::string, PathParameters::Value>> values,
                  std::string_view name) {
  const auto found =
      std::ranges::find(values, name, [](const auto& v) -> const std::string& { return v.first; });
  if (found == values.end()) {
    throw std::out_of_range(fmt::format("the route has no parameter {}", name));
  }
  return std::get<T>(found->second);
}
}  // namespace

const std::string& PathParameters::text(std::string_view name) const {
  return value_of<std::string>(values_, name);
}

std::int64_t PathParameters::integer(std::string_view name) const {
  return value_of<std::int64_t>(values_, name);
}

const std::vector<std::string>& PathParameters::rest(std::string_view name) const {
  return value_of<std::vector<std::string>>(values_, name);
}

}  // namespace coffer::http
