// A dialect's descriptions for authors of clients: beside the table of routes, the source of
// its OpenAPI document (apis/reference). Made of the pieces of apis/kit/schema.h.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace coffer::apis {

// A JSON Schema, draft 2020-12, as OpenAPI 3.1 has them.
using Schema = boost::json::object;

struct NamedSchema {
  std::string name;  // what other schemas refer to
  Schema schema;
};

struct Parameter {
  enum class In { kPath, kQuery, kHeader };
  In in = In::kQuery;
  std::string name;
  std::string about;  // Markdown; so are all texts called `about`
  Schema schema;
  bool is_required = false;  // one of a path always is
  std::optional<boost::json::value> example = {};
};

// One form of a body.
struct Content {
  std::string media_type;
  Schema schema;  // empty: any bytes
  std::optional<boost::json::value> example = {};
};

struct Header {
  std::string name;
  std::string about;
  Schema schema;
};

// A reply that is no failure.
struct Answer {
  unsigned status;
  std::string about;
  std::vector<Content> forms = {};  // none: it has no body
  std::vector<Header> headers = {};
};

// A failure that a caller can expect of an operation.
struct ErrorCase {
  unsigned status;
  std::string about = {};  // empty: what the status means everywhere
};

// One call, which may be served at several paths.
struct Operation {
  // `POST /media/{id}`: method and pattern as in the table of routes. Where several dialects have
  // one name, and one document, with the prefix in front.
  std::vector<std::string> routes;
  std::string id;  // unique in the document: `create_collection`
  std::string tag;
  std::string summary;
  std::string about = {};
  std::vector<Parameter> parameters = {};
  std::vector<Content> body = {};  // one of these
  bool body_is_required = true;
  std::vector<Answer> answers = {};
  // Besides those that follow from the route: 401 where there is a caller, 404 where the path has
  // parameters, 400 and 413 where there is a body, 429 where requests are counted.
  std::vector<ErrorCase> errors = {};
  // Names of the credentials that it takes, where not all of the dialect's are good.
  std::vector<std::string> credentials = {};
};

struct Tag {
  std::string name;
  std::string about;
};

struct ApiDescription {
  std::string title;
  std::string version;
  std::string about;
  std::vector<Tag> tags = {};
  // Security schemes of OpenAPI by their names.
  std::vector<std::pair<std::string, boost::json::object>> credentials = {};
  std::vector<NamedSchema> schemas = {};
  // The body of every failure.
  std::vector<Content> failure = {};
  // Parameters of paths, for every operation that names none of its own.
  std::vector<Parameter> path_parameters = {};
  std::vector<Operation> operations = {};

  bool empty() const noexcept { return title.empty(); }
};

}  // namespace coffer::apis
