#include "blobs/s3/s3_store.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <exception>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/one_shot_event.h"
#include "blobs/caching_store.h"
#include "blobs/places.h"
#include "blobs/s3/background.h"
#include "blobs/s3/keys.h"
#include "blobs/s3/object_upload.h"
#include "blobs/s3/s3_content.h"
#include "blobs/s3/s3_writer.h"
#include "blobs/unavailable_error.h"

namespace coffer::blobs::s3 {
namespace {

// What has to be free for uploads to pass through: less than the parts of one.
constexpr std::uint64_t kScratchRoom = std::uint64_t{16} << 20U;
// For an answer to whoever wants to know whether the service is there, which is good for a while.
constexpr std::chrono::seconds kCheckTimeout{3};
constexpr std::chrono::seconds kCheckEvery{1};

ClientOptions for_checks(ClientOptions options) {
  options.deadline = std::min<std::chrono::milliseconds>(options.deadline, kCheckTimeout);
  options.attempt_timeout = kCheckTimeout;
  return options;
}

// Places that may wait to be looked at again. Beyond them one look has to do: many failed uploads
// must not take the server's memory.
constexpr std::size_t kLookedAtTwice = 65'536;
// Places, each of which waits for the service several times.
constexpr std::size_t kClearedAtOnce = 8;

class S3Store final : public BlobStore, public CachingStore, public StoreMonitor {
 public:
  explicit S3Store(const StoreOptions& options)
      : ledger_(options.ledger),
        credentials_(options.credentials),
        places_(*ledger_, options.entropy),
        http_(options.http),
        client_(http_, *credentials_, options.clock, options.entropy, options.bucket),
        reading_http_(options.http),
        reader_(reading_http_, *credentials_, options.clock, options.entropy, options.bucket),
        checker_(reading_http_, *credentials_, options.clock, options.entropy,
                 for_checks(options.bucket)),
        cache_(options.cache_bytes),
        downloads_(options.downloads),
        memory_(options.memory),
        uploads_{.client = client_,
                 .background = background_,
                 .io = io_,
                 .folder = options.scratch_folder,
                 .part_bytes = options.part_bytes},
        writers_{.clock = options.clock, .memory = *memory_, .uploads = uploads_},
        late_requests_(options.late_requests),
        io_("blobs", options.io_threads) {
    if (options.public_access) {
      public_objects_.emplace(client_, places_, background_, *options.public_access);
    }
  }

  bool keeps_places() const noexcept override { return true; }

  PublicObjects* public_objects() noexcept override {
    return public_objects_ ? &*public_objects_ : nullptr;
  }

  Task<std::unique_ptr<BlobWriter>> create(std::optional<std::uint64_t> /*expected_size*/,
                                           std::string owner) override {
    auto share = memory_->budget.open(std::move(owner));
    if (!share) co_return nullptr;
    auto holder = co_await places_.take();
    co_return std::make_unique<S3Writer>(writers_, std::move(*share), std::move(holder));
  }

  Task<std::shared_ptr<const Content>> open(BlobRef blob) override {
    if (blob.place.empty()) co_return nullptr;
    if (!cache_.takes(blob.size)) co_return co_await open_uncached(blob);
    SmallBlobCache::Lookup found = cache_.find(blob);
    if (found.bytes)
      co_return std::make_shared<const CachedContent>(downloads_, std::move(found.bytes));
    S3Content::Keeping keeping{.cache = cache_, .miss = std::move(found)};
    co_return std::make_shared<const S3Content>(reader_, downloads_, blob, std::move(keeping));
  }

  Task<std::shared_ptr<const Content>> open_uncached(BlobRef blob) override {
    if (blob.place.empty()) co_return nullptr;
    co_return std::make_shared<const S3Content>(reader_, downloads_, blob, std::nullopt);
  }

  std::unique_ptr<Removal> begin_removal() override { return std::make_unique<S3Removal>(*this); }

  Task<std::vector<Listed>> list(std::optional<Sha256Digest> /*after*/,
                                 std::size_t /*limit*/) override {
    co_return std::vector<Listed>();
  }

  Task<bool> remove_leftovers(std::size_t limit) override {
    Places::Abandoned abandoned = co_await places_.abandoned(limit);
    Clearing clearing{.places = std::move(abandoned.places),
                      .end = std::make_shared<OneShotEvent>(Executor::current())};
    for (std::size_t i = 0; i < kClearedAtOnce; ++i) {
      start(clear_in_turn(clearing), [&clearing](std::exception_ptr error) {
        if (error) clearing.error = error;
        if (++clearing.ended == kClearedAtOnce) clearing.end->set();
      });
    }
    co_await clearing.end->wait();
    if (clearing.error) std::rethrow_exception(clearing.error);
    co_return !abandoned.is_end;
  }

  UploadBudget::Load memory_load() const override { return memory_->budget.load(); }

