#include "client/transfers.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/text.h"
#include "client/descriptor.h"
#include "client/error.h"
#include "client/pending_uploads.h"

namespace coffer::client {
namespace {

constexpr std::size_t kPiece = std::size_t{64} << 10U;
constexpr std::chrono::milliseconds kIdle{60'000};
constexpr ::mode_t kFileMode = 0666;   // less the umask
constexpr std::size_t kNameMax = 255;  // bytes, of a file
constexpr unsigned kPartial = 206;
constexpr unsigned kNotFound = 404;
constexpr unsigned kNotSatisfiable = 416;
constexpr unsigned kServerErrors = 500;
constexpr std::string_view kPartEnd = ".coffer-part";

[[noreturn]] void fail(const std::filesystem::path& path) {
  throw Error(fmt::format("{}: {}", path.string(), std::strerror(errno)));
}

std::uint64_t size_of(const boost::json::object& media) {
  const auto* size = media.if_contains("size");
  return size && size->is_int64() ? static_cast<std::uint64_t>(size->get_int64()) : 0;
}

// Hashes a file from its start, and gives its size.
std::uint64_t read_all(int fd, const std::filesystem::path& path, Sha256& sum,
                       const Progress& progress = {}) {
  std::vector<std::byte> piece(kPiece);
  struct ::stat about {};
  if (::fstat(fd, &about) != 0) fail(path);
  const auto total = static_cast<std::uint64_t>(about.st_size);
  for (std::uint64_t at = 0;;) {
    const ::ssize_t count = ::pread(fd, piece.data(), piece.size(), static_cast<::off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(path);
    if (count == 0) return at;
    sum.update(ByteView(piece.data(), static_cast<std::size_t>(count)));
    at += static_cast<std::uint64_t>(count);
    if (progress) progress(at, std::max(at, total));
  }
}

// Opens a file that no other run receives into, and keeps others away until it is closed.
int open_part(const std::filesystem::path& path) {
  for (;;) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, kFileMode);
    if (fd < 0) fail(path);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      ::close(fd);
      throw Error(path.string() + " is being received by another run");
    }
    struct ::stat opened {};
    struct ::stat there {};
    if (::fstat(fd, &opened) == 0 && ::lstat(path.c_str(), &there) == 0 &&
        opened.st_ino == there.st_ino && opened.st_dev == there.st_dev) {
      return fd;
    }
    // Another run has moved it to its place meanwhile.
    ::close(fd);
  }
}

// A file that is received, and the hash of what it has. One run at a time has it.
class PartFile {
 public:
  explicit PartFile(std::filesystem::path path) : path_(std::move(path)), file_(open_part(path_)) {
    struct ::stat about {};
    if (::fstat(file_.get(), &about) != 0) fail(path_);
    if (!S_ISREG(about.st_mode)) throw Error(path_.string() + " is no file; remove it");
  }

  std::uint64_t size() const noexcept { return size_; }

  // Reads what an earlier run has left.
  void read_rest() { size_ = read_all(file_.get(), path_, sum_); }

  void clear() {
    if (::ftruncate(file_.get(), 0) != 0) fail(path_);
    size_ = 0;
    sum_ = Sha256();
  }

  void append(ByteView data) {
    sum_.update(data);
    while (!data.empty()) {
      const ::ssize_t count =
          ::pwrite(file_.get(), data.data(), data.size(), static_cast<::off_t>(size_));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail(path_);
      size_ += static_cast<std::uint64_t>(count);
      data = data.subspan(static_cast<std::size_t>(count));
    }
  }

  // The digest of all of it; the hash is used up.
  std::string finish() { return sum_.finish().hex(); }

  void sync() const {
    if (::fsync(file_.get()) != 0) fail(path_);
  }

  void remove() const { ::unlink(path_.c_str()); }

