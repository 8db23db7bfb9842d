// OpenAPI 3.1 documents, from tables of routes and the dialects' descriptions of them.
#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "apis/gateway/description.h"
#include "apis/gateway/dialect.h"

namespace coffer::apis::reference {

// A route as it stands in a document, with its description.
struct DescribedRoute {
  Route route;
  std::string path;                      // as the document has it: `/media/{id}`
  const Operation* operation = nullptr;  // null: it lacks its description
  bool is_alias = false;                 // the operation has a route before it
  bool takes_idempotency_key = false;
};

// One API: all dialects of one name.
struct Api {
  std::string name;  // as in the paths of its documents
  ApiDescription description;
  std::vector<std::string> servers;  // the prefixes below which its paths are
  std::vector<DescribedRoute> routes;
  // Routes of the description that no table has.
  std::vector<std::string> surplus;
};

// Those that describe themselves, in their order. The operations of their routes are in their
// descriptions: an Api is not copied.
std::vector<std::unique_ptr<const Api>> described(
    const std::vector<std::unique_ptr<Dialect>>& dialects);

// The document, served below `base_url`.
boost::json::object openapi(const Api& api, std::string_view base_url);

// The same as a collection for Postman, format 2.1.0.
boost::json::object postman(const Api& api, std::string_view base_url);

// A value that fits `schema`; its own example where it has one. `api` has the schemas that it
// refers to.
boost::json::value example_of(const Api& api, const Schema& schema);

// The parameters of a route: of its path, each with its description, the operation's, and those
// that follow from the route.
std::vector<Parameter> parameters_of(const Api& api, const DescribedRoute& route);

// Of a GET: its answer with an `ETag`, which can be asked for with conditions; else null.
const Answer* tagged_answer(const DescribedRoute& route);
// Whether it sends parts of what it answers.
bool sends_ranges(const DescribedRoute& route);

// The credentials that a route takes; empty: none. Whether it also answers without is in its
// access.
std::vector<std::string> credentials_of(const Api& api, const DescribedRoute& route);

}  // namespace coffer::apis::reference