  // One at a time asks, once a second; others are told what was found last.
  Task<void> check_present() override {
    {
      const std::lock_guard lock(check_mutex_);
      const auto age = writers_.clock.now() - checked_at_;
      const bool is_fresh = age >= std::chrono::seconds(0) && age < kCheckEvery;
      if (checked_at_ != Time() && (is_checking_ || is_fresh)) {
        if (!check_failure_.empty()) throw UnavailableError(check_failure_);
        co_return;
      }
      is_checking_ = true;
    }
    const Checking checking(*this);
    std::string failure;
    try {
      co_await checker_.check();
    } catch (const Error& error) {
      failure = error.what();
    }
    {
      const std::lock_guard lock(check_mutex_);
      checked_at_ = writers_.clock.now();
      check_failure_ = failure;
    }
    if (!failure.empty()) throw UnavailableError(failure);
  }

  // A bucket does not say what it still takes; uploads pass through the disk of this machine.
  Task<std::uint64_t> free_bytes() override {
    const bool has_room = co_await io_.run([this] { return has_scratch_room(); });
    co_return has_room ? std::numeric_limits<std::uint64_t>::max() : 0;
  }

  ClientCounts requests() const noexcept override { return client_.counts() + reader_.counts(); }

  SmallBlobCache::Counts cache() const noexcept override { return cache_.counts(); }

  UploadBudget::Load downloads() const override { return downloads_.load(); }

 private:
  class S3Removal final : public Removal {
   public:
    explicit S3Removal(S3Store& store) : store_(store) {}
    Task<bool> remove(BlobRef blob) override {
      if (!blob.place.empty()) co_await store_.remove(blob.place);
      co_return true;
    }

   private:
    S3Store& store_;
  };

  // Ends a check, whichever way the coroutine goes.
  class Checking {
   public:
    explicit Checking(S3Store& store) : store_(store) {}
    ~Checking() {
      const std::lock_guard lock(store_.check_mutex_);
      store_.is_checking_ = false;
    }
    Checking(const Checking&) = delete;
    Checking& operator=(const Checking&) = delete;

   private:
    S3Store& store_;
  };

  bool has_scratch_room() const {
    struct statvfs disk = {};
    if (::statvfs(uploads_.folder.c_str(), &disk) != 0) return true;  // whoever writes is told why
    return std::uint64_t{disk.f_bavail} * disk.f_frsize >= kScratchRoom;
  }

  Task<void> remove_object(Place place) {
    co_await client_.remove(key_of(place));
    cache_.remove(place);
  }

  // Places that are cleared side by side, on one thread.
  struct Clearing {
    std::vector<Place> places;
    std::size_t next = 0;
    std::size_t failures = 0;
    std::exception_ptr error = nullptr;  // the last one
    std::size_t ended = 0;
    std::shared_ptr<OneShotEvent> end;
  };

  // One after another until none is left. What fails holds up no other place, unless the service
  // seems to be gone.
  Task<void> clear_in_turn(Clearing& clearing) {
    while (clearing.next < clearing.places.size() && clearing.failures < kClearedAtOnce) {
      const Place place = clearing.places[clearing.next++];
      try {
        co_await clear(place);
      } catch (...) {
        ++clearing.failures;
        clearing.error = std::current_exception();
      }
    }
  }

  Task<void> clear(Place place) {
    const auto emptied = emptied_at_.find(place);
    const bool is_first = emptied == emptied_at_.end();
    const Time now = writers_.clock.now();
    if (!is_first && now - emptied->second < late_requests_) co_return;
    co_await client_.abort_uploads(key_of(place));
    if (is_first && late_requests_.count() > 0 && emptied_at_.size() < kLookedAtTwice) {
      co_await remove_object(place);
      emptied_at_.emplace(place, now);
    } else {
      co_await remove(place);
      emptied_at_.erase(place);
    }
  }

  // The object, then its place in the ledger.
  Task<void> remove(Place place) {
    co_await remove_object(place);
    std::vector<Place> gone(1, place);
    co_await ledger_->remove(std::move(gone));
  }

  const std::shared_ptr<PlaceLedger> ledger_;
  const std::shared_ptr<CredentialSource> credentials_;
  Places places_;
  http::UpstreamClient http_;
  Client client_;
  // Connections of their own for what is read: slow readers hold theirs for long.
  http::UpstreamClient reading_http_;
  Client reader_;
  Client checker_;
  SmallBlobCache cache_;
  DownloadMemory downloads_;
  std::mutex check_mutex_;  // guards the next three
  bool is_checking_ = false;
  Time checked_at_;  // before the first: 0
  std::string check_failure_;
  const std::shared_ptr<UploadMemory> memory_;
  UploadContext uploads_;
  WriterContext writers_;
  const std::chrono::microseconds late_requests_;
  std::map<Place, Time> emptied_at_;  // of places in the ledger; of remove_leftovers()
  std::optional<S3PublicObjects> public_objects_;
  // Last, so that what is under way has ended before the rest goes.
  ThreadPool io_;
  Background background_;
};

}  // namespace

std::unique_ptr<BlobStore> open_s3_store(const StoreOptions& options) {
  return std::make_unique<S3Store>(options);
}

}  // namespace coffer::blobs::s3
