#include "apis/kit/schema.h"

#include <boost/json/array.hpp>
#include <utility>

namespace coffer::apis::schema {
namespace {

Schema of_type(std::string_view type) { return {{"type", type}}; }

Schema of_format(std::string_view format) { return {{"type", "string"}, {"format", format}}; }

}  // namespace

Schema text() { return of_type("string"); }

Schema text(std::uint64_t min, std::uint64_t max) {
  return {{"type", "string"}, {"minLength", min}, {"maxLength", max}};
}

Schema pattern(std::string_view regular_expression) {
  return {{"type", "string"}, {"pattern", regular_expression}};
}

Schema one_of(std::initializer_list<std::string_view> texts) {
  return one_of(std::span(texts.begin(), texts.size()));
}

Schema one_of(std::span<const std::string_view> texts) {
  boost::json::array values;
  for (const std::string_view text : texts) values.emplace_back(text);
  return {{"type", "string"}, {"enum", std::move(values)}};
}

Schema integer() { return of_type("integer"); }

Schema integer(std::int64_t min, std::optional<std::int64_t> max) {
  Schema schema{{"type", "integer"}, {"minimum", min}};
  if (max) schema["maximum"] = *max;
  return schema;
}

Schema number() { return of_type("number"); }
Schema boolean() { return of_type("boolean"); }
Schema time() { return of_format("date-time"); }
Schema uuid() { return of_format("uuid"); }
Schema url() { return of_format("uri"); }
Schema file() {
  Schema schema;
  schema["contentMediaType"] = "application/octet-stream";
  return schema;
}
Schema any() { return {}; }

Schema constant(boost::json::value value) {
  Schema schema;
  schema["const"] = std::move(value);
  return schema;
}

Schema list(Schema items) {
  Schema schema = of_type("array");
  schema["items"] = std::move(items);
  return schema;
}

Schema map(Schema values) {
  Schema schema = of_type("object");
  schema["additionalProperties"] = std::move(values);
  return schema;
}

Schema nullable(Schema schema) {
  auto* type = schema.if_contains("type");
  if (type && type->is_string() && !schema.contains("enum")) {
    boost::json::array types;
    types.push_back(std::move(*type));
    types.emplace_back("null");
    *type = std::move(types);
    return schema;
  }
  return any_of({std::move(schema), of_type("null")});
}

Schema any_of(std::vector<Schema> schemas) {
  boost::json::array all;
  for (Schema& schema : schemas) all.emplace_back(std::move(schema));
  Schema schema;
  schema["anyOf"] = std::move(all);
  return schema;
}

Schema ref(std::string_view name) {
  Schema schema;
  schema["$ref"] = "#/components/schemas/" + std::string(name);
  return schema;
}

Member optional(std::string name, Schema schema) {
  return {std::move(name), std::move(schema), false};
}

Schema object(std::vector<Member> members) {
  boost::json::object properties;
  boost::json::array required;
  for (Member& member : members) {
    if (member.is_required) required.emplace_back(member.name);
    properties[member.name] = std::move(member.schema);
  }
  Schema schema = of_type("object");
  schema["properties"] = std::move(properties);
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

Schema changes(std::vector<Member> members) {
  for (Member& member : members) member.is_required = false;
  return object(std::move(members));
}

Schema about(Schema schema, std::string_view text) {
  schema["description"] = text;
  return schema;
}

Schema like(Schema schema, boost::json::value example) {
  boost::json::array examples;
  examples.push_back(std::move(example));
  schema["examples"] = std::move(examples);
  return schema;
}

Schema or_else(Schema schema, boost::json::value otherwise) {
  schema["default"] = std::move(otherwise);
  return schema;
}

}  // namespace coffer::apis::schema

namespace coffer::apis {

Content json_content(Schema schema) { return {"application/json", std::move(schema)}; }

Content json_content(Schema schema, boost::json::object example) {
  return {"application/json", std::move(schema), std::move(example)};
}

Content form_content(Schema schema) { return {"multipart/form-data", std::move(schema)}; }

Content raw_content(std::string media_type) { return {std::move(media_type), {}}; }

Content page_content() { return {"text/html", schema::text()}; }

Parameter query(std::string name, std::string about, Schema schema) {
  return {Parameter::In::kQuery, std::move(name), std::move(about), std::move(schema)};
}

Parameter header(std::string name, std::string about, Schema schema) {
  return {Parameter::In::kHeader, std::move(name), std::move(about), std::move(schema)};
}

Parameter in_path(std::string name, std::string about, Schema schema,
                  std::optional<boost::json::value> example) {
  return {Parameter::In::kPath, std::move(name),   std::move(about),
          std::move(schema),    /*required=*/true, std::move(example)};
}

std::vector<Answer> content_answers(std::string about, std::vector<Content> forms) {
  std::vector<Header> headers{
      {"ETag", "Strong; the bytes' own", schema::text()},
      {"Last-Modified", "When the bytes were written", schema::text()},
      {"Accept-Ranges", "`bytes`", schema::text()},
      {"Content-Disposition", "The file's name", schema::text()},
  };
  std::vector<Answer> answers;
  answers.push_back({200, std::move(about), forms, headers});
  headers.push_back(
      {"Content-Range", "Which bytes they are, where it is one part", schema::text()});
  std::string part = "The part that `Range` asks for";
  answers.push_back({206, std::move(part), std::move(forms), std::move(headers)});
  return answers;
}

std::vector<Answer> file_answers(std::string about) {
  std::vector<Answer> answers = content_answers(std::move(about), {raw_content("*/*")});
  for (Answer& answer : answers) {
    answer.headers.push_back(
        {"Repr-Digest", "SHA-256 of the whole file, where it is known (RFC 9530)", schema::text()});
  }
  return answers;
}

std::vector<Parameter> file_parameters() {
  std::vector<Parameter> parameters;
  parameters.push_back(query(
      "download", "Anything but `0` and `false`: to save rather than to show", schema::text()));
  return parameters;
}

}  // namespace coffer::apis
