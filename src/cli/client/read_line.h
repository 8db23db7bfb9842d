// Secrets on standard input.
#pragma once

#include <string>

namespace coffer::cli::client {

// The first line of standard input, without its end: LF or CRLF. `what` it is: "password". Throws
// Error where there is none.
std::string read_line(const char* what);

}  // namespace coffer::cli::client
