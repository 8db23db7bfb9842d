#include "client/sync.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "client/error.h"
#include "client/sync_folder.h"
#include "client/sync_state.h"
#include "client/transfers.h"

namespace coffer::client {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kPreconditionFailed = 412;
constexpr unsigned kUnauthorized = 401;
constexpr unsigned kNotFound = 404;
constexpr unsigned kTooManyRequests = 429;
constexpr unsigned kUnavailable = 503;
constexpr int kRemovals = 5;  // attempts, while others change its texts
constexpr int kUnreachable =
    3;  // files one after another that a vault without a reply ends a run with

struct Remote {
  boost::json::object media;
  std::string checksum;
};

struct Local {
  std::string checksum;
  FileLook look;  // from before it was hashed
};

// Files by the checksum that they have.
using ByChecksum = std::multimap<std::string, std::string>;

// One run.
class Run {
 public:
  Run(Session& session, const SyncOptions& options, const SyncListener& listener)
      : session_(session),
        options_(options),
        listener_(listener),
        folder_(options.folder),
        state_(options.folder,
               {.root = session.credentials().root,
                .account = text_member(session.data("GET", "/users/me"), "uuid"),
                .collection = options.collection},
               options.is_dry_run) {}

  SyncResult run() {
    read_there();
    read_here();
    // Copies: each step changes what is left.
    std::vector<SyncPair> missing;
    for (const SyncPair& pair : state_.pairs()) {
      if (is_missing(pair)) {
        missing.push_back(pair);
      } else {
        attempt(pair.name, [&] { compare(pair); });
      }
    }
    // Before their bytes are removed there and sent anew: the files that got another name.
    ByChecksum new_here = new_files();
    for (const SyncPair& pair : missing) {
      attempt(pair.name, [&] {
        if (!rename(pair, new_here)) compare(pair);
      });
    }
    // What is left is new: the same bytes here and there are one file, others are sent.
    ByChecksum new_there;
    for (const auto& [id, remote] : there_) new_there.emplace(remote.checksum, id);
    for (const auto& [name, local] : std::map(here_)) {
      attempt(name, [&] { meet(name, local.checksum, new_there); });
    }
    for (const auto& [id, remote] : std::map(there_)) {
      const std::string name = free_name_for(remote, id);
      attempt(name, [&] { download_to(SyncKind::kDownload, name, remote); });
    }
    state_.save();
    remove_stale_parts();
    return result_;
  }

 private:
  void read_there() {
    if (!options_.collection.empty()) (void)find_collection(session_, options_.collection);
    const std::string path = options_.collection.empty() ? "/media" : members();
    session_.list(path, {{"sort", "created_at"}}, [this](const boost::json::object& media) {
      const std::string id = text_member(media, "id");
      std::string checksum = checksum_of(media);
      if (checksum.empty()) {
        ++result_.left_out;
        pending_.insert(id);
      } else {
        there_[id] = {media, std::move(checksum)};
      }
    });
  }

  void read_here() {
    folder_.scan();
    for (const auto& [name, left] : folder_.left()) {
      if (left.is_failure) {
        report(name, left.why);
      } else {
        listener_.skip(name, left.why);
      }
    }
    for (const std::string& name : folder_.names()) {
      try {
        read_one(name);
      } catch (const Error& error) {
        // One that was removed meanwhile is none.
        if (!folder_.look_at(name)) continue;
        folder_.leave(name, error.what());
        report(name, error.what());
      }
    }
  }

  void read_one(const std::string& name) {
    if (const auto look = folder_.look_at(name)) {
      here_[name] = {checksum_of_file(folder_.path_of(name), listener_.hash(name)), *look};
    }
  }

  // Has `make` deal with one file. Where it fails, the others are gone on with, unless they would
  // fail too.
  template <class Make>
  void attempt(const std::string& name, Make make) {
    try {
      make();
      unreachable_ = 0;
    } catch (const LoggedOut&) {
      throw;
    } catch (const ApiError& error) {
      if (error.status() == kUnauthorized) throw;
      const bool is_busy = error.status() == kTooManyRequests || error.status() == kUnavailable;
      unreachable_ = is_busy ? unreachable_ + 1 : 0;
      report(name, error.what());
    } catch (const ConnectionLost& error) {
      ++unreachable_;
      report(name, error.what());
    } catch (const Error& error) {
      report(name, error.what());
    }
    if (unreachable_ >= kUnreachable) {
      throw Error("the vault does not reply; run the command again to go on");
    }
  }

