#include "jobs/media_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "base/executor.h"
#include "media/pool/sealed_file.h"
#include "media/pool/worker_pool.h"

namespace coffer::jobs {
namespace {

// Copied into memory, and so out of files that it shares: all that a store packs together is less.
constexpr std::uint64_t kInMemory = media::kMaxSharedFileBytes;
using Sink = std::function<void(ByteView)>;
// A store gives more than a few KiB as a section of its file.
constexpr std::uint64_t kProbe = std::uint64_t{64} << 10U;
constexpr std::size_t kBlock = std::size_t{256} << 10U;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void write_all(int file, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail("cannot copy a stored file");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void read_all(const FileSlice& slice, Bytes& block, const Sink& sink) {
  block.resize(kBlock);
  for (std::uint64_t done = 0; done < slice.length;) {
    const auto want =
        static_cast<std::size_t>(std::min<std::uint64_t>(slice.length - done, kBlock));
    const ssize_t got =
        ::pread(slice.fd, block.data(), want, static_cast<off_t>(slice.offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw std::runtime_error("a stored file cannot be read");
    sink(ByteView(block).first(static_cast<std::size_t>(got)));
    done += static_cast<std::uint64_t>(got);
  }
}

void copy(const Content& content, const Sink& sink) {
  InlineExecutor here;
  Bytes block;
  for (std::uint64_t offset = 0; offset < content.size();) {
    const Content::Piece piece = here.run(content.piece(offset, content.size() - offset));
    if (const auto* bytes = std::get_if<Bytes>(&piece)) {
      sink(*bytes);
      offset += bytes->size();
    } else {
      const auto& slice = std::get<FileSlice>(piece);
      read_all(slice, block, sink);
      offset += slice.length;
    }
  }
}

// The same file, for reading alone.
media::Descriptor reopen(int file) {
  media::Descriptor reading(
      ::open(fmt::format("/proc/self/fd/{}", file).c_str(), O_RDONLY | O_CLOEXEC));
  if (reading.get() < 0) fail("cannot open a stored file for reading");
  return reading;
}

media::Descriptor copy_in_memory(const Content& content) {
  media::SealedFile file;
  copy(content, [&](ByteView bytes) { file.append(bytes); });
  return std::move(file).seal();
}

media::Descriptor copy_on_disk(const Content& content, const std::string& folder) {
  struct statvfs disk = {};
  if (::statvfs(folder.c_str(), &disk) != 0) fail("cannot look at the disk of the data folder");
  // Half of the room stays for others.
  if (content.size() > std::uint64_t{disk.f_bavail} * disk.f_frsize / 2) {
    throw std::runtime_error("the disk has no room for a copy of a stored file");
  }
  const media::Descriptor file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR));
  if (file.get() < 0) fail("cannot copy a stored file into the data folder");
  copy(content, [&](ByteView bytes) { write_all(file.get(), bytes); });
  return reopen(file.get());
}

bool is_read_only(int file) {
  const int flags = ::fcntl(file, F_GETFL);
  return flags >= 0 && (flags & O_ACCMODE) == O_RDONLY;
}

// Whether nothing but these bytes is in the file.
bool is_alone_in(int file, std::uint64_t size) {
  struct stat status = {};
  return ::fstat(file, &status) == 0 && static_cast<std::uint64_t>(status.st_size) == size;
}

}  // namespace

std::expected<MediaSource, bool> open_media_source(std::shared_ptr<const Content> content,
                                                   bool is_in_parts, const std::string& folder,
                                                   std::uint64_t max_copied) {
  const std::uint64_t size = content->size();
  MediaSource source;
  source.length = size;
  if (size > kInMemory && !is_in_parts) {
    InlineExecutor here;
    const Content::Piece piece = here.run(content->piece(0, kProbe));
    const auto* slice = std::get_if<FileSlice>(&piece);
    if (slice != nullptr && slice->offset == 0 && is_alone_in(slice->fd, size)) {
      source.file = slice->fd;
      if (!is_read_only(slice->fd)) {
        source.owned = reopen(slice->fd);
        source.file = source.owned.get();
      }
      source.content = std::move(content);
      return source;
    }
  }
  if (size > max_copied) return std::unexpected(false);
  source.owned = size <= kInMemory ? copy_in_memory(*content) : copy_on_disk(*content, folder);
  source.file = source.owned.get();
  return source;
}

media::DrawingFormat drawing_format_of(const MediaSource& source) {
  Bytes head(
      static_cast<std::size_t>(std::min<std::uint64_t>(source.length, media::kDrawingHeadBytes)));
  std::size_t done = 0;
  while (done < head.size()) {
    const ssize_t got = ::pread(source.file, head.data() + done, head.size() - done,
                                static_cast<off_t>(source.offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("cannot read a stored file");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return media::drawing_format(ByteView(head).first(done));
}

}  // namespace coffer::jobs
