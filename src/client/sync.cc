#include "client/sync.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "client/descriptor.h"
#include "client/error.h"
#include "client/transfers.h"

namespace coffer::client {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStateName = ".coffer-sync.json";
constexpr std::string_view kLockName = ".coffer-sync.lock";
constexpr std::string_view kTrashName = ".coffer-trash";
constexpr ::mode_t kPrivate = 0600;
constexpr unsigned kPreconditionFailed = 412;
constexpr int kRemovals = 5;  // attempts, while others change its texts

[[noreturn]] void fail(const fs::path& path) {
  throw Error(fmt::format("{}: {}", path.string(), std::strerror(errno)));
}

// One file as it was here and there at the end of the last step about it.
struct Pair {
  std::string name;
  std::string id;
  std::string uuid;  // a vault that was restored may give another file the id
  std::string checksum;
};

// What is remembered between runs. One run at a time has it.
class State {
 public:
  State(const SyncOptions& options, std::string root, std::string account)
      : path_(options.folder / kStateName),
        lock_(::open((options.folder / kLockName).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kPrivate)),
        root_(std::move(root)),
        account_(std::move(account)),
        collection_(options.collection),
        is_dry_run_(options.is_dry_run) {
    if (lock_.get() < 0) fail(options.folder / kLockName);
    if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
      throw Error(options.folder.string() + " is being synchronized by another run");
    }
    load();
  }

  const std::vector<Pair>& pairs() const noexcept { return pairs_; }

  void put(Pair pair) {
    drop(pair);
    pairs_.push_back(std::move(pair));
    save();
  }

  void forget(const Pair& pair) {
    drop(pair);
    save();
  }

 private:
  void drop(const Pair& pair) {
    std::erase_if(pairs_, [&pair](const Pair& one) {
      return one.name == pair.name || (!pair.id.empty() && one.id == pair.id);
    });
  }

  // At once: a run that ends in between leaves the one before.
  void save() const {
    if (is_dry_run_) return;
    boost::json::array files;
    for (const Pair& pair : pairs_) {
      files.push_back(
          {{"name", pair.name}, {"id", pair.id}, {"uuid", pair.uuid}, {"sha256", pair.checksum}});
    }
    const boost::json::object state{{"root", root_},
                                    {"account", account_},
                                    {"collection", collection_},
                                    {"files", std::move(files)}};
    const std::string text = boost::json::serialize(state) + "\n";
    fs::path next = path_;
    next += ".new";
    const Descriptor file(::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kPrivate));
    const bool is_written = file.get() >= 0 && ::write(file.get(), text.data(), text.size()) ==
                                                   static_cast<::ssize_t>(text.size());
    if (!is_written || ::rename(next.c_str(), path_.c_str()) != 0) fail(path_);
  }

  void load() {
    const Descriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0 && errno == ENOENT) return;
    struct ::stat about {};
    if (file.get() < 0 || ::fstat(file.get(), &about) != 0) fail(path_);
    std::string text(static_cast<std::size_t>(about.st_size), '\0');
    if (::read(file.get(), text.data(), text.size()) != about.st_size) fail(path_);
    boost::system::error_code failed;
    const boost::json::value value = boost::json::parse(text, failed);
    const auto* object = failed ? nullptr : value.if_object();
    const auto* files = object ? object->if_contains("files") : nullptr;
    if (!files || !files->is_array()) throw Error(path_.string() + " is damaged; remove it");
    if (text_member(*object, "root") != root_ ||
        text_member(*object, "collection") != collection_) {
      throw Error(path_.string() + " is of another vault or collection; use another folder");
    }
    if (text_member(*object, "account") != account_) {
      throw Error(path_.string() + " is of another account; use another folder");
    }
    for (const auto& file_value : files->get_array()) {
      const auto& one = file_value.as_object();
      pairs_.push_back({text_member(one, "name"), text_member(one, "id"), text_member(one, "uuid"),
                        text_member(one, "sha256")});
    }
  }

  fs::path path_;
  Descriptor lock_;
  std::string root_;
  std::string account_;  // its UUID
  std::string collection_;
  bool is_dry_run_;
  std::vector<Pair> pairs_;
};

struct Remote {
  boost::json::object media;
  std::string checksum;
};

// What tells whether a file was changed since it was looked at.
struct Look {
  ::ino_t inode = 0;
  ::off_t size = 0;
  ::time_t seconds = 0;  // of its last change
  long nanoseconds = 0;

  bool operator==(const Look&) const = default;
};

struct Local {
  std::string checksum;
  Look look;  // from before it was hashed
};

// Nothing where no file is.
std::optional<Look> look_at(const fs::path& path) {
  struct ::stat about {};
  if (::lstat(path.c_str(), &about) != 0 || !S_ISREG(about.st_mode)) return std::nullopt;
  return Look{about.st_ino, about.st_size, about.st_mtim.tv_sec, about.st_mtim.tv_nsec};
}