 private:
  std::filesystem::path path_;
  Descriptor file_;
  std::uint64_t size_ = 0;
  Sha256 sum_;
};

// Receives what `file` lacks. A lost connection is followed by a request for the rest.
void receive(Session& session, const std::string& path, PartFile& file, std::uint64_t total,
             const Progress& progress) {
  std::string etag;
  for (int attempt = 1;; ++attempt) {
    const std::uint64_t before = file.size();
    Request request;
    request.timeout = kIdle;
    if (before > 0) request.fields.emplace_back("Range", fmt::format("bytes={}-", before));
    if (before > 0 && !etag.empty()) request.fields.emplace_back("If-Range", etag);
    bool is_first = true;
    request.sink = [&](const Reply& head, ByteView data) {
      // The whole comes where the vault has other bytes by now.
      if (std::exchange(is_first, false)) {
        if (head.status != kPartial) file.clear();
        etag = head.field("etag");
      }
      file.append(data);
      if (progress) progress(file.size(), total);
    };
    try {
      (void)session.send(std::move(request), path, {}, false);
      return;
    } catch (const ConnectionLost& error) {
      if (file.size() > before) attempt = 1;
      session.wait_before_retry(attempt, error);
    } catch (const ApiError& error) {
      if (error.status() != kNotSatisfiable || file.size() == 0) throw;
      file.clear();
    }
  }
}

Reply send_form(Session& session, Request request, const std::string& path, const FileForm& form,
                const Progress& progress) {
  request.form = &form;
  request.sent = progress;
  request.timeout = kIdle;
  return session.send(std::move(request), path, {});
}

boost::json::object data_of(const Reply& reply) {
  boost::json::value value = boost::json::parse(reply.body);
  return std::move(value.as_object().at("data").as_object());
}

// Tells an upload from others: one that is made again by the same command with the same file has
// the same.
std::string identity_of(const Session& session, const FileForm& form) {
  struct ::stat about {};
  if (::stat(form.path.c_str(), &about) != 0) fail(form.path);
  Sha256 sum;
  const auto add = [&sum](std::string_view text) {
    sum.update(as_bytes(fmt::format("{}:{}", text.size(), text)));
  };
  add(session.credentials().root);
  add(session.credentials().username);
  add(std::filesystem::absolute(form.path).string());
  add(fmt::format("{} {} {} {}", about.st_ino, about.st_size, about.st_mtim.tv_sec,
                  about.st_mtim.tv_nsec));
  add(form.filename);
  for (const auto& [name, value] : form.fields) {
    add(name);
    add(value);
  }
  return sum.finish().hex();
}

bool is_there(Session& session, const std::string& id) {
  try {
    (void)session.data("GET", "/media/" + escape(id));
    return true;
  } catch (const ApiError& error) {
    if (error.status() != kNotFound) throw;
    return false;
  }
}

// Sends an upload with its key: where an earlier run sent it and got no reply, the vault answers
// with what that one stored.
boost::json::object send_once(Session& session, const FileForm& form, const Progress& progress) {
  PendingUploads pending(session.folder());
  const std::string identity = identity_of(session, form);
  for (bool is_second = false;; is_second = true) {
    const std::string key = pending.key_of(identity, system_clock().now());
    Request request{.method = "POST", .fields = {{"Idempotency-Key", key}}};
    try {
      const Reply reply = send_form(session, std::move(request), "/media/upload", form, progress);
      pending.forget(key, system_clock().now());
      boost::json::object media = data_of(reply);
      const bool is_replayed = !reply.field("idempotency-replayed").empty();
      if (!is_replayed || is_there(session, text_member(media, "id"))) return media;
      // It was removed since.
    } catch (const ApiError& error) {
      if (error.status() >= kServerErrors || error.code() == "idempotency_in_progress") throw;
      pending.forget(key, system_clock().now());
      const bool is_stale =
          error.code() == "idempotency_mismatch" || error.code() == "idempotency_reply_lost";
      if (is_second || !is_stale) throw;
    }
  }
}

}  // namespace

std::filesystem::path part_of(const std::filesystem::path& path, const std::string& id) {
  const std::string end = "." + id + std::string(kPartEnd);
  std::string name = path.filename().string();
  std::size_t length = kNameMax - 1 - std::min(end.size(), kNameMax - 1);
  if (name.size() > length) {
    // Not within a character of UTF-8.
    while (length > 0 && (static_cast<unsigned char>(name[length]) & 0xC0U) == 0x80U) --length;
    name.resize(length);
  }
  return path.parent_path() / ("." + name + end);
}

bool is_part(std::string_view name) { return name.starts_with('.') && name.ends_with(kPartEnd); }

