#include "cli/client/read_line.h"

#include <fmt/format.h>

#include <iostream>

#include "client/error.h"

namespace coffer::cli::client {

std::string read_line(const char* what) {
  std::string line;
  if (!std::getline(std::cin, line)) {
    throw coffer::client::Error(fmt::format("no {} on standard input", what));
  }
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

}  // namespace coffer::cli::client
