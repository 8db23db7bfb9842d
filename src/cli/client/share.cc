// `coffer share`.
#include <boost/json/object.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <variant>

#include "base/clock.h"
#include "base/text.h"
#include "cli/client/commands.h"
#include "cli/client/open_session.h"
#include "cli/client/read_line.h"
#include "client/error.h"
#include "client/session.h"
#include "config/settings_values.h"

namespace coffer::cli::client {
namespace {

using coffer::client::Error;
using coffer::client::Session;

struct ShareOptions {
  std::string id;
  std::string expires;
  std::uint64_t max_downloads = 0;
  bool is_for_viewing = false;
  bool password_from_stdin = false;
  bool is_json = false;
};

// The end of a link: a moment, or a duration from now.
std::string end_of(const std::string& text) {
  if (const auto moment = from_iso8601(text)) return to_iso8601(*moment);
  constexpr std::uint64_t kTenYears = std::uint64_t{10} * 365 * 24 * 60 * 60 * 1000;
  const config::Shape shape{.kind = config::Kind::kDuration, .min = 1000, .max = kTenYears};
  const auto duration = config::parse_value(shape, text);
  if (!duration) {
    throw Error("--expires: " + json_quoted(text) +
                " must be a duration such as 7d, or a time such as 2030-01-31T12:00:00Z");
  }
  return to_iso8601(system_clock().now() +
                    std::chrono::milliseconds(std::get<std::uint64_t>(*duration)));
}

int share(const ShareOptions& options) {
  Session session = open_session();
  boost::json::object policy;
  if (!options.expires.empty()) policy["expires_at"] = end_of(options.expires);
  if (options.max_downloads != 0) policy["max_downloads"] = options.max_downloads;
  if (options.is_for_viewing) policy["allow_download"] = false;
  if (options.password_from_stdin) {
    policy["password"] = read_line("password");
  }
  const bool is_collection = options.id.starts_with("col_");
  const std::string path = (is_collection ? "/collections/" : "/media/") +
                           coffer::client::escape(options.id) + "/shares";
  boost::json::object made;
  try {
    made = session.data("POST", path, {}, policy);
  } catch (const coffer::client::ApiError& error) {
    throw Error(options.id + ": " + error.what());
  }
  if (options.is_json) {
    print_json(made);
  } else {
    print_columns({coffer::client::text_member(made, "url")});
  }
  return 0;
}

}  // namespace

void add_share_command(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand("share", "Make a link to a file or collection of a vault");
  auto options = std::make_shared<ShareOptions>();
  command->add_option("id", options->id, "media_… or col_…")->required();
  command->add_option("--expires", options->expires, "Its end: 7d, or 2030-01-31T12:00:00Z");
  command->add_option("--max-downloads", options->max_downloads, "How often it may be downloaded")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
  command->add_flag("--view-only", options->is_for_viewing, "For looking at, not for downloading");
  command->add_flag("--password-stdin", options->password_from_stdin,
                    "Read a password for visitors from standard input");
  command->add_flag("--json", options->is_json, "The share as the API has it");
  command->callback([&run, options] { run = [options] { return share(*options); }; });
}

}  // namespace coffer::cli::client
