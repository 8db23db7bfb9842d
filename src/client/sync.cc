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
constexpr std::string_view kPartEnd = ".part";
constexpr ::mode_t kPrivate = 0600;

[[noreturn]] void fail(const fs::path& path) {
  throw Error(fmt::format("{}: {}", path.string(), std::strerror(errno)));
}

// One file as it was here and there at the end of the last step about it.
struct Pair {
  std::string name;
  std::string id;
  std::string checksum;
};

// What is remembered between runs. One run at a time has it.
class State {
 public:
  State(const SyncOptions& options, std::string root)
      : path_(options.folder / kStateName),
        lock_(::open((options.folder / kLockName).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kPrivate)),
        root_(std::move(root)),
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
      files.push_back({{"name", pair.name}, {"id", pair.id}, {"sha256", pair.checksum}});
    }
    const boost::json::object state{
        {"root", root_}, {"collection", collection_}, {"files", std::move(files)}};
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
    for (const auto& file_value : files->get_array()) {
      const auto& one = file_value.as_object();
      pairs_.push_back(
          {text_member(one, "name"), text_member(one, "id"), text_member(one, "sha256")});
    }
  }

  fs::path path_;
  Descriptor lock_;
  std::string root_;
  std::string collection_;
  bool is_dry_run_;
  std::vector<Pair> pairs_;
};

struct Remote {
  boost::json::object media;
  std::string checksum;
};

// One run.
class Run {
 public:
  Run(Session& session, const SyncOptions& options,
      const std::function<Progress(const SyncAction&)>& act)
      : session_(session),
        options_(options),
        act_(act),
        state_(options, session.credentials().root) {}

  std::uint64_t run() {
    read_there();
    read_here();
    // A copy: each step changes the state.
    for (const Pair& pair : std::vector<Pair>(state_.pairs())) compare(pair);
    // What is left is new: the same bytes here and there are one file, others are sent.
    for (const auto& [name, checksum] : std::map(here_)) meet(name, checksum);
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
      if (name.starts_with('.') || name.ends_with(kPartEnd) || entry.is_symlink() ||
          !entry.is_regular_file()) {
        continue;
      }
      here_[name] = checksum_of_file(entry.path());
    }
  }

  // What both were at the end of the last run, with what they are now.
  void compare(const Pair& pair) {
    if (std::ranges::find(pending_, pair.id) != pending_.end()) {
      here_.erase(pair.name);
      return;
    }
    const auto here = take(here_, pair.name);
    const auto there = take(there_, pair.id);
    if (!here && !there) return state_.forget(pair);
    if (!there) return removed_there(pair, *here);
    if (!here) return removed_here(pair, *there);
    const bool is_same_here = *here == pair.checksum;
    const bool is_same_there = there->checksum == pair.checksum;
    if (*here == there->checksum) {
      if (!is_same_here) state_.put({pair.name, pair.id, *here});
    } else if (is_same_there) {
      step({SyncKind::kReplaceThere, pair.name, pair.id}, [&](Progress progress) {
        const auto media = replace(session_, pair.id, path_of(pair.name), std::move(progress));
        state_.put({pair.name, pair.id, checksum_of(media)});
      });
    } else {
      if (!is_same_here) set_aside(pair);
      download_to(is_same_here ? SyncKind::kReplaceHere : SyncKind::kDownload, pair.name, *there);
    }
  }

  void removed_there(const Pair& pair, const std::string& here) {
    if (here != pair.checksum) {
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
    step({SyncKind::kRemoveThere, pair.name, pair.id}, [&](const Progress&) {
      const std::string media = "/media/" + escape(pair.id);
      const bool is_all = options_.collection.empty();
      (void)session_.call("DELETE",
                          is_all ? media : "/collections/" + escape(options_.collection) + media);
      state_.forget(pair);
    });
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
    state_.put({name, same->first, checksum});
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
      state_.put({name, id, checksum_of(media)});
    });
  }

  // A file that is new there.
  void fetch_new(const std::string& id, const Remote& remote) {
    std::string name = place_of(remote.media, options_.folder).filename().string();
    while (name.starts_with('.')) name.erase(0, 1);
    if (name.empty()) name = id;
    if (name.ends_with(kPartEnd)) name += "_";
    if (is_taken(name)) name = numbered(name, id);
    download_to(SyncKind::kDownload, name, remote);
  }

  void download_to(SyncKind kind, const std::string& name, const Remote& remote) {
    const std::string id = text_member(remote.media, "id");
    step({kind, name, id}, [&](Progress progress) {
      download(session_, remote.media, path_of(name), std::move(progress));
      state_.put({name, id, remote.checksum});
    });
  }

  // Gives a file that was changed here and there another name, under which it is new.
  void set_aside(const Pair& pair) {
    step({SyncKind::kConflict, pair.name, pair.id}, [&](const Progress&) {
      std::string name = numbered(pair.name, "conflict");
      for (int i = 2; is_taken(name); ++i)
        name = numbered(pair.name, fmt::format("conflict {}", i));
      rename_or_fail(path_of(pair.name), path_of(name));
      here_[name] = checksum_of_file(path_of(name));
    });
  }

  void move_to_trash(const std::string& name) {
    const fs::path trash = options_.folder / kTrashName;
    if (::mkdir(trash.c_str(), 0700) != 0 && errno != EEXIST) fail(trash);
    fs::path place = trash / name;
    std::error_code error;
    for (int i = 2; fs::exists(fs::symlink_status(place, error)); ++i) {
      place = trash / numbered(name, std::to_string(i));
    }
    rename_or_fail(path_of(name), place);
  }

  static void rename_or_fail(const fs::path& from, const fs::path& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) fail(from);
  }

  // "sea.txt" and "2": "sea (2).txt".
  static std::string numbered(const std::string& name, const std::string& mark) {
    const fs::path path(name);
    return path.stem().string() + " (" + mark + ")" + path.extension().string();
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
  std::map<std::string, std::string> here_;  // checksums by names
  std::map<std::string, Remote> there_;      // by ids
  std::vector<std::string> pending_;         // ids of media without a checksum
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
