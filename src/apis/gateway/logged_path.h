// Paths as the access log shows them. Any part of a path may open something for whoever reads it: a
// token, a UUID, a short link, also at a wrong place. So the log shows the words of the table of
// routes, numbers where a route takes a parameter, and nothing else of what a client sent.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace coffer::apis {

// Threads: any, once every route is added.
class LoggedPaths {
 public:
  // Makes the literal segments of the pattern (http/router.h) words that unknown() shows.
  void add(std::string_view pattern);

  // The path of a request to the route of `pattern`: its parameters by their names, `{id}`, but for
  // numbers such as `12` and `media_12`. `segments` are the path's, decoded.
  static std::string known(std::string_view pattern, const std::vector<std::string>& segments);

  // A path that is no route's: `…` for each run of segments that are no words of any route.
  std::string unknown(const std::vector<std::string>& segments) const;

 private:
  std::set<std::string, std::less<>> words_;
};

}  // namespace coffer::apis
