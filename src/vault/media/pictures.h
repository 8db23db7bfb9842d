// Pictures that were made of files: thumbnails, and what is rendered on request.
#pragma once

#include <atomic>
#include <chrono>
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
#include "vault/transfer/staged_blob.h"

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
  // The error says why not.
  using Optimized = std::optional<std::expected<Bytes, std::string>>;
  using OptimizedDone = std::function<void(Optimized)>;

  virtual ~PictureMaker() = default;

  // Takes a picture of the file into the queue, and calls `done` once, later, on a thread that may
  // wait for the disk. Where as many wait already as may: no call, and how long it takes until
  // about so many are made. Never blocks. Threads: any. REQUIRES: spec.is_valid(); no picture of
  // that spec is under way for these bytes.
  virtual std::optional<std::chrono::seconds> begin(const Entry& file, const PictureSpec& spec,
                                                    Done done) = 0;

  // The same for the picture `bytes` itself in fewer bytes, for a file that is to be `owner`'s: in
  // its own format, upright and without metadata, without a loss that can be seen. It is not begun
  // once `asker` has gone; then `done` may never be called.
  virtual std::optional<std::chrono::seconds> optimize(AccountId owner,
                                                       std::shared_ptr<const Content> bytes,
                                                       std::weak_ptr<const void> asker,
                                                       OptimizedDone done) = 0;

  // Takes that picture out of the queue again: nobody wants it any more. False where it is not
  // there, as it is being made or was; else its `done` is not called. Never blocks. Threads: any.
  virtual bool withdraw(const Sha256Digest& source, const PictureSpec& spec) = 0;
};

// Threads: any executor's.
class Pictures {
 public:
  struct Stats {
    std::uint64_t hits = 0;    // pictures that had been made before
    std::uint64_t made = 0;    // on request
    std::uint64_t failed = 0;  // that could not be made
    std::uint64_t refused = 0;
    std::uint64_t dropped = 0;  // all who had asked left before it was begun
    std::uint64_t cached = 0;   // kept, at the last evict()
    std::uint64_t cached_bytes = 0;
  };

  explicit Pictures(Context& context);
  ~Pictures();

  // What to show as the file's state: kReady for what nothing looks into, and for what waits while
  // nothing is looked into here (media.enabled is off, or no worker can be used), so that nobody
  // waits for what does not come.
  MediaState state_of(const Entry& file) const noexcept;

  // The file's thumbnail; kNotReady while the file waits to be looked into, kNotFound where it has
  // none, with why not. No query: what it needs came with the entry.
  Task<Result<DerivedPicture>> thumbnail(const Entry& file);

  // The picture as it is asked for: one that was made before, or a new one. Whoever asks for the
  // same at the same time waits for one computation. Once all of them have left, which is seen at
  // `asker`, a computation that has not begun is dropped, and one that has is kept for the next who
  // ask. kInvalid where the spec is not valid; kNotFound and kNotReady as thumbnail(), but that of
  // a file that waits a picture is made; kBusy, with when to ask again, where as many wait as may,
  // it could not be made now, or nothing makes pictures here. REQUIRES: the caller may read the
  // file; `asker` lives until the task has ended, and is not read meanwhile.
  Task<Result<DerivedPicture>> render(Entry file, PictureSpec spec, InputStream& asker);

  // Bytes that were received and are a picture, in fewer bytes: JPEG, PNG or WebP as they were,
  // upright and without metadata, as alike as SSIM of 0.98 tells at least. An error says why they
  // are to be kept as they are: not one of these, no smaller, not possible now or by `until`. Ends
  // where `asker`, which is not read meanwhile, leaves.
  Task<std::expected<StagedBlob, std::string>> optimize(
      AccountId owner, const StagedBlob& original, InputStream& asker,
      std::chrono::steady_clock::time_point until);

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
  struct Answer;
  using Found = Result<DerivedPicture>;

  // Why there is no picture: it is to come, or never will.
  std::unexpected<Failure> no_picture(const Entry& file) const;
  Task<std::optional<Found>> find(const Sha256Digest& source, const std::string& kind);
  // Joins the computation of that name, or begins it; else how long to wait before it is worth to
  // ask again.
  std::expected<std::shared_ptr<Flight>, std::chrono::seconds> join(const Entry& file,
                                                                    const PictureSpec& spec);
  // One who joined it has gone without its result.
  void leave(Flight& flight);
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
  std::atomic<std::uint64_t> dropped_ = 0;
  std::atomic<std::uint64_t> cached_ = 0;
  std::atomic<std::uint64_t> cached_bytes_ = 0;
};

}  // namespace coffer::vault
