// The files of Swagger UI (third_party/swagger-ui) as they are in the program.
#pragma once

#include <string_view>

namespace coffer::apis::reference {

// Both compressed by gzip.
std::string_view viewer_script() noexcept;
std::string_view viewer_style() noexcept;

}  // namespace coffer::apis::reference