  void report(const std::string& name, std::string why) {
    ++result_.failures;
    const std::string path = folder_.path_of(name).string() + ": ";
    if (why.starts_with(path)) why.erase(0, path.size());
    listener_.fail(name, why);
  }

  // Whether it was there, and is here no longer.
  bool is_missing(const SyncPair& pair) const {
    return !here_.contains(pair.name) && !folder_.is_left(pair.name);
  }

  ByChecksum new_files() const {
    ByChecksum found;
    for (const auto& [name, local] : here_) {
      if (!state_.knows(name)) found.emplace(local.checksum, name);
    }
    return found;
  }

  // Gives the media its new name, where the file that is missing is one of these. False: it is not.
  bool rename(const SyncPair& pair, ByChecksum& new_here) {
    const auto there = there_.find(pair.id);
    const auto here = new_here.find(pair.checksum);
    if (there == there_.end() || here == new_here.end()) return false;
    if (there->second.checksum != pair.checksum || !is_same(pair, there->second)) return false;
    const std::string name = here->second;
    new_here.erase(here);
    there_.erase(there);
    here_.erase(name);
    step({SyncKind::kRenameThere, name, pair.id, pair.name}, [&](const Progress&) {
      // Not what the vault has by now: its bytes may be others, which are not here.
      (void)session_.data("PATCH", "/media/" + escape(pair.id), {},
                          boost::json::object{{"filename", name}});
      state_.put({name, pair.id, pair.uuid, pair.checksum});
    });
    return true;
  }

  static bool is_same(const SyncPair& pair, const Remote& there) {
    return text_member(there.media, "uuid") == pair.uuid || there.checksum == pair.checksum;
  }

  // What both were at the end of the last run, with what they are now.
  void compare(const SyncPair& pair) {
    if (pending_.contains(pair.id) || folder_.is_left(pair.name)) {
      here_.erase(pair.name);
      there_.erase(pair.id);
      return;
    }
    const auto here = take(here_, pair.name);
    auto there = take(there_, pair.id);
    if (there && !is_same(pair, *there)) {
      // Another file has its id.
      there_[pair.id] = *std::exchange(there, std::nullopt);
    }
    if (!here && !there) return state_.forget(pair);
    if (!there) return removed_there(pair, *here);
    if (!here) return removed_here(pair, *there);
    const bool is_same_here = here->checksum == pair.checksum;
    const bool is_same_there = there->checksum == pair.checksum;
    if (here->checksum == there->checksum) {
      if (!is_same_here) put(pair.name, there->media);
    } else if (is_same_there) {
      replace_there(pair, *here);
    } else if (is_same_here) {
      download_to(SyncKind::kReplaceHere, pair.name, *there, here->look);
    } else {
      set_aside(pair.name, pair.id);
      download_to(SyncKind::kDownload, pair.name, *there);
    }
  }

  void replace_there(const SyncPair& pair, const Local& here) {
    bool is_replaced = true;
    step({SyncKind::kReplaceThere, pair.name, pair.id}, [&](Progress progress) {
      // The tag first: where it is of other bytes than the checksum after it, the vault refuses it.
      Request head{.method = "HEAD"};
      const std::string path = "/media/" + escape(pair.id);
      const std::string etag = session_.send(std::move(head), path + "/content", {}).field("etag");
      is_replaced = checksum_of(session_.data("GET", path)) == pair.checksum && try_changing([&] {
                      put(pair.name, replace(session_, pair.id, etag, folder_.path_of(pair.name),
                                             std::move(progress)));
                    });
    });
    if (is_replaced) return;
    // Changed there too, meanwhile, or by an attempt of this run whose reply was lost.
    const boost::json::object media = session_.data("GET", "/media/" + escape(pair.id));
    const std::string checksum = checksum_of(media);
    if (checksum.empty()) {
      ++result_.left_out;
    } else if (checksum == here.checksum) {
      put(pair.name, media);
    } else {
      set_aside(pair.name, pair.id);
      download_to(SyncKind::kDownload, pair.name, {media, checksum});
    }
  }

