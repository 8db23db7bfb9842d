// JSON Schemas, and the replies and parameters that dialects describe with them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apis/gateway/description.h"

namespace coffer::apis::schema {

Schema text();
// Of that many characters.
Schema text(std::uint64_t min, std::uint64_t max);
// A text that the regular expression matches.
Schema pattern(std::string_view regular_expression);
// One of these.
Schema one_of(std::initializer_list<std::string_view> texts);
Schema one_of(std::span<const std::string_view> texts);
Schema integer();
Schema integer(std::int64_t min, std::optional<std::int64_t> max = std::nullopt);
Schema number();
Schema boolean();
// ISO 8601 with Z.
Schema time();
Schema uuid();
Schema url();
// The bytes of a part of a form. Without a type, as OpenAPI 3.1 has it.
Schema file();
Schema any();
Schema constant(boost::json::value value);

Schema list(Schema items);
// An object of any members with such values.
Schema map(Schema values);
// The same or null.
Schema nullable(Schema schema);
Schema any_of(std::vector<Schema> schemas);
// A schema of the document by its name.
Schema ref(std::string_view name);

// A member of an object.
struct Member {
  std::string name;
  Schema schema;
  bool is_required = true;
};
Member optional(std::string name, Schema schema);
// It may have other members.
Schema object(std::vector<Member> members);
// The same with no member that has to be there.
Schema changes(std::vector<Member> members);

// The schema with words, an example, a default.
Schema about(Schema schema, std::string_view text);
Schema like(Schema schema, boost::json::value example);
Schema or_else(Schema schema, boost::json::value otherwise);

}  // namespace coffer::apis::schema

namespace coffer::apis {

Content json_content(Schema schema);
Content json_content(Schema schema, boost::json::object example);
Content form_content(Schema schema);
// Any bytes.
Content raw_content(std::string media_type = "application/octet-stream");
Content page_content();

Parameter query(std::string name, std::string about, Schema schema);
Parameter header(std::string name, std::string about, Schema schema);
Parameter in_path(std::string name, std::string about, Schema schema,
                  std::optional<boost::json::value> example = std::nullopt);

// What http::content_response() answers with bytes of those types, and with those of a file. The
// reference has its conditions and ranges of the ETag and the 206.
std::vector<Answer> content_answers(std::string about, std::vector<Content> forms);
std::vector<Answer> file_answers(std::string about);
// What calls that send a file understand besides.
std::vector<Parameter> file_parameters();

}  // namespace coffer::apis