void remove_part(const std::filesystem::path& part) {
  const Descriptor file(::open(part.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct ::stat about {};
  if (file.get() < 0 || ::fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode)) return;
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) ::unlink(part.c_str());
}

std::string checksum_of(const boost::json::object& media) {
  const std::string text = text_member(media, "checksum");
  constexpr std::string_view kPrefix = "sha256:";
  return text.starts_with(kPrefix) ? text.substr(kPrefix.size()) : std::string();
}

std::string checksum_of_file(const std::filesystem::path& path, const Progress& progress) {
  const Descriptor file = open_file(path);
  Sha256 sum;
  (void)read_all(file.get(), path, sum, progress);
  return sum.finish().hex();
}

boost::json::object upload(Session& session, const std::filesystem::path& path,
                           const UploadOptions& options, const Progress& progress) {
  FileForm form{.path = path, .filename = options.filename};
  if (form.filename.empty()) form.filename = path.filename().string();
  if (!is_utf8(form.filename)) {
    throw Error(path.string() + ": its name is not UTF-8; give it another one");
  }
  if (!options.title.empty()) form.fields.emplace_back("title", options.title);
  if (!options.description.empty()) form.fields.emplace_back("description", options.description);
  std::string tags;
  for (const std::string& tag : options.tags) tags += (tags.empty() ? "" : ",") + tag;
  if (!tags.empty()) form.fields.emplace_back("tags", tags);
  return send_once(session, form, progress);
}

boost::json::object replace(Session& session, const std::string& id, const std::string& etag,
                            const std::filesystem::path& path, const Progress& progress) {
  const FileForm form{.path = path, .filename = path.filename().string()};
  return data_of(send_form(session, {.method = "PUT", .fields = {{"If-Match", etag}}},
                           "/media/" + escape(id) + "/content", form, progress));
}

std::filesystem::path place_of(const boost::json::object& media,
                               const std::filesystem::path& target) {
  std::error_code error;
  if (!target.empty() && !std::filesystem::is_directory(target, error)) return target;
  std::string name = text_member(media, "filename");
  for (char& c : name) {
    if (c == '/' || static_cast<unsigned char>(c) < ' ') c = '_';
  }
  if (name.empty() || name == "." || name == "..") name = text_member(media, "id");
  return target / name;
}

bool has_bytes_of(const std::filesystem::path& path, const boost::json::object& media,
                  const Progress& progress) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  const std::string checksum = checksum_of(media);
  if (error || size != size_of(media) || checksum.empty()) return false;
  return checksum_of_file(path, progress) == checksum;
}

bool move_to_free(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EINVAL) {
    // The file system cannot do that.
    if (::link(from.c_str(), to.c_str()) == 0) {
      if (::unlink(from.c_str()) != 0) fail(from);
      return true;
    }
    // Nor has it links: what comes between these two calls is not seen.
    struct ::stat about {};
    if (errno != EEXIST && ::lstat(to.c_str(), &about) != 0) {
      if (::rename(from.c_str(), to.c_str()) != 0) fail(from);
      return true;
    }
    return false;
  }
  if (errno != EEXIST) fail(from);
  return false;
}

void download(Session& session, const boost::json::object& media, const std::filesystem::path& path,
              Progress progress, const Place& place) {
  const std::filesystem::path part = part_of(path, text_member(media, "id"));
  PartFile file(part);
  const std::string checksum = checksum_of(media);
  const std::uint64_t size = size_of(media);
  const std::string content = "/media/" + escape(text_member(media, "id")) + "/content";
  // Without a checksum nobody could tell whether what is there is of this file.
  if (!checksum.empty()) file.read_rest();
  const bool is_continued = file.size() > 0;
  if (!is_continued || file.size() >= size) file.clear();
  receive(session, content, file, size, progress);
  if (!checksum.empty() && file.finish() != checksum) {
    file.clear();
    if (!is_continued) {
      file.remove();
      throw Error(fmt::format("{}: the bytes that came do not have the checksum that the vault has",
                              path.string()));
    }
    // What an earlier run left was of another file.
    receive(session, content, file, size, progress);
    if (file.finish() != checksum) {
      file.remove();
      throw Error(fmt::format("{}: the file was changed while it was received", path.string()));
    }
  }
  file.sync();
  place(part);
}

}  // namespace coffer::client