  void removed_there(const SyncPair& pair, const Local& here) {
    if (here.checksum != pair.checksum || folder_.look_at(pair.name) != here.look) {
      state_.forget(pair);
      return upload_new(pair.name, here.checksum);
    }
    step({SyncKind::kRemoveHere, pair.name, pair.id}, [&](const Progress&) {
      folder_.move_to_trash(pair.name);
      state_.forget(pair);
    });
  }

  void removed_here(const SyncPair& pair, const Remote& there) {
    if (there.checksum != pair.checksum) {
      return download_to(SyncKind::kDownload, pair.name, there);
    }
    std::optional<Remote> changed;
    step({SyncKind::kRemoveThere, pair.name, pair.id},
         [&](const Progress&) { changed = remove_there(pair); });
    if (changed) download_to(SyncKind::kDownload, pair.name, *changed);
  }

  // What is there instead, where its bytes were changed meanwhile.
  std::optional<Remote> remove_there(const SyncPair& pair) {
    const std::string path = "/media/" + escape(pair.id);
    for (int i = 0; i < kRemovals; ++i) {
      const Reply reply = session_.send({}, path, {});
      const auto media = boost::json::parse(reply.body).at("data").as_object();
      if (std::string checksum = checksum_of(media); checksum != pair.checksum) {
        // Without a checksum it is for the next run.
        if (!checksum.empty()) return Remote{media, std::move(checksum)};
        ++result_.left_out;
        return std::nullopt;
      }
      const bool is_removed = try_changing([&] {
        if (options_.collection.empty()) {
          Request request{.method = "DELETE", .fields = {{"If-Match", reply.field("etag")}}};
          (void)session_.send(std::move(request), path, {});
        } else {
          (void)session_.call("DELETE", "/collections/" + escape(options_.collection) + path);
        }
      });
      if (is_removed) {
        state_.forget(pair);
        return std::nullopt;
      }
    }
    throw Error("it is being changed at the vault; run the command again");
  }

  // False where the vault has something else by now than what was to be changed.
  template <class Change>
  static bool try_changing(Change change) {
    try {
      change();
      return true;
    } catch (const ApiError& error) {
      if (error.status() != kPreconditionFailed) throw;
      return false;
    }
  }

  // A file that is new here.
  void meet(const std::string& name, const std::string& checksum, ByChecksum& new_there) {
    const auto [begin, end] = new_there.equal_range(checksum);
    if (begin == end) return upload_new(name, checksum);
    // The one of that name goes before others with these bytes.
    auto same = std::find_if(begin, end, [&](const auto& one) {
      return text_member(there_.at(one.second).media, "filename") == name;
    });
    if (same == end) same = begin;
    const auto there = take(there_, same->second);
    new_there.erase(same);
    put(name, there->media);
  }

  void upload_new(const std::string& name, const std::string& checksum) {
    step({SyncKind::kUpload, name}, [&](Progress progress) {
      auto media = stored_before(name, checksum);
      if (!media) {
        media = upload(session_, folder_.path_of(name), {.filename = name}, std::move(progress));
      }
      if (!options_.collection.empty()) {
        (void)session_.call("POST", members(), {},
                            boost::json::object{{"media_id", text_member(*media, "id")}});
      }
      put(name, *media);
    });
  }

  // The file, where a run stored it that could not add it to the collection then.
  std::optional<boost::json::object> stored_before(const std::string& name,
                                                   const std::string& checksum) {
    if (options_.collection.empty()) return std::nullopt;
    const std::string key = "sha256:" + checksum;
    const auto known = session_.data("POST", "/media/exists", {},
                                     boost::json::object{{"checksums", boost::json::array{key}}});
    const std::string id = text_member(known, key);
    if (id.empty()) return std::nullopt;
    try {
      auto media = session_.data("GET", "/media/" + escape(id));
      const auto* collections = media.if_contains("collections");
      const bool is_in_none =
          collections && collections->is_array() && collections->get_array().empty();
      const bool is_same = checksum_of(media) == checksum;
      if (is_in_none && is_same && text_member(media, "filename") == name) return media;
    } catch (const ApiError& error) {
      if (error.status() != kNotFound) throw;
    }
    return std::nullopt;
  }

