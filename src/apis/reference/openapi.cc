#include "apis/reference/openapi.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <initializer_list>
#include <map>
#include <utility>

#include "base/text.h"

namespace coffer::apis::reference {
namespace {

constexpr std::string_view kVersion = "3.1.0";

// The failures that the documents name, with what each means.
struct Failure {
  std::string_view status;
  std::string_view name;
  std::string_view about;
};
constexpr std::array kFailures{
    Failure{"400", "BadRequest",
            "The request is not as it should be; the reply says what to change"},
    Failure{"401", "Unauthorized", "Credentials are missing, wrong or expired"},
    Failure{"403", "Forbidden",
            "The caller may not do this, or the key that it shows lacks the scope for it"},
    Failure{"404", "NotFound", "There is no such thing, or it is somebody else's"},
    Failure{"405", "MethodNotAllowed",
            "The path does not take this method; `Allow` has those it does"},
    Failure{"409", "Conflict", "Something that is there already is in the way"},
    Failure{"410", "Gone", "It was there, and is no longer"},
    Failure{"412", "PreconditionFailed", "It has changed since the caller saw it"},
    Failure{"413", "ContentTooLarge", "The body, the file or what the account stores is too large"},
    Failure{"415", "UnsupportedMediaType", "The body is of another type than the call takes"},
    Failure{"416", "RangeNotSatisfiable", "Nothing that is there is in `Range`"},
    Failure{"422", "UnprocessableContent", "The request is well-formed, but contradicts itself"},
    Failure{"429", "TooManyRequests", "Too many requests; `Retry-After` has the seconds to wait"},
    Failure{"503", "ServiceUnavailable",
            "The server is busy; try again after `Retry-After` seconds"},
    Failure{"4XX", "ClientError",
            "Any other request that is not answered: malformed, too slow, too long"},
    Failure{"5XX", "ServerError", "The server failed; the log has the request's id"},
};

const Failure& failure_of(std::string_view status) {
  const auto* found = std::ranges::find(kFailures, status, &Failure::status);
  return found == kFailures.end() ? kFailures[kFailures.size() - 2] : *found;
}

std::string_view name_of(Parameter::In in) {
  switch (in) {
    case Parameter::In::kPath: return "path";
    case Parameter::In::kQuery: return "query";
    case Parameter::In::kHeader: break;
  }
  return "header";
}

boost::json::object to(std::string_view kind, std::string_view name) {
  boost::json::object ref;
  ref["$ref"] = "#/components/" + std::string(kind) + '/' + std::string(name);
  return ref;
}

// Whether the credentials are keys of programs.
bool is_key(const Api& api, std::string_view name) {
  const auto& known = api.description.credentials;
  const auto found = std::ranges::find(known, name, [](const auto& one) { return one.first; });
  return found != known.end() && found->second.at("type") == "apiKey";
}

boost::json::object content_object(const std::vector<Content>& forms) {
  boost::json::object content;
  for (const Content& form : forms) {
    boost::json::object media;
    if (!form.schema.empty()) media["schema"] = form.schema;
    if (form.example) media["example"] = *form.example;
    content[form.media_type] = std::move(media);
  }
  return content;
}

boost::json::object parameter_object(const Parameter& parameter) {
  boost::json::object object;
  object["name"] = parameter.name;
  object["in"] = name_of(parameter.in);
  if (!parameter.about.empty()) object["description"] = parameter.about;
  if (parameter.is_required || parameter.in == Parameter::In::kPath) object["required"] = true;
  object["schema"] = parameter.schema;
  if (parameter.example) object["example"] = *parameter.example;
  return object;
}

// What a request with an idempotency key can fail of besides.
constexpr std::string_view kKeyConflict =
    "The first request with this `Idempotency-Key` is under way, or was carried out and its reply "
    "is not known any more";
constexpr std::string_view kSecretConflict =
    "The first request with this `Idempotency-Key` is under way, or was carried out: its reply has "
    "a secret, and only the token or key that was sent with it gets it again";
constexpr std::string_view kKeyMismatch = "This `Idempotency-Key` was used for another request";
// And what bodies, conditions and ranges can.
constexpr std::string_view kDigestMismatch =
    "The body is not what its `Content-Digest` or `Repr-Digest` says";
constexpr std::string_view kIsUnchanged = "It is what `If-None-Match` names";
constexpr std::string_view kIsAnother = "It is not what `If-Match` names";
constexpr std::string_view kHasNoTag =
    "What this changes has no `ETag` that an `If-Match` could be compared with";

constexpr char kReplayed[] = "Idempotency-Replayed";

bool gives_first_reply(const DescribedRoute& route) {
  return route.takes_idempotency_key && route.route.repeat != Repeat::kRunsAgain;
}

boost::json::object header_object(std::string_view about, std::string_view type) {
  boost::json::object object;
  object["description"] = about;
  object["schema"].emplace_object()["type"] = type;
  return object;
}

// The headers of every reply to a route.
boost::json::object common_headers(bool is_counted) {
  boost::json::object headers;
  for (const char* name : {"X-Request-Id", "Cache-Control"}) headers[name] = to("headers", name);
  if (is_counted) {
    for (const char* name : {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}) {
      headers[name] = to("headers", name);
    }
  }
  return headers;
}

bool is_counted(const Route& route) { return route.rate != RateClass::kNone; }

// What failures have besides, by their status; `4XX` has what any of them may have.
void add_failure_headers(boost::json::object& headers, std::string_view status) {
  const auto add = [&](const char* name, std::initializer_list<std::string_view> statuses) {
    if (std::ranges::find(statuses, status) != statuses.end()) headers[name] = to("headers", name);
  };
  add("WWW-Authenticate", {"401", "4XX"});
  add("Allow", {"405", "4XX"});
  add("Retry-After", {"404", "409", "429", "4XX"});
  if (status.starts_with('5')) headers["Retry-After"] = to("headers", "Retry-After");
}

boost::json::object described_header(const Header& header) {
  boost::json::object object;
  object["description"] = header.about;
  object["schema"] = header.schema;
  return object;
}

// Those headers of `answer` that `wanted` names.
void add_headers_of(const Answer& answer, std::initializer_list<std::string_view> wanted,
                    boost::json::object& headers) {
  for (const Header& header : answer.headers) {
    if (std::ranges::find(wanted, header.name) == wanted.end()) continue;
    headers[header.name] = described_header(header);
  }
}

// What a reply that is not the bytes or the object says of them.
void add_state_headers(const DescribedRoute& route, std::string_view status,
                       boost::json::object& headers) {
  const Answer* answer = tagged_answer(route);
  if (!answer) return;
  const bool is_refused = status == "412" || status == "416";
  if (!is_refused && status != "304") return;
  add_headers_of(*answer, {"ETag", "Last-Modified", "Accept-Ranges"}, headers);
  if (status == "304") add_headers_of(*answer, {"Content-Disposition", "Repr-Digest"}, headers);
  if (status == "416") {
    headers["Content-Range"] = header_object("`bytes */` and how many there are", "string");
  }
}

boost::json::object headers_object(const Api& api) {
  boost::json::object headers;
  headers["X-Request-Id"] =
      header_object("The request's id, which the server's log has too", "string");
  headers["Cache-Control"] = header_object(
      "Who may keep the reply, and how long: `no-store` unless it has an `ETag`", "string");
  headers["WWW-Authenticate"] = header_object("How the caller may authenticate", "string");
  headers["Allow"] = header_object("With 405: the methods that the path takes", "string");
  headers["X-RateLimit-Limit"] = header_object(
      "Requests that the caller has in a minute; absent where none are counted", "integer");
  headers["X-RateLimit-Remaining"] = header_object("Requests that are left now", "integer");
  headers["X-RateLimit-Reset"] =
      header_object("When the oldest request counts no longer, in seconds since 1970", "integer");
  headers["Retry-After"] = header_object(
      "Seconds to wait before the request is sent again, with 429, 503 and 507, and where "
      "something is not there yet",
      "integer");
  if (std::ranges::any_of(api.routes, gives_first_reply)) {
    headers[kReplayed] = header_object(
        "`true` where it is the reply to an earlier request with this `Idempotency-Key`", "string");
  }
  return headers;
}

using Failures =
    std::map<std::string, std::string>;  // what each status means; empty: as everywhere

// One more reason for a status that the operation may name itself.
void add_reason(Failures& failures, const std::string& status, std::string_view reason) {
  const auto [named, is_new] = failures.try_emplace(status, reason);
  if (is_new) return;
  std::string& about = named->second;
  if (about.empty()) about = failure_of(status).about;
  about += ". ";
  about += reason;
}

// Whether one of the route's credentials is a key, which has scopes.
bool takes_keys(const Api& api, const DescribedRoute& route) {
  return std::ranges::any_of(credentials_of(api, route),
                             [&](const std::string& name) { return is_key(api, name); });
}

// The statuses that follow from the route, and those that the operation names besides.
Failures failures_of(const Api& api, const DescribedRoute& route) {
  Failures failures{{"4XX", ""}, {"5XX", ""}};
  const Operation& operation = *route.operation;
  const bool takes_anything = !operation.parameters.empty() || !operation.body.empty();
  if (takes_anything || route.takes_idempotency_key) failures["400"];
  if (!operation.body.empty()) failures["413"];
  if (sends_ranges(route)) failures["416"];
  if (route.route.access != Access::kAnyone && route.route.access != Access::kOptional) {
    failures["401"];
  }
  if (route.route.access == Access::kAdmin || takes_keys(api, route)) failures["403"];
  if (route.path.find('{') != std::string::npos) failures["404"];
  if (route.route.rate != RateClass::kNone) failures["429"];
  for (const ErrorCase& error : operation.errors) {
    failures[std::to_string(error.status)] = error.about;
  }
  if (tagged_answer(route)) add_reason(failures, "412", kIsAnother);
  if (route.route.changes() && route.route.if_match != IfMatch::kIgnored) {
    add_reason(failures, "412",
               route.route.if_match == IfMatch::kCompared ? kIsAnother : kHasNoTag);
  }
  if (!operation.body.empty()) add_reason(failures, "422", kDigestMismatch);
  if (route.takes_idempotency_key) {
    add_reason(failures, "409",
               route.route.repeat == Repeat::kSealedReply ? kSecretConflict : kKeyConflict);
    add_reason(failures, "422", kKeyMismatch);
  }
  return failures;
}

boost::json::object answer_object(const DescribedRoute& route, const Answer& answer) {
  boost::json::object response;
  response["description"] = answer.about;
  boost::json::object headers = common_headers(is_counted(route.route));
  if (gives_first_reply(route)) headers[kReplayed] = to("headers", kReplayed);
  for (const Header& header : answer.headers) headers[header.name] = described_header(header);
  response["headers"] = std::move(headers);
  if (!answer.forms.empty()) response["content"] = content_object(answer.forms);
  return response;
}

boost::json::object unchanged_object(const DescribedRoute& route) {
  boost::json::object response;
  response["description"] = kIsUnchanged;
  boost::json::object headers = common_headers(is_counted(route.route));
  add_state_headers(route, "304", headers);
  response["headers"] = std::move(headers);
  return response;
}

boost::json::object responses_object(const Api& api, const DescribedRoute& route) {
  boost::json::object responses;
  for (const Answer& answer : route.operation->answers) {
    responses[std::to_string(answer.status)] = answer_object(route, answer);
  }
  if (tagged_answer(route)) responses["304"] = unchanged_object(route);
  for (const auto& [status, about] : failures_of(api, route)) {
    if (responses.contains(status)) continue;
    const Failure& failure = failure_of(status);
    boost::json::object headers = common_headers(is_counted(route.route));
    add_failure_headers(headers, status);
    const std::size_t common = headers.size();
    add_state_headers(route, status, headers);
    const bool is_common = about.empty() && failure.status == status && headers.size() == common;
    if (is_common) {
      responses[status] = to("responses", failure.name);
      continue;
    }
    boost::json::object response;
    response["description"] = about.empty() ? std::string(failure.about) : about;
    response["headers"] = std::move(headers);
    response["content"] = content_object(api.description.failure);
    responses[status] = std::move(response);
  }
  return responses;
}

boost::json::array security_array(const Api& api, const DescribedRoute& route) {
  boost::json::array security;
  for (const std::string& name : credentials_of(api, route)) {
    boost::json::object one;
    boost::json::array& scopes = one[name].emplace_array();
    if (is_key(api, name)) scopes.emplace_back(route.route.scope());
    security.push_back(std::move(one));
  }
  const Access access = route.route.access;
  if (access == Access::kAccount || access == Access::kAdmin) return security;
  if (!security.empty()) security.push_back(boost::json::object());
  return security;
}

boost::json::object operation_object(const Api& api, const DescribedRoute& route,
                                     std::string_view id) {
  const Operation& operation = *route.operation;
  boost::json::object object;
  object["operationId"] = id;
  object["tags"].emplace_array().emplace_back(operation.tag);
  object["summary"] = operation.summary;
  if (!operation.about.empty()) object["description"] = operation.about;
  boost::json::array parameters;
  for (const Parameter& parameter : parameters_of(api, route)) {
    boost::json::object one = parameter_object(parameter);
    // OpenAPI has no word for it: a value with slashes in it, as it is.
    const bool is_path =
        route.route.pattern.find('{' + parameter.name + "...}") != std::string::npos;
    if (is_path) one["x-multi-segment"] = true;
    parameters.push_back(std::move(one));
  }
  if (!parameters.empty()) object["parameters"] = std::move(parameters);
  if (!operation.body.empty()) {
    boost::json::object body;
    if (operation.body_is_required) body["required"] = true;
    body["content"] = content_object(operation.body);
    object["requestBody"] = std::move(body);
  }
  object["responses"] = responses_object(api, route);
  object["security"] = security_array(api, route);
  return object;
}

boost::json::object paths_object(const Api& api) {
  boost::json::object paths;
  std::map<std::string, int> served;  // how often an operation was there so far
  for (const DescribedRoute& route : api.routes) {
    if (!route.operation) continue;
    std::string id = route.operation->id;
    const int times = ++served[id];
    if (times > 1) id += '_' + std::to_string(times);
    boost::json::value& path = paths[route.path];
    if (!path.is_object()) path.emplace_object();
    path.as_object()[to_lower_ascii(http::name_of(route.route.method))] =
        operation_object(api, route, id);
  }
  return paths;
}

boost::json::object components_object(const Api& api) {
  boost::json::object schemas;
  for (const NamedSchema& named : api.description.schemas) schemas[named.name] = named.schema;
  boost::json::object responses;
  const bool counts = std::ranges::any_of(
      api.routes, [](const DescribedRoute& route) { return is_counted(route.route); });
  for (const Failure& failure : kFailures) {
    boost::json::object response;
    response["description"] = failure.about;
    boost::json::object headers = common_headers(counts);
    add_failure_headers(headers, failure.status);
    response["headers"] = std::move(headers);
    response["content"] = content_object(api.description.failure);
    responses[failure.name] = std::move(response);
  }
  boost::json::object components;
  components["schemas"] = std::move(schemas);
  components["responses"] = std::move(responses);
  components["headers"] = headers_object(api);
  if (!api.description.credentials.empty()) {
    boost::json::object credentials;
    for (const auto& [name, scheme] : api.description.credentials) credentials[name] = scheme;
    components["securitySchemes"] = std::move(credentials);
  }
  return components;
}

}  // namespace

boost::json::object openapi(const Api& api, std::string_view base_url) {
  boost::json::object document;
  document["openapi"] = kVersion;
  boost::json::object info;
  info["title"] = api.description.title;
  info["version"] = api.description.version;
  info["description"] = api.description.about;
  document["info"] = std::move(info);
  boost::json::array servers;
  for (const std::string& prefix : api.servers) {
    servers.emplace_back(boost::json::object{{"url", std::string(base_url) + prefix}});
  }
  document["servers"] = std::move(servers);
  boost::json::array tags;
  for (const Tag& tag : api.description.tags) {
    tags.push_back({{"name", tag.name}, {"description", tag.about}});
  }
  document["tags"] = std::move(tags);
  document["paths"] = paths_object(api);
  document["components"] = components_object(api);
  return document;
}

}  // namespace coffer::apis::reference
