// Which API describes which route.
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/string.hpp>
#include <map>
#include <tuple>
#include <utility>

#include "apis/gateway/idempotency.h"
#include "apis/reference/openapi.h"

namespace coffer::apis::reference {
namespace {

constexpr std::string_view kRefPrefix = "#/components/schemas/";
constexpr int kExampleDepth = 8;

// `/media/{id}/{path...}` -> `/media/{id}/{path}`
std::string document_path(std::string_view pattern) {
  std::string path;
  bool in_type = false;
  for (const char c : pattern) {
    if (c == ':' || c == '.') in_type = in_type || path.rfind('{') != std::string::npos;
    if (c == '}') in_type = false;
    if (!in_type) path += c;
  }
  return path.empty() ? "/" : path;
}

std::vector<std::string> names_in(std::string_view path) {
  std::vector<std::string> names;
  for (std::size_t at = path.find('{'); at != std::string_view::npos; at = path.find('{', at)) {
    const std::size_t end = path.find('}', at);
    names.emplace_back(path.substr(at + 1, end - at - 1));
    at = end;
  }
  return names;
}

// A string that a format or its pattern asks for cannot be made up: schemas with one have examples.
boost::json::value example_text(const Schema& schema) {
  const auto* format = schema.if_contains("format");
  if (format && *format == "date-time") return "2026-01-31T12:00:00Z";
  if (format && *format == "uuid") return "b32fb588-576f-42aa-8b91-32b477ccc4a1";
  if (format && *format == "uri") return "https://example.org/";
  return "text";
}

boost::json::value example_at(const Api& api, const Schema& schema, int depth);

boost::json::object example_object(const Api& api, const Schema& schema, int depth) {
  boost::json::object object;
  const auto* properties = schema.if_contains("properties");
  if (!properties) return object;
  for (const auto& member : properties->as_object()) {
    object[member.key()] = example_at(api, member.value().as_object(), depth - 1);
  }
  return object;
}

boost::json::value example_at(const Api& api, const Schema& schema, int depth) {
  if (const auto* examples = schema.if_contains("examples")) return examples->as_array().front();
  for (const char* name : {"default", "const"}) {
    if (const auto* value = schema.if_contains(name)) return *value;
  }
  if (const auto* values = schema.if_contains("enum")) return values->as_array().front();
  if (const auto* ref = schema.if_contains("$ref")) {
    const std::string_view name = std::string_view(ref->as_string()).substr(kRefPrefix.size());
    const auto& schemas = api.description.schemas;
    const auto found = std::ranges::find(schemas, name, &NamedSchema::name);
    if (found == schemas.end() || depth == 0) return nullptr;
    return example_at(api, found->schema, depth - 1);
  }
  if (const auto* choices = schema.if_contains("anyOf")) {
    return example_at(api, choices->as_array().front().as_object(), depth);
  }
  const auto* type = schema.if_contains("type");
  if (!type) return nullptr;
  const std::string_view kind =
      type->is_array() ? type->as_array().front().as_string() : type->as_string();
  if (kind == "object") return example_object(api, schema, depth);
  if (kind == "array") {
    if (depth == 0) return boost::json::array();
    boost::json::array list;
    list.push_back(example_at(api, schema.at("items").as_object(), depth - 1));
    return list;
  }
  if (kind == "integer" || kind == "number") {
    const auto* least = schema.if_contains("minimum");
    return least ? *least : boost::json::value(1);
  }
  if (kind == "boolean") return true;
  return example_text(schema);
}

Parameter idempotency_key() {
  return {Parameter::In::kHeader,
          "Idempotency-Key",
          "Drawn at random for each request: sent again with the same key within a day, it is "
          "carried out once and gets the first reply",
          {{"type", "string"}, {"pattern", "^[!-~]{1,255}$"}}};
}

Parameter if_none_match() {
  return {Parameter::In::kHeader,
          "If-None-Match",
          "An `ETag` that the caller has",
          {{"type", "string"}}};
}

Parameter range() {
  return {Parameter::In::kHeader, "Range", "`bytes=0-1023`", {{"type", "string"}}};
}

// The routes of one name's dialects, each paired with the operation that describes it.
void pair_up(Api& api, const std::vector<const Dialect*>& dialects) {
  const bool is_whole = dialects.size() > 1;  // then prefixes are part of the paths
  std::map<std::string, std::pair<const Operation*, bool>> told;
  for (const Operation& operation : api.description.operations) {
    for (const std::string& route : operation.routes) {
      told.emplace(route, std::pair(&operation, &route != &operation.routes.front()));
    }
  }
  for (const Dialect* dialect : dialects) {
    const std::string prefix = is_whole ? dialect->prefixes().front() : std::string();
    for (Route& route : dialect->routes()) {
      const std::string pattern = prefix + route.pattern;
      const auto found = told.find(std::string(http::name_of(route.method)) + ' ' + pattern);
      DescribedRoute described{.route = {}, .path = document_path(pattern)};
      described.takes_idempotency_key = Idempotency::is_offered(*dialect, route);
      described.route = std::move(route);
      if (found != told.end()) {
        std::tie(described.operation, described.is_alias) = found->second;
        told.erase(found);
      }
      api.routes.push_back(std::move(described));
    }
  }
  for (const auto& [route, operation] : told) api.surplus.push_back(route);
}

}  // namespace

std::vector<std::unique_ptr<const Api>> described(
    const std::vector<std::unique_ptr<Dialect>>& dialects) {
  std::vector<std::string_view> names;
  std::map<std::string_view, std::vector<const Dialect*>> parts;
  for (const auto& dialect : dialects) {
    auto& same = parts[dialect->name()];
    if (same.empty()) names.push_back(dialect->name());
    same.push_back(dialect.get());
  }
  std::vector<std::unique_ptr<const Api>> apis;
  for (const std::string_view name : names) {
    const std::vector<const Dialect*>& same = parts[name];
    ApiDescription description = same.front()->describe();
    if (description.empty()) continue;
    auto api = std::make_unique<Api>();
    api->name = name;
    api->description = std::move(description);
    api->servers = same.size() > 1 ? std::vector<std::string>{""} : same.front()->prefixes();
    pair_up(*api, same);
    apis.push_back(std::move(api));
  }
  return apis;
}

boost::json::value example_of(const Api& api, const Schema& schema) {
  return example_at(api, schema, kExampleDepth);
}

const Answer* tagged_answer(const DescribedRoute& route) {
  if (!route.operation || route.route.method != http::Method::kGet) return nullptr;
  for (const Answer& answer : route.operation->answers) {
    const auto is_tag = [](const Header& header) { return header.name == "ETag"; };
    if (answer.status == 200 && std::ranges::any_of(answer.headers, is_tag)) return &answer;
  }
  return nullptr;
}

bool sends_ranges(const DescribedRoute& route) {
  return route.operation && std::ranges::any_of(route.operation->answers, [](const Answer& answer) {
           return answer.status == 206;
         });
}

std::vector<Parameter> parameters_of(const Api& api, const DescribedRoute& route) {
  std::vector<Parameter> own;
  if (route.operation) own = route.operation->parameters;
  std::vector<Parameter> parameters;
  for (const std::string& name : names_in(route.path)) {
    const auto is_it = [&](const Parameter& parameter) {
      return parameter.in == Parameter::In::kPath && parameter.name == name;
    };
    const auto mine = std::ranges::find_if(own, is_it);
    const auto common = std::ranges::find_if(api.description.path_parameters, is_it);
    if (mine != own.end()) {
      parameters.push_back(*mine);
    } else if (common != api.description.path_parameters.end()) {
      parameters.push_back(*common);
    } else {
      parameters.push_back({Parameter::In::kPath, name, "", {{"type", "string"}}, true});
    }
  }
  for (Parameter& parameter : own) {
    if (parameter.in != Parameter::In::kPath) parameters.push_back(std::move(parameter));
  }
  if (sends_ranges(route)) parameters.push_back(range());
  if (tagged_answer(route)) parameters.push_back(if_none_match());
  if (route.takes_idempotency_key) parameters.push_back(idempotency_key());
  return parameters;
}

std::vector<std::string> credentials_of(const Api& api, const DescribedRoute& route) {
  if (route.route.access == Access::kAnyone) {
    return route.operation ? route.operation->credentials : std::vector<std::string>();
  }
  if (route.operation && !route.operation->credentials.empty()) return route.operation->credentials;
  std::vector<std::string> all;
  for (const auto& [name, scheme] : api.description.credentials) all.push_back(name);
  return all;
}

}  // namespace coffer::apis::reference
