#include "vault/media/pictures.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "base/log.h"
#include "base/one_shot_event.h"
#include "vault/media/derived_rows.h"
#include "vault/model/stored_blobs.h"
#include "vault/tree/media_rows.h"

namespace coffer::vault {
namespace {

// Uses are written down to about so long.
constexpr std::chrono::hours kUseSteps{1};
// Uses that are remembered until then; more are forgotten, and the pictures look older.
constexpr std::size_t kMaxUses = 10'000;

// When to ask again: where the file waits its turn, the worker failed, nothing makes pictures.
constexpr std::chrono::seconds kReadySoon{2};
constexpr std::chrono::seconds kAfterFailure{10};
constexpr std::chrono::seconds kWithoutMaker{60};

constexpr char kTooSlow[] = "it takes too long now";

constexpr db::Statement kTotals{
    "SELECT count(*), coalesce(sum(size), 0) FROM derived_blob WHERE kind <> 'thumbnail'"};
constexpr db::Statement kOldest{
    "SELECT source, kind, size FROM derived_blob WHERE kind <> 'thumbnail'"
    " ORDER BY used_at LIMIT $1"};
constexpr db::Statement kUse{
    "UPDATE derived_blob SET used_at = $3 WHERE source = $1 AND kind = $2"};
constexpr db::Statement kIsKnown{"SELECT 1 FROM media_facts WHERE source = $1"};

struct Totals {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

Totals totals_from(const db::Row& row) {
  return {.files = static_cast<std::uint64_t>(row.integer(0)),
          .bytes = static_cast<std::uint64_t>(row.integer(1))};
}

struct OldPicture {
  Sha256Digest source;
  std::string kind;
  std::uint64_t size = 0;
};

OldPicture old_from(const db::Row& row) {
  return {.source = Sha256Digest::from_bytes(row.bytes(0)).value(),
          .kind = std::string(row.text(1)),
          .size = static_cast<std::uint64_t>(row.integer(2))};
}

std::unexpected<Failure> fail_for_now(FailureCode code, std::string message,
                                      std::chrono::seconds retry_after) {
  auto failure = fail(code, std::move(message));
  failure.error().retry_after = retry_after;
  return failure;
}

std::unexpected<Failure> not_ready() {
  return fail_for_now(FailureCode::kNotReady,
                      "the file is still being looked into, please ask again", kReadySoon);
}

std::string_view media_type_from(const std::string& kind) {
  const auto format = picture_format_from(std::string_view(kind).substr(kind.rfind('.') + 1));
  return media_type_of(format.value_or(PictureFormat::kWebp));
}

}  // namespace

// One computation, and those who wait for it.
class Pictures::Flight {
 public:
  Flight(const Sha256Digest& of, const PictureSpec& wanted) : source(of), spec(wanted) {}

  const Sha256Digest source;
  const PictureSpec spec;
  std::size_t askers = 1;  // under Pictures::mutex_

  // Whether it has ended; `event` is set when it has, unless it has by now.
  bool wait(std::shared_ptr<OneShotEvent> event) {
    const std::lock_guard lock(mutex_);
    if (!result_) waiting_.push_back(std::move(event));
    return result_.has_value();
  }
  // Of one who has left: `event` is not set any more, unless that is under way.
  void forget(const std::shared_ptr<OneShotEvent>& event) {
    const std::lock_guard lock(mutex_);
    std::erase(waiting_, event);
  }
  void end(Found result) {
    std::vector<std::shared_ptr<OneShotEvent>> waiting;
    {
      const std::lock_guard lock(mutex_);
      result_.emplace(std::move(result));
      waiting.swap(waiting_);
    }
    for (const auto& event : waiting) event->set();
  }
  // Nothing before it has ended.
  std::optional<Found> result() {
    const std::lock_guard lock(mutex_);
    return result_;
  }

