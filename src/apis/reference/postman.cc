// Collections for Postman: https://schema.postman.com/collection/json/v2.1.0/draft-07/docs/
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <string>
#include <utility>

#include "apis/reference/openapi.h"

namespace coffer::apis::reference {
namespace {

constexpr std::string_view kFormat =
    "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";
constexpr std::string_view kBase = "{{base_url}}";

std::string text_of(const boost::json::value& value) {
  if (value.is_string()) return std::string(value.as_string());
  return boost::json::serialize(value);
}

std::string example_of(const Api& api, const Parameter& parameter) {
  if (parameter.example) return text_of(*parameter.example);
  return text_of(example_of(api, parameter.schema));
}

boost::json::object pair_of(std::string_view key, std::string_view value) {
  return {{"key", key}, {"value", value}};
}

boost::json::object url_object(const Api& api, const DescribedRoute& route) {
  boost::json::array segments;
  for (std::string_view rest = std::string_view(route.path).substr(1); !rest.empty();) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    std::string segment(rest.substr(0, end));
    // Postman's parameters are whole segments, with a colon in front.
    if (segment.starts_with('{') && segment.ends_with('}')) {
      segment = ':' + segment.substr(1, segment.size() - 2);
    }
    segments.emplace_back(segment);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  boost::json::array query;
  boost::json::array variables;
  for (const Parameter& parameter : parameters_of(api, route)) {
    if (parameter.in == Parameter::In::kHeader) continue;
    boost::json::object entry = pair_of(parameter.name, example_of(api, parameter));
    if (!parameter.about.empty()) entry["description"] = parameter.about;
    if (parameter.in == Parameter::In::kPath) {
      variables.push_back(std::move(entry));
      continue;
    }
    entry["disabled"] = !parameter.is_required;
    query.push_back(std::move(entry));
  }
  std::string raw(kBase);
  for (const auto& segment : segments) raw += '/' + std::string(segment.as_string());
  boost::json::object url;
  url["raw"] = raw;
  url["host"].emplace_array().emplace_back(kBase);
  url["path"] = std::move(segments);
  if (!query.empty()) url["query"] = std::move(query);
  if (!variables.empty()) url["variable"] = std::move(variables);
  return url;
}

boost::json::object form_body(const Api& api, const Schema& schema) {
  boost::json::array fields;
  if (const auto* properties = schema.if_contains("properties")) {
    for (const auto& member : properties->as_object()) {
      const Schema& field = member.value().as_object();
      boost::json::object entry;
      entry["key"] = member.key();
      const auto* items = field.if_contains("items");
      const Schema& one = items ? items->as_object() : field;
      if (one.contains("contentMediaType")) {
        entry["type"] = "file";
        entry["src"].emplace_array();
      } else {
        entry["type"] = "text";
        entry["value"] = text_of(example_of(api, one));
      }
      fields.push_back(std::move(entry));
    }
  }
  return {{"mode", "formdata"}, {"formdata", std::move(fields)}};
}

boost::json::object body_object(const Api& api, const Content& form) {
  if (form.media_type == "multipart/form-data") return form_body(api, form.schema);
  if (form.media_type != "application/json") {
    boost::json::object body;
    body["mode"] = "file";
    body["file"].emplace_object();
    return body;
  }
  const boost::json::value example = form.example ? *form.example : example_of(api, form.schema);
  boost::json::object body{{"mode", "raw"}, {"raw", boost::json::serialize(example)}};
  body["options"].emplace_object()["raw"].emplace_object()["language"] = "json";
  return body;
}

// One of the schemes of OpenAPI as Postman has it, with a variable for the secret.
boost::json::object auth_object(const Api& api, std::string_view name) {
  boost::json::object auth;
  for (const auto& [known, scheme] : api.description.credentials) {
    if (known != name) continue;
    const std::string secret = "{{" + known + "}}";
    const auto entry = [](std::string_view key, std::string_view value) {
      boost::json::object object = pair_of(key, value);
      object["type"] = "string";
      return object;
    };
    if (scheme.at("type") == "http") {
      auth["type"] = "bearer";
      auth["bearer"].emplace_array().push_back(entry("token", secret));
    } else {
      auth["type"] = "apikey";
      boost::json::array& fields = auth["apikey"].emplace_array();
      fields.push_back(entry("key", scheme.at("name").as_string()));
      fields.push_back(entry("value", secret));
      fields.push_back(entry("in", "header"));
    }
    return auth;
  }
  auth["type"] = "noauth";
  return auth;
}

boost::json::object request_object(const Api& api, const DescribedRoute& route) {
  const Operation& operation = *route.operation;
  boost::json::object request;
  request["method"] = http::name_of(route.route.method);
  std::string about = operation.summary;
  if (!operation.about.empty()) about += "\n\n" + operation.about;
  request["description"] = about;
  boost::json::array headers;
  for (const Parameter& parameter : parameters_of(api, route)) {
    if (parameter.in != Parameter::In::kHeader) continue;
    boost::json::object entry = pair_of(parameter.name, example_of(api, parameter));
    entry["disabled"] = !parameter.is_required;
    headers.push_back(std::move(entry));
  }
  request["header"] = std::move(headers);
  request["url"] = url_object(api, route);
  if (!operation.body.empty()) request["body"] = body_object(api, operation.body.front());
  const auto credentials = credentials_of(api, route);
  request["auth"] = auth_object(api, credentials.empty() ? std::string() : credentials.front());
  return request;
}

boost::json::array variables_array(const Api& api, std::string_view base_url) {
  boost::json::array variables;
  variables.push_back(pair_of("base_url", std::string(base_url) + api.servers.front()));
  for (const auto& [name, scheme] : api.description.credentials) {
    variables.push_back(pair_of(name, ""));
  }
  return variables;
}

}  // namespace

boost::json::object postman(const Api& api, std::string_view base_url) {
  boost::json::object info;
  info["name"] = api.description.title;
  info["description"] = api.description.about;
  info["version"] = api.description.version;
  info["schema"] = kFormat;
  boost::json::array folders;
  for (const Tag& tag : api.description.tags) {
    boost::json::array items;
    for (const DescribedRoute& route : api.routes) {
      if (!route.operation || route.is_alias || route.operation->tag != tag.name) continue;
      boost::json::object item;
      item["name"] = route.operation->summary;
      item["request"] = request_object(api, route);
      item["response"].emplace_array();
      items.push_back(std::move(item));
    }
    folders.push_back({{"name", tag.name}, {"description", tag.about}, {"item", std::move(items)}});
  }
  boost::json::object collection;
  collection["info"] = std::move(info);
  collection["item"] = std::move(folders);
  collection["variable"] = variables_array(api, base_url);
  return collection;
}

}  // namespace coffer::apis::reference