// One run.
class Run {
 public:
  Run(Session& session, const SyncOptions& options,
      const std::function<Progress(const SyncAction&)>& act)
      : session_(session),
        options_(options),
        act_(act),
        state_(options, session.credentials().root,
               text_member(session.data("GET", "/users/me"), "uuid")) {}

  std::uint64_t run() {
    read_there();
    read_here();
    // A copy: each step changes the state.
    for (const Pair& pair : std::vector<Pair>(state_.pairs())) compare(pair);
    // What is left is new: the same bytes here and there are one file, others are sent.
    for (const auto& [name, local] : std::map(here_)) meet(name, local.checksum);
    for (const auto& [id, remote] : std::map(there_)) fetch_new(id, remote);
    return left_out_;
  }

 private:
  void read_there() {
    const std::string path = options_.collection.empty()
                                 ? "/media"
                                 : "/collections/" + escape(options_.collection) + "/media";
    session_.list(path, {{"sort", "created_at"}}, [this](const boost::json::object& media) {
      const std::string id = text_member(media, "id");
      std::string checksum = checksum_of(media);
      if (checksum.empty()) {
        ++left_out_;
        pending_.push_back(id);
      } else {
        there_[id] = {media, std::move(checksum)};
      }
    });
  }

  void read_here() {
    for (const auto& entry : fs::directory_iterator(options_.folder)) {
      const std::string name = entry.path().filename().string();
      if (!name.starts_with('.')) read_one(name);
    }
  }

  void read_one(const std::string& name) {
    if (const auto look = look_at(path_of(name))) {
      here_[name] = {checksum_of_file(path_of(name)), *look};
    }
  }

