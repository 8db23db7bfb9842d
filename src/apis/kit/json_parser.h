// JSON texts that clients send.
#pragma once

#include <boost/json/object.hpp>
#include <expected>
#include <string>
#include <string_view>

namespace coffer::apis {

// Why a text is not a JSON object. Each dialect says so in its own words.
struct JsonFault {
  enum class Kind {
    kEmpty,         // there is no text
    kSyntax,        // `detail`: what is wrong with it, and where
    kDuplicateKey,  // an object in it has the key `detail` twice: readers would take either value
    kNotAnObject,   // `detail`: what it is instead: array, bool, integer, null, number, string
  };
  Kind kind;
  std::string detail = {};
};

using JsonObject = std::expected<boost::json::object, JsonFault>;

// Objects and arrays may lie in each other 32 deep.
JsonObject parse_json_object(std::string_view text);

}  // namespace coffer::apis
