// Pictures that were made of files: thumbnails, and what is rendered on request.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/stream.h"
#include "base/task.h"
#include "vault/media/picture_spec.h"
#include "vault/model/context.h"
#include "vault/model/failure.h"
#include "vault/model/types.h"

namespace coffer::vault {

// A picture to be sent: immutable, named by the digest of its bytes, which makes a strong ETag.
struct DerivedPicture {
  Sha256Digest digest;
  std::string_view media_type;  // of static lifetime
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::shared_ptr<const Content> content;
};

// A picture that was made and is still to be stored.
struct MadePicture {
  PictureFormat format = PictureFormat::kWebp;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  Bytes bytes;
};

// Makes pictures, on threads of its own.
class PictureMaker {
 public:
  // Nothing: it failed for reasons of the machine, which were logged.
  using Made = std::optional<std::expected<MadePicture, MediaFailure>>;
  using Done = std::function<void(Made)>;

  virtual ~PictureMaker() = default;

  // Makes a picture of the file and calls `done` once, later, on a thread that may wait for the
  // disk. False, and no call, where as many wait already as may. Never blocks. Threads: any.
  // REQUIRES: spec.is_valid().
  virtual bool begin(const Entry& file, const PictureSpec& spec, Done done) = 0;
};

// Threads: any executor's.
class Pictures {
 public:
  struct Stats {
    std::uint64_t hits = 0;    // pictures that had been made before
    std::uint64_t made = 0;    // on request
    std::uint64_t failed = 0;  // that could not be made
    std::uint64_t refused = 0;
    std::uint64_t cached = 0;  // kept, at the last evict()
    std::uint64_t cached_bytes = 0;
  };

  explicit Pictures(Context& context);
  ~Pictures();

  // What to show as the file's state: kReady for what nothing looks into, and for what waits while
  // nothing is looked into here (media.enabled is off, or no worker can be used), so that nobody
  // waits for what does not come.
  MediaState state_of(const Entry& file) const noexcept;

  // The file's thumbnail; kNotFound where it has none (yet): Entry::media says why. No query: what
  // it needs came with the entry.
  Task<Result<DerivedPicture>> thumbnail(const Entry& file);

  // The picture as it is asked for: one that was made before, or a new one. Whoever asks for the
  // same at the same time waits for one computation, which goes on where he leaves. kInvalid where
  // the spec is not valid; kNotFound where there is nothing to see in the file, with why not; kBusy
  // where as many wait as may, or nothing makes pictures here. REQUIRES: the caller may read the
  // file.
  Task<Result<DerivedPicture>> render(Entry file, PictureSpec spec);

  // Whether files are looked into here.
  bool has_maker() const noexcept { return has_maker_; }
  // From now on; null: nothing makes pictures any more. REQUIRES: `maker` lives until another one
  // is set, and has called every `done` when this is destroyed.
  void set_maker(PictureMaker* maker);

  // Removes pictures that were made on request, the one that was used longest ago first, up to
  // `limit` of them, while there are more than `max_files` or they have more than `max_bytes`.
  // Whether there may be more to remove. Also writes down which were used.
  Task<bool> evict(std::uint64_t max_files, std::uint64_t max_bytes, std::size_t limit);

  Stats stats() const noexcept;

 private:
  class Flight;
  using Found = Result<DerivedPicture>;

  Task<std::optional<Found>> find(const Sha256Digest& source, const std::string& kind);
  // Joins the computation of that name, or begins it; null: as many wait as may.
  std::shared_ptr<Flight> join(const Entry& file, const PictureSpec& spec);
  void finish(const std::string& name, const Sha256Digest& source, const PictureSpec& spec,
              PictureMaker::Made made);
  Task<Found> keep(Sha256Digest source, PictureSpec spec, MadePicture picture);
  void note_use(const Sha256Digest& source, const std::string& kind);
  Task<void> write_uses();

  Context& context_;
  std::atomic<bool> has_maker_ = false;
  mutable std::mutex mutex_;
  PictureMaker* maker_ = nullptr;
  std::unordered_map<std::string, std::shared_ptr<Flight>> flights_;  // by source and spec
  // Pictures whose use is still to be written down.
  struct Use {
    Sha256Digest source;
    std::string kind;
  };
  std::unordered_map<std::string, Use> uses_;
  std::atomic<std::uint64_t> hits_ = 0;
  std::atomic<std::uint64_t> made_ = 0;
  std::atomic<std::uint64_t> failed_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
  std::atomic<std::uint64_t> cached_ = 0;
  std::atomic<std::uint64_t> cached_bytes_ = 0;
};

}  // namespace coffer::vault
