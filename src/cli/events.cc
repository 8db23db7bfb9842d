// `coffer events`: what happened, for people and for programs that follow it.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/executor.h"
#include "base/text.h"
#include "cli/commands.h"
#include "events/reader.h"

namespace coffer::cli {
namespace {

constexpr char kEventsFooter[] =
    "Prints one JSON object a line, oldest first: the event's number (it only grows), its type\n"
    "(account.registered, entry.created, entry.updated, entry.deleted, entry.restored,\n"
    "entry.purged, collection.created, collection.updated, collection.deleted), when it happened,\n"
    "who did it, and of what it is about the owner and, for files and folders, space, number, "
    "UUID\n"
    "and kind. Events are kept for events.retention.\n"
    "With --reader, a run goes on behind what the last run of that name printed; one that is\n"
    "killed may print the same events again, and none is left out.\n"
    "Works while the server runs.";

constexpr std::size_t kBatch = 500;

std::string number_or_null(const auto& id) {
  return id ? std::to_string(id->value) : std::string("null");
}

std::string json_of(const vault::Event& event) {
  return fmt::format(
      R"({{"id":{},"type":"{}","at":{},"account":{},"owner":{},"space":{},"entry":{},)"
      R"("uuid":{},"kind":{},"collection":{}}})",
      event.id.value, vault::name_of(event.type), json_quoted(to_iso8601(event.at)),
      event.account.value, number_or_null(event.owner), number_or_null(event.space),
      number_or_null(event.entry),
      event.uuid ? json_quoted(event.uuid->str()) : std::string("null"),
      event.kind ? json_quoted(vault::name_of(*event.kind)) : std::string("null"),
      number_or_null(event.collection));
}

struct Wanted {
  std::optional<std::string> after;
  std::optional<std::string> reader;
  bool follow = false;
};

// The number that --after names; 0 without it.
vault::EventId first_after(const Wanted& wanted) {
  if (!wanted.after) return {};
  const auto number = parse_unsigned(*wanted.after);
  if (!number || *number > INT64_MAX) {
    throw SettingsError(
        fmt::format("--after: {} is no number of an event", json_quoted(*wanted.after)));
  }
  return vault::EventId{static_cast<std::int64_t>(*number)};
}

// Where the events come from, and where it stands in them.
class Source {
 public:
  Source(vault::Events& log, const Wanted& wanted) : log_(log), after_(first_after(wanted)) {
    if (wanted.reader) reader_.emplace(log, *wanted.reader);
  }

  vault::Events::Page next() {
    return here_.run(reader_ ? reader_->read(kBatch) : log_.read(after_, kBatch));
  }
  void confirm(vault::EventId last) {
    after_ = last;
    if (reader_) here_.run(reader_->confirm(last));
  }

 private:
  vault::Events& log_;
  vault::EventId after_;
  std::optional<events::Reader> reader_;
  InlineExecutor here_;
};

int print_events(const Settings& settings, const Wanted& wanted) {
  constexpr auto kLook = std::chrono::milliseconds(500);
  if (wanted.reader && !events::Reader::is_name(*wanted.reader)) {
    throw SettingsError(
        fmt::format("--reader: {} is no name: use 1 to {} characters of a-z, 0-9, - and _",
                    json_quoted(*wanted.reader), events::Reader::kNameMax));
  }
  server::OpenVault opened = open_vault(settings, Scope::kExisting);
  Source source(opened.vault().events(), wanted);
  // Whoever asks for all that there is knows that older ones are gone.
  bool may_miss = wanted.after || wanted.reader;
  for (;;) {
    const auto page = source.next();
    if (page.has_gap && may_miss) {
      fmt::print(stderr, "coffer: events before the next one are gone: they were too old\n");
    }
    may_miss = true;
    for (const vault::Event& event : page.events) fmt::print("{}\n", json_of(event));
    if (std::fflush(stdout) != 0) throw UserError("cannot write to standard output");
    if (!page.events.empty()) source.confirm(page.events.back().id);
    if (page.events.size() == kBatch) continue;
    if (!wanted.follow) return kSuccess;
    std::this_thread::sleep_for(kLook);
  }
}

}  // namespace

void add_events(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand("events", "Print what happened to files and accounts");
  command->footer(kEventsFooter);
  const auto flags = std::make_shared<SettingFlags>(*command, false);
  const auto wanted = std::make_shared<Wanted>();
  auto* after =
      command->add_option("--after", wanted->after, "Only events with numbers above this one");
  command->add_option("--reader", wanted->reader, "Go on where the last run of this name stopped")
      ->excludes(after);
  command->add_flag("--follow", wanted->follow, "Wait for more, until interrupted");
  command->callback([&run, flags, wanted] {
    run = [flags, wanted] { return print_events(flags->load(), *wanted); };
  });
}

}  // namespace coffer::cli
