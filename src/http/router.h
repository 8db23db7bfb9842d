// From method and path to a route's number. Knows nothing of what a route does.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "http/message.h"

namespace coffer::http {

// The values of a path's parameters.
class PathParameters {
 public:
  // REQUIRES: the pattern has that parameter, of that type.
  const std::string& text(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;
  // The segments that a `{name...}` took, each decoded.
  const std::vector<std::string>& rest(std::string_view name) const;

  using Value = std::variant<std::string, std::int64_t, std::vector<std::string>>;
  void set(std::string name, Value value) {
    values_.emplace_back(std::move(name), std::move(value));
  }

 private:
  std::vector<std::pair<std::string, Value>> values_;
};

// Patterns are literals and parameters between slashes: `/media/{id}/content`.
//   {name}      one segment that is not empty
//   {name:int}  one segment that is a decimal number of 1 to 18 digits
//   {name...}   all segments that are left, at least one; last in its pattern
// A literal goes before {name:int}, that before {name}, that before {name...}; with
// backtracking, so that a longer match is found where the better first step leads nowhere. The
// pattern that fits best decides, whatever the method: with `POST /media/upload` and
// `GET /media/{id}`, `GET /media/upload` is the wrong method.
// Threads: find() any number at once, once all routes were added.
class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  // Throws std::invalid_argument for a malformed pattern or a second route of the same method
  // and pattern (whatever its parameters are called). A slash at the end means nothing.
  // REQUIRES: method is not kOther.
  void add(Method method, std::string_view pattern, std::size_t route);

  struct Match {
    std::size_t route;
    PathParameters parameters;
  };
  struct WrongMethod {
    std::string allow;  // for the Allow field, sorted: `GET, HEAD, OPTIONS`
    std::size_t route;  // one of the routes at that path, to know whose shape to answer in
  };
  struct Unknown {};
  using Result = std::variant<Match, WrongMethod, Unknown>;

  // HEAD finds the GET route where no HEAD route was added. OPTIONS finds its own routes; where
  // there are none, the answer is WrongMethod and its `allow`.
  Result find(Method method, const Target& target) const;

 private:
  struct Node;
  std::unique_ptr<Node> root_;
};

}  // namespace coffer::http