  // Of a file that is new there.
  std::string free_name_for(const Remote& remote, const std::string& id) const {
    const std::string name = folder_.name_for(remote.media);
    return is_taken(name) ? free_name(name, id) : name;
  }

  // `replaced` is what is to be there still; empty: nothing.
  void download_to(SyncKind kind, const std::string& name, const Remote& remote,
                   const std::optional<FileLook>& replaced = {}) {
    const std::string id = text_member(remote.media, "id");
    step({kind, name, id}, [&](Progress progress) {
      folder_.make_folders_of(name);
      received_.insert(part_of(folder_.path_of(name), id));
      download(session_, remote.media, folder_.path_of(name), std::move(progress),
               [&](const fs::path& part) {
                 if (replaced && folder_.look_at(name) == replaced) folder_.move_to_trash(name);
                 while (!move_to_free(part, folder_.path_of(name))) set_aside(name, id);
               });
      put(name, remote.media);
    });
  }

  // What earlier runs began to receive, and this one, which received all that is to be here, did
  // not go on with: the file is gone there or has another name.
  void remove_stale_parts() const {
    if (options_.is_dry_run || result_.failures > 0 || result_.left_out > 0) return;
    for (const fs::path& part : folder_.parts()) {
      if (!received_.contains(part)) remove_part(part);
    }
  }

  void put(const std::string& name, const boost::json::object& media) {
    state_.put({name, text_member(media, "id"), text_member(media, "uuid"), checksum_of(media)});
  }

  // Gives a file that was changed here and there another name, under which it is new.
  void set_aside(const std::string& old_name, const std::string& id) {
    step({SyncKind::kConflict, old_name, id}, [&](const Progress&) {
      std::string name = free_name(old_name, "conflict");
      while (!move_to_free(folder_.path_of(old_name), folder_.path_of(name))) {
        name = free_name(old_name, "conflict");
      }
      read_one(name);
    });
  }

  // "sea (conflict).txt", or with a number after the mark.
  std::string free_name(const std::string& name, const std::string& mark) const {
    std::string free = with_mark(name, mark);
    for (int i = 2; is_taken(free); ++i) free = with_mark(name, fmt::format("{} {}", mark, i));
    return free;
  }

  bool is_taken(const std::string& name) const {
    return state_.knows(name) || folder_.exists(name);
  }

  template <class Map>
  static std::optional<typename Map::mapped_type> take(Map& from, const std::string& key) {
    auto node = from.extract(key);
    if (node.empty()) return std::nullopt;
    return std::move(node.mapped());
  }

  template <class Make>
  void step(const SyncAction& action, Make make) {
    Progress progress = listener_.act(action);
    if (!options_.is_dry_run) make(std::move(progress));
  }

  std::string members() const { return "/collections/" + escape(options_.collection) + "/media"; }

  Session& session_;
  const SyncOptions& options_;
  const SyncListener& listener_;
  SyncFolder folder_;
  SyncState state_;
  std::map<std::string, Local> here_;    // by names
  std::map<std::string, Remote> there_;  // by ids
  std::set<std::string> pending_;        // ids of media without a checksum
  std::set<fs::path> received_;          // files of this run's downloads, until all is there
  int unreachable_ = 0;                  // files one after another for which no reply came
  SyncResult result_;
};

}  // namespace

std::string_view name_of(SyncKind kind) noexcept {
  constexpr std::array<std::string_view, 8> kNames{"upload",       "download",     "replace there",
                                                   "replace here", "remove there", "remove here",
                                                   "conflict",     "rename there"};
  return kNames[static_cast<std::size_t>(kind)];
}

SyncResult sync(Session& session, const SyncOptions& options, const SyncListener& listener) {
  return Run(session, options, listener).run();
}

}  // namespace coffer::client
