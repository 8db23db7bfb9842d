// JSON as text.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace coffer::apis {

// `value` as text, with its numbers as people write them: 19.0 and 52.5163, not 1.9E1 and
// 5.25163E1. Numbers of more than 17 digits before the point, and below a millionth, keep an
// exponent.
std::string json_text(const boost::json::value& value);

// Appends a number as json_text() writes it.
void append_number(std::string& out, double number);

}  // namespace coffer::apis
