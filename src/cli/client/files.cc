// `coffer ls`, `up`, `down`, `rm`.
#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "cli/client/commands.h"
#include "cli/client/open_session.h"
#include "cli/client/printable.h"
#include "cli/client/progress_bar.h"
#include "client/error.h"
#include "client/session.h"
#include "client/transfers.h"

namespace coffer::cli::client {
namespace {

using boost::json::object;
using coffer::client::Error;
using coffer::client::escape;
using coffer::client::Query;
using coffer::client::Session;
using coffer::client::text_member;

constexpr char kListFooter[] =
    "One line a file, the newest first: id, size in bytes, type, when it was made, name; with\n"
    "--collections one line a collection: id, number of files, when it was made, name. With\n"
    "--json one JSON object a line, as the API has it.";
constexpr char kDownFooter[] =
    "Writes into the current folder, or into --output. A file that is there with the same bytes "
    "is\n"
    "left as it is, another one is replaced with --force only. What was interrupted goes on at "
    "the\n"
    "next run; the bytes are compared with the vault's checksum.";

struct ListOptions {
  std::string type;
  std::string tag;
  std::string text;
  std::string collection;
  std::string sort;
  bool is_of_collections = false;
  bool is_json = false;
};

struct UpOptions {
  std::vector<std::string> paths;
  coffer::client::UploadOptions about;
  std::string collection;
  bool is_json = false;
};

struct DownOptions {
  std::vector<std::string> ids;
  std::string output;
  bool is_forced = false;
  bool is_json = false;
};

struct RemoveOptions {
  std::vector<std::string> ids;
  bool is_permanent = false;
  bool is_json = false;
};

std::string number_member(const object& about, std::string_view name) {
  const auto* number = about.if_contains(name);
  return std::to_string(number && number->is_int64() ? number->get_int64() : 0);
}

std::string members_of(const std::string& collection) {
  return "/collections/" + escape(collection) + "/media";
}

// Does `each` with every word. One that fails is reported, and does not stop the others.
int for_each(const std::vector<std::string>& words,
             const std::function<void(const std::string&)>& each) {
  int code = 0;
  for (const std::string& word : words) {
    try {
      each(word);
    } catch (const coffer::client::LoggedOut&) {
      throw;
    } catch (const Error& error) {
      const std::string why = error.what();
      std::fflush(stdout);
      // A message about a file begins with its path.
      const std::string about = why.starts_with(word + ": ") ? why : word + ": " + why;
      fmt::print(stderr, "coffer: {}\n", printable(about, Printable::kMessage));
      code = 1;
    }
  }
  return code;
}

int list_collections(bool is_json) {
  Session session = open_session();
  // This list has pages by number only.
  for (int page = 1;; ++page) {
    const object reply =
        session.call("GET", "/collections", {{"page", std::to_string(page)}, {"per_page", "100"}});
    const auto& collections = reply.at("data").as_array();
    for (const auto& value : collections) {
      const object& one = value.as_object();
      if (is_json) {
        print_json(one);
      } else {
        print_columns({text_member(one, "id"), number_member(one, "media_count"),
                       text_member(one, "created_at"), text_member(one, "name")});
      }
    }
    const auto& pagination = reply.at("meta").at("pagination").as_object();
    if (collections.empty() || page >= pagination.at("total_pages").as_int64()) return 0;
  }
}

int list(const ListOptions& options) {
  if (options.is_of_collections) return list_collections(options.is_json);
  Session session = open_session();
  Query query;
  const auto add = [&query](const char* name, const std::string& value) {
    if (!value.empty()) query.emplace_back(name, value);
  };
  add("type", options.type);
  add("tag", options.tag);
  add("q", options.text);
  add("sort", options.sort);
  if (!options.collection.empty()) {
    (void)coffer::client::find_collection(session, options.collection);
  }
  const std::string path = options.collection.empty() ? "/media" : members_of(options.collection);
  session.list(path, query, [&options](const object& media) {
    if (options.is_json) return print_json(media);
    print_columns({text_member(media, "id"), number_member(media, "size"),
                   text_member(media, "type"), text_member(media, "created_at"),
                   text_member(media, "filename")});
  });
  return 0;
}

int upload(const UpOptions& options) {
  for (const std::string& tag : options.about.tags) {
    if (tag.find(',') == std::string::npos) continue;
    throw Error(fmt::format("--tag: {} has a comma; give --tag for each tag", json_quoted(tag)));
  }
  Session session = open_session();
  // Before a file is stored that could not be added to it.
  if (!options.collection.empty()) {
    (void)coffer::client::find_collection(session, options.collection);
  }
  return for_each(options.paths, [&](const std::string& path) {
    object media;
    {
      ProgressBar bar(path, options.is_json);
      media = coffer::client::upload(
          session, path, options.about,
          [&bar](std::uint64_t done, std::uint64_t total) { bar.show(done, total); });
    }
    const std::string id = text_member(media, "id");
    if (!options.collection.empty()) {
      try {
        (void)session.call("POST", members_of(options.collection), {}, object{{"media_id", id}});
      } catch (const Error& error) {
        throw Error(fmt::format("stored as {}, but not added to {}: {}", id, options.collection,
                                error.what()));
      }
    }
    if (options.is_json) return print_json(media);
    print_columns({id, path});
  });
}

// Moves what was received to its place; by force in place of what is there.
void put(const std::filesystem::path& part, const std::filesystem::path& path, bool is_forced) {
  if (is_forced) {
    std::error_code error;
    std::filesystem::rename(part, path, error);
    if (error) throw Error(path.string() + ": " + error.message());
  } else if (!coffer::client::move_to_free(part, path)) {
    throw Error(path.string() + " came to be meanwhile; use --force to replace it");
  }
}

int download(const DownOptions& options) {
  Session session = open_session();
  std::error_code error;
  if (options.ids.size() > 1 && !options.output.empty() &&
      !std::filesystem::is_directory(options.output, error)) {
    throw Error(options.output + " is no folder; several files need one");
  }
  return for_each(options.ids, [&](const std::string& id) {
    object media = session.data("GET", "/media/" + escape(id));
    const auto path = coffer::client::place_of(media, options.output);
    std::error_code ignored;
    if (!options.is_forced && std::filesystem::exists(path, ignored)) {
      ProgressBar bar(path.string(), options.is_json);
      if (!coffer::client::has_bytes_of(
              path, media,
              [&bar](std::uint64_t done, std::uint64_t total) { bar.show(done, total); })) {
        throw Error(path.string() + " is there with other bytes; use --force to replace it");
      }
      // It came by another way after a run that was interrupted.
      coffer::client::remove_part(coffer::client::part_of(path, text_member(media, "id")));
    } else {
      ProgressBar bar(path.string(), options.is_json);
      coffer::client::download(
          session, media, path,
          [&bar](std::uint64_t done, std::uint64_t total) { bar.show(done, total); },
          [&](const std::filesystem::path& part) { put(part, path, options.is_forced); });
    }
    if (options.is_json) {
      media["path"] = path.string();
      return print_json(media);
    }
    print_columns({text_member(media, "id"), path.string()});
  });
}

int remove(const RemoveOptions& options) {
  Session session = open_session();
  Query query;
  if (options.is_permanent) query.emplace_back("permanent", "true");
  return for_each(options.ids, [&](const std::string& id) {
    const object media = session.data("DELETE", "/media/" + escape(id), query);
    if (options.is_json) return print_json(media);
    const std::string until = text_member(media, "restorable_until");
    print_columns({text_member(media, "id"),
                   until.empty() ? "gone for good" : "in the trash until " + until});
  });
}

void add_json_flag(CLI::App& command, bool& into) {
  command.add_flag("--json", into, "One JSON object a line");
}

}  // namespace

void add_file_commands(CLI::App& app, Run& run) {
  auto* ls = app.add_subcommand("ls", "List the files or collections of a vault");
  auto listed = std::make_shared<ListOptions>();
  ls->footer(kListFooter);
  ls->add_option("--type", listed->type, "Of that kind only")
      ->check(CLI::IsMember({"image", "video", "audio", "document", "other"}));
  ls->add_option("--tag", listed->tag, "With that tag");
  ls->add_option("--search", listed->text, "With these words in name, title, description or tags");
  ls->add_option("--collection", listed->collection, "Of that collection (col_…), in its order");
  ls->add_option("--sort", listed->sort, "created_at, filename or size; with - in front backwards");
  auto* collections =
      ls->add_flag("--collections", listed->is_of_collections, "The collections, not the files");
  for (const char* filter : {"--type", "--tag", "--search", "--collection", "--sort"}) {
    collections->excludes(ls->get_option(filter));
  }
  add_json_flag(*ls, listed->is_json);
  ls->callback([&run, listed] { run = [listed] { return list(*listed); }; });

  auto* up = app.add_subcommand("up", "Upload files to a vault");
  auto sent = std::make_shared<UpOptions>();
  up->add_option("files", sent->paths, "Files")->required();
  up->add_option("--title", sent->about.title, "Title of each");
  up->add_option("--description", sent->about.description, "Description of each");
  up->add_option("--tag", sent->about.tags, "Tag of each; may be repeated")
      ->allow_extra_args(false);
  up->add_option("--collection", sent->collection, "Adds each to that collection (col_…)");
  add_json_flag(*up, sent->is_json);
  up->callback([&run, sent] { run = [sent] { return upload(*sent); }; });

  auto* down = app.add_subcommand("down", "Download files of a vault");
  auto received = std::make_shared<DownOptions>();
  down->footer(kDownFooter);
  down->add_option("ids", received->ids, "Their ids (media_…)")->required();
  down->add_option("-o,--output", received->output, "File or folder to write to");
  down->add_flag("--force", received->is_forced, "Replace files that are there");
  add_json_flag(*down, received->is_json);
  down->callback([&run, received] { run = [received] { return download(*received); }; });

  auto* rm = app.add_subcommand("rm", "Delete files of a vault");
  auto removed = std::make_shared<RemoveOptions>();
  rm->add_option("ids", removed->ids, "Their ids (media_…)")->required();
  rm->add_flag("--permanent", removed->is_permanent, "For good, not into the trash");
  add_json_flag(*rm, removed->is_json);
  rm->callback([&run, removed] { run = [removed] { return remove(*removed); }; });
}

}  // namespace coffer::cli::client