 private:
  std::mutex mutex_;
  std::optional<Found> result_;
  std::vector<std::shared_ptr<OneShotEvent>> waiting_;
};

Pictures::Pictures(Context& context) : context_(context) {}
Pictures::~Pictures() = default;

MediaState Pictures::state_of(const Entry& file) const noexcept {
  if (!file.media) {
    // Of several parts: it is queued once its digest is known.
    const bool is_awaited = !file.checksum && has_facts(file.type) && has_maker_;
    return is_awaited ? MediaState::kProcessing : MediaState::kReady;
  }
  if (file.media->state == MediaState::kProcessing && !has_maker_) return MediaState::kReady;
  return file.media->state;
}

void Pictures::set_maker(PictureMaker* maker) {
  const std::lock_guard lock(mutex_);
  maker_ = maker;
  has_maker_ = maker != nullptr;
}

Pictures::Stats Pictures::stats() const noexcept {
  return {.hits = hits_,
          .made = made_,
          .failed = failed_,
          .refused = refused_,
          .dropped = dropped_,
          .cached = cached_,
          .cached_bytes = cached_bytes_};
}

std::unexpected<Failure> Pictures::no_picture(const Entry& file) const {
  if (state_of(file) == MediaState::kProcessing) return not_ready();
  if (!has_facts(file.type)) {
    return fail(FailureCode::kNotFound, "there are no pictures of files of this type");
  }
  if (file.media && file.media->failure) {
    return fail(FailureCode::kNotFound, std::string(describe(*file.media->failure)));
  }
  return fail(FailureCode::kNotFound, "there is no picture of this file");
}

Task<Result<DerivedPicture>> Pictures::thumbnail(const Entry& file) {
  if (!file.media || !file.media->thumbnail) co_return no_picture(file);
  const Thumbnail& thumbnail = *file.media->thumbnail;
  DerivedPicture picture{.digest = thumbnail.digest,
                         .media_type = media_type_of(PictureFormat::kWebp),
                         .width = thumbnail.width,
                         .height = thumbnail.height,
                         .content = {}};
  picture.content = co_await open_blob(context_, thumbnail.digest);
  // It was made anew, or went with the file.
  if (!picture.content) co_return not_ready();
  co_return picture;
}

Task<Result<DerivedPicture>> Pictures::render(Entry file, PictureSpec spec, InputStream& asker) {
  if (!spec.is_valid()) co_return fail(FailureCode::kInvalid, "no picture can have that size");
  const bool is_visible = file.checksum && file.media && file.media->state != MediaState::kFailed &&
                          (file.media->state == MediaState::kProcessing || file.media->thumbnail);
  if (!is_visible) co_return no_picture(file);
  auto found = co_await find(*file.checksum, spec.name());
  if (found) {
    ++hits_;
    co_return std::move(*found);
  }
  const auto flight = join(file, spec);
  if (!flight) {
    ++refused_;
    co_return fail_for_now(FailureCode::kBusy,
                           has_maker_
                               ? "too many pictures are being made, please try again in a moment"
                               : "no pictures are made on this server now",
                           flight.error());
  }
  const auto event = std::make_shared<OneShotEvent>(Executor::current());
  const bool has_ended = (*flight)->wait(event);
  if (!has_ended) co_await asker.wait(*event, kForever);
  auto result = (*flight)->result();
  if (result) co_return std::move(*result);
  (*flight)->forget(event);
  leave(**flight);
  co_return fail_for_now(FailureCode::kBusy, "the client has left", kReadySoon);
}

// What the maker makes of received bytes. It lives as long as somebody waits for it.
struct Pictures::Answer {
  const std::shared_ptr<OneShotEvent> event = std::make_shared<OneShotEvent>(Executor::current());
  std::mutex mutex;
  std::optional<PictureMaker::Optimized> made;
};

Task<std::expected<StagedBlob, std::string>> Pictures::optimize(
    AccountId owner, const StagedBlob& original, InputStream& asker,
    std::chrono::steady_clock::time_point until) {
  using std::chrono::milliseconds;
  const auto durable = original.durable_blob();
  co_await durable->reached();
  const blobs::BlobRef stored(durable->digest(), durable->size(), durable->place());
  auto content = co_await context_.blobs.open(stored);
  if (!content) throw blobs::Error("bytes that were just received are not there");
  const auto answer = std::make_shared<Answer>();
  auto done = [waiting = std::weak_ptr(answer)](PictureMaker::Optimized made) {
    const auto wanted = waiting.lock();
    if (!wanted) return;
    const std::lock_guard lock(wanted->mutex);
    wanted->made = std::move(made);
    wanted->event->set();
  };
  const auto left = until - std::chrono::steady_clock::now();
  if (left <= milliseconds::zero()) co_return std::unexpected(std::string(kTooSlow));
  {
    const std::lock_guard lock(mutex_);
    if (maker_ == nullptr) {
      co_return std::unexpected(std::string("no pictures are made on this server now"));
    }
    if (maker_->optimize(owner, std::move(content), answer, std::move(done))) {
      co_return std::unexpected(std::string("too many pictures are being made"));
    }
  }
  co_await asker.wait(*answer->event, std::chrono::ceil<milliseconds>(left));
  PictureMaker::Optimized made;
  {
    const std::lock_guard lock(answer->mutex);
    if (!answer->made) co_return std::unexpected(std::string(kTooSlow));
    made = std::move(*answer->made);
  }
  if (!made) co_return std::unexpected(std::string("it was not possible now"));
  if (!*made) co_return std::unexpected(std::move(made->error()));
  StagedBlob staged = co_await stage_picture(context_, **made);
  co_return staged;
}

Task<std::optional<Pictures::Found>> Pictures::find(const Sha256Digest& source,
                                                    const std::string& kind) {
  auto look = [&](db::Transaction& tx) -> Task<std::optional<DerivedRow>> {
    auto row = co_await find_derived(tx, source, kind);
    co_return row;
  };
  const auto row = co_await context_.database.read(look);
  if (!row) co_return std::nullopt;
  DerivedPicture picture{.digest = row->digest,
                         .media_type = media_type_from(kind),
                         .width = row->width,
                         .height = row->height,
                         .content = {}};
  picture.content = co_await open_blob(context_, row->digest);
  // It has just been removed: another one is made.
  if (!picture.content) co_return std::nullopt;
  if (context_.clock.now() - row->used_at >= kUseSteps) note_use(source, kind);
  co_return Found(std::move(picture));
}

std::expected<std::shared_ptr<Pictures::Flight>, std::chrono::seconds> Pictures::join(
    const Entry& file, const PictureSpec& spec) {
  const Sha256Digest source = *file.checksum;
  const std::string name = source.hex() + spec.name();
  const std::lock_guard lock(mutex_);
  const auto known = flights_.find(name);
  if (known != flights_.end()) {
    ++known->second->askers;
    return known->second;
  }
  if (maker_ == nullptr) return std::unexpected(kWithoutMaker);
  auto flight = std::make_shared<Flight>(source, spec);
  flights_.emplace(name, flight);
  auto done = [this, name, source, spec](PictureMaker::Made made) {
    finish(name, source, spec, std::move(made));
  };
  std::optional<std::chrono::seconds> wait;
  try {
    wait = maker_->begin(file, spec, std::move(done));
  } catch (...) {
    flights_.erase(name);
    throw;
  }
  if (!wait) return flight;
  flights_.erase(name);
  return std::unexpected(*wait);
}

void Pictures::leave(Flight& flight) {
  const std::lock_guard lock(mutex_);
  if (--flight.askers > 0) return;
  const auto at = flights_.find(flight.source.hex() + flight.spec.name());
  const bool is_under_way = at != flights_.end() && at->second.get() == &flight;
  if (!is_under_way || maker_ == nullptr || !maker_->withdraw(flight.source, flight.spec)) return;
  flights_.erase(at);
  ++dropped_;
}

void Pictures::finish(const std::string& name, const Sha256Digest& source, const PictureSpec& spec,
                      PictureMaker::Made made) {
  Found found = fail_for_now(FailureCode::kBusy,
                             "the picture could not be made now, please try again", kAfterFailure);
  if (made && made->has_value()) {
    try {
      InlineExecutor here;
      found = here.run(keep(source, spec, std::move(**made)));
      ++made_;
    } catch (const std::exception& error) {
      log::error("a picture could not be stored", {{"error", error.what()}});
    }
  } else {
    ++failed_;
    if (made) found = fail(FailureCode::kNotFound, std::string(describe(made->error())));
  }
  std::shared_ptr<Flight> flight;
  {
    const std::lock_guard lock(mutex_);
    const auto at = flights_.find(name);
    flight = std::move(at->second);
    flights_.erase(at);
  }
  flight->end(std::move(found));
}

Task<Pictures::Found> Pictures::keep(Sha256Digest source, PictureSpec spec, MadePicture picture) {
  StagedBlob staged = co_await stage_picture(context_, picture.bytes);
  const std::string kind = spec.name();
  const DerivedRow row{.digest = staged.digest(),
                       .size = staged.size(),
                       .width = picture.width,
                       .height = picture.height,
                       .used_at = context_.clock.now()};
  DerivedPicture derived{.digest = staged.digest(),
                         .media_type = media_type_of(spec.format),
                         .width = picture.width,
                         .height = picture.height,
                         .content = {}};
  staged.begin_commit();
  auto body = [&](db::Transaction& tx) -> Task<bool> {
    // Pictures go with the facts of what they were made of.
    const auto known = co_await tx.find(
        kIsKnown, [](const db::Row& found) { return found.integer(0); }, ByteView(source.bytes));
    if (!known) co_return false;
    co_await put_derived(tx, source, kind, row, staged);
    co_return true;
  };
  const bool kept = co_await context_.database.write(Actor::System{}, body);
  if (!kept) {
    staged.commit_refused();
    co_return fail(FailureCode::kNotFound, "the file is gone");
  }
  derived.content = co_await open_blob(context_, derived.digest);
  if (!derived.content) throw blobs::Error("a picture that was just stored is not there");
  co_return derived;
}

void Pictures::note_use(const Sha256Digest& source, const std::string& kind) {
  const std::lock_guard lock(mutex_);
  if (uses_.size() < kMaxUses) uses_.try_emplace(source.hex() + kind, Use{source, kind});
}

Task<void> Pictures::write_uses() {
  std::unordered_map<std::string, Use> uses;
  {
    const std::lock_guard lock(mutex_);
    uses.swap(uses_);
  }
  if (uses.empty()) co_return;
  const Time now = context_.clock.now();
  auto body = [&](db::Transaction& tx) -> Task<void> {
    for (const auto& [name, use] : uses) {
      co_await tx.execute(kUse, ByteView(use.source.bytes), use.kind, now);
    }
  };
  co_await context_.database.write(Actor::System{}, body);
}

Task<bool> Pictures::evict(std::uint64_t max_files, std::uint64_t max_bytes, std::size_t limit) {
  co_await write_uses();
  auto look = [&](db::Transaction& tx) -> Task<Totals> {
    const auto totals = co_await tx.find(kTotals, totals_from);
    co_return totals.value();
  };
  Totals totals = co_await context_.database.read(look);
  cached_ = totals.files;
  cached_bytes_ = totals.bytes;
  const auto is_full = [&] { return totals.files > max_files || totals.bytes > max_bytes; };
  if (!is_full()) co_return false;
  auto body = [&](db::Transaction& tx) -> Task<void> {
    const auto oldest = co_await tx.all(kOldest, old_from, limit);
    const Time now = context_.clock.now();
    for (const OldPicture& picture : oldest) {
      if (!is_full()) co_return;
      co_await drop_derived(tx, picture.source, picture.kind, now);
      --totals.files;
      totals.bytes -= std::min(totals.bytes, picture.size);
    }
  };
  co_await context_.database.write(Actor::System{}, body);
  cached_ = totals.files;
  cached_bytes_ = totals.bytes;
  co_return is_full();
}

}  // namespace coffer::vault
