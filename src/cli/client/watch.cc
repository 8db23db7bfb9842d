// `coffer watch`.
#include "client/watch.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "base/text.h"
#include "cli/client/commands.h"
#include "cli/client/open_session.h"
#include "cli/client/printable.h"
#include "client/error.h"
#include "client/session.h"

namespace coffer::cli::client {
namespace {

using coffer::client::Session;
using coffer::client::WatchOptions;

constexpr char kWatchFooter[] =
    "One JSON object a line, as the API's WebSocket has it; {\"type\":\"gap\"} where events are "
    "kept "
    "no\nlonger. A lost connection is made anew, and nothing is missed. With --since and the id of "
    "the\nlast event that was seen, what came after it comes first. Ends with SIGINT.";

int follow(const WatchOptions& options) {
  Session session = open_session();
  if (::isatty(STDERR_FILENO) == 1) {
    fmt::print(stderr, "coffer: watching {}; Ctrl-C ends it\n",
               printable(session.credentials().root));
  }
  coffer::client::watch(
      session, options,
      [](const boost::json::object& event) {
        fmt::print("{}\n", boost::json::serialize(event));
        if (std::fflush(stdout) != 0) {
          throw coffer::client::Error("cannot write to standard output");
        }
      },
      [](const std::string& why) {
        fmt::print(stderr, "coffer: {}; connecting again\n", printable(why, Printable::kMessage));
      });
  return 0;
}

}  // namespace

void add_watch_command(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand("watch", "Print what happens to the files of a vault");
  auto options = std::make_shared<WatchOptions>();
  auto channel = std::make_shared<std::string>();
  command->footer(kWatchFooter);
  command
      ->add_option("--of", *channel,
                   "Events of media or of collections only, or how far uploads are")
      ->check(CLI::IsMember({"media", "collections", "uploads"}));
  command->add_option("--since", options->since, "Id of an event (event_…)")
      ->check([](const std::string& id) {
        constexpr std::string_view kPrefix = "event_";
        const bool is_id =
            id.starts_with(kPrefix) && parse_unsigned(id.substr(kPrefix.size())).has_value();
        return is_id ? std::string() : "must be the id of an event, such as event_12";
      });
  command->callback([&run, options, channel] {
    run = [options, channel] {
      const bool is_all = channel->empty();
      if (is_all || *channel == "media") options->channels.emplace_back("media_updates");
      if (is_all || *channel == "collections") options->channels.emplace_back("collection_updates");
      if (*channel == "uploads") options->channels.emplace_back("upload_updates");
      return follow(*options);
    };
  });
}

}  // namespace coffer::cli::client
