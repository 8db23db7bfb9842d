#include "cli/client/open_session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdio>

#include "cli/client/printable.h"

namespace coffer::cli::client {

using coffer::client::CredentialFile;
using coffer::client::Session;

Session open_session() { return Session(CredentialFile(CredentialFile::usual_path()), tell_pause); }

void tell_pause(const std::string& why, std::chrono::milliseconds pause) {
  constexpr std::chrono::seconds kWorthTelling{1};
  if (pause < kWorthTelling || ::isatty(STDERR_FILENO) != 1) return;
  // In place of the line of a progress bar.
  fmt::print(stderr, "\r\x1b[Kcoffer: {}; again in {} s\n", printable(why, Printable::kMessage),
             std::chrono::ceil<std::chrono::seconds>(pause).count());
}

void print_json(const boost::json::object& value) {
  fmt::print("{}\n", boost::json::serialize(value));
  std::fflush(stdout);
}

void print_columns(std::initializer_list<std::string_view> columns) {
  std::string line;
  for (const std::string_view column : columns) line += printable(column) + '\t';
  line.back() = '\n';
  fmt::print("{}", line);
  std::fflush(stdout);
}

}  // namespace coffer::cli::client