  // What both were at the end of the last run, with what they are now.
  void compare(const Pair& pair) {
    if (std::ranges::find(pending_, pair.id) != pending_.end()) {
      here_.erase(pair.name);
      return;
    }
    const auto here = take(here_, pair.name);
    auto there = take(there_, pair.id);
    if (there && text_member(there->media, "uuid") != pair.uuid &&
        there->checksum != pair.checksum) {
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

  void replace_there(const Pair& pair, const Local& here) {
    bool is_replaced = true;
    step({SyncKind::kReplaceThere, pair.name, pair.id}, [&](Progress progress) {
      // The tag first: where it is of other bytes than the checksum after it, the vault refuses it.
      Request head{.method = "HEAD"};
      const std::string path = "/media/" + escape(pair.id);
      const std::string etag = session_.send(std::move(head), path + "/content", {}).field("etag");
      is_replaced = checksum_of(session_.data("GET", path)) == pair.checksum && try_changing([&] {
                      put(pair.name, replace(session_, pair.id, etag, path_of(pair.name),
                                             std::move(progress)));
                    });
    });
    if (is_replaced) return;
    // Changed there too, meanwhile, or by an attempt of this run whose reply was lost.
    const boost::json::object media = session_.data("GET", "/media/" + escape(pair.id));
    const std::string checksum = checksum_of(media);
    if (checksum.empty()) {
      ++left_out_;
    } else if (checksum == here.checksum) {
      put(pair.name, media);
    } else {
      set_aside(pair.name, pair.id);
      download_to(SyncKind::kDownload, pair.name, {media, checksum});
    }
  }

  void removed_there(const Pair& pair, const Local& here) {
    if (here.checksum != pair.checksum || look_at(path_of(pair.name)) != here.look) {
      state_.forget(pair);
      return upload_new(pair.name);
    }
    step({SyncKind::kRemoveHere, pair.name, pair.id}, [&](const Progress&) {
      move_to_trash(pair.name);
      state_.forget(pair);
    });
  }

  void removed_here(const Pair& pair, const Remote& there) {
    if (there.checksum != pair.checksum) {
      return download_to(SyncKind::kDownload, pair.name, there);
    }
    std::optional<Remote> changed;
    step({SyncKind::kRemoveThere, pair.name, pair.id},
         [&](const Progress&) { changed = remove_there(pair); });
    if (changed) download_to(SyncKind::kDownload, pair.name, *changed);
  }

  // What is there instead, where its bytes were changed meanwhile.
  std::optional<Remote> remove_there(const Pair& pair) {
    const std::string path = "/media/" + escape(pair.id);
    for (int i = 0; i < kRemovals; ++i) {
      const Reply reply = session_.send({}, path, {});
      const auto media = boost::json::parse(reply.body).at("data").as_object();
      if (std::string checksum = checksum_of(media); checksum != pair.checksum) {
        // Without a checksum it is for the next run.
        if (!checksum.empty()) return Remote{media, std::move(checksum)};
        ++left_out_;
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
    throw Error(pair.name + " is being changed at the vault; run the command again");
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
  void meet(const std::string& name, const std::string& checksum) {
    // The one of that name goes before others with these bytes.
    auto same = there_.end();
    for (auto one = there_.begin(); one != there_.end(); ++one) {
      if (one->second.checksum != checksum) continue;
      const bool has_name = text_member(one->second.media, "filename") == name;
      if (same == there_.end() || has_name) same = one;
      if (has_name) break;
    }
    if (same == there_.end()) return upload_new(name);
    put(name, same->second.media);
    there_.erase(same);
  }

  void upload_new(const std::string& name) {
    step({SyncKind::kUpload, name, ""}, [&](Progress progress) {
      const auto media = upload(session_, path_of(name), {}, std::move(progress));
      const std::string id = text_member(media, "id");
      if (!options_.collection.empty()) {
        (void)session_.call("POST", "/collections/" + escape(options_.collection) + "/media", {},
                            boost::json::object{{"media_id", id}});
      }
      put(name, media);
    });
  }

  // A file that is new there.
  void fetch_new(const std::string& id, const Remote& remote) {
    std::string name = place_of(remote.media, options_.folder).filename().string();
    while (name.starts_with('.')) name.erase(0, 1);
    if (name.empty()) name = id;
    if (is_taken(name)) name = free_name(name, id);
    download_to(SyncKind::kDownload, name, remote);
  }

  // `replaced` is what is to be there still; empty: nothing.
  void download_to(SyncKind kind, const std::string& name, const Remote& remote,
                   const std::optional<Look>& replaced = {}) {
    const std::string id = text_member(remote.media, "id");
    step({kind, name, id}, [&](Progress progress) {
      download(session_, remote.media, path_of(name), std::move(progress),
               [&](const fs::path& part) {
                 if (replaced && look_at(path_of(name)) == replaced) move_to_trash(name);
                 while (!move_to_free(part, path_of(name))) set_aside(name, id);
               });
      put(name, remote.media);
    });
  }

  void put(const std::string& name, const boost::json::object& media) {
    state_.put({name, text_member(media, "id"), text_member(media, "uuid"), checksum_of(media)});
  }

  // Gives a file that was changed here and there another name, under which it is new.
  void set_aside(const std::string& old_name, const std::string& id) {
    step({SyncKind::kConflict, old_name, id}, [&](const Progress&) {
      std::string name = free_name(old_name, "conflict");
      while (!move_to_free(path_of(old_name), path_of(name))) {
        name = free_name(old_name, "conflict");
      }
      read_one(name);
    });
  }

  void move_to_trash(const std::string& name) {
    const fs::path trash = options_.folder / kTrashName;
    if (::mkdir(trash.c_str(), 0700) != 0 && errno != EEXIST) fail(trash);
    fs::path place = trash / name;
    for (int i = 2; !move_to_free(path_of(name), place); ++i) {
      place = trash / numbered(name, std::to_string(i));
    }
  }

  // "sea.txt" and "2": "sea (2).txt".
  static std::string numbered(const std::string& name, const std::string& mark) {
    const fs::path path(name);
    return path.stem().string() + " (" + mark + ")" + path.extension().string();
  }

  // "sea (conflict).txt", or with a number after the mark.
  std::string free_name(const std::string& name, const std::string& mark) const {
    std::string free = numbered(name, mark);
    for (int i = 2; is_taken(free); ++i) free = numbered(name, fmt::format("{} {}", mark, i));
    return free;
  }

  bool is_taken(const std::string& name) const {
    std::error_code error;
    const bool is_known =
        std::ranges::find(state_.pairs(), name, &Pair::name) != state_.pairs().end();
    return is_known || fs::exists(fs::symlink_status(path_of(name), error));
  }

  template <class Map>
  static std::optional<typename Map::mapped_type> take(Map& from, const std::string& key) {
    auto node = from.extract(key);
    if (node.empty()) return std::nullopt;
    return std::move(node.mapped());
  }

  template <class Make>
  void step(const SyncAction& action, Make make) {
    Progress progress = act_(action);
    if (!options_.is_dry_run) make(std::move(progress));
  }

  fs::path path_of(const std::string& name) const { return options_.folder / name; }

  Session& session_;
  const SyncOptions& options_;
  const std::function<Progress(const SyncAction&)>& act_;
  State state_;
  std::map<std::string, Local> here_;    // by names
  std::map<std::string, Remote> there_;  // by ids
  std::vector<std::string> pending_;     // ids of media without a checksum
  std::uint64_t left_out_ = 0;
};

}  // namespace

std::string_view name_of(SyncKind kind) noexcept {
  constexpr std::array<std::string_view, 7> kNames{"upload",       "download",     "replace there",
                                                   "replace here", "remove there", "remove here",
                                                   "conflict"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::uint64_t sync(Session& session, const SyncOptions& options,
                   const std::function<Progress(const SyncAction&)>& act) {
  std::error_code error;
  if (!fs::is_directory(options.folder, error)) {
    throw Error(options.folder.string() + " is no folder");
  }
  return Run(session, options, act).run();
}

}  // namespace coffer::client
