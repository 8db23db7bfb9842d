#include "jobs/media_jobs.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <map>
#include <stdexcept>
#include <utility>

#include "base/log.h"
#include "base/thread.h"

namespace coffer::jobs {
namespace {

// Whoever serves goes first.
constexpr int kMediaNice = 10;
// The part of the pictures that wait which those of one owner's files may be.
constexpr std::size_t kOwnersShare = 8;
// How much the last picture counts in what one takes.
constexpr double kNewestShare = 0.2;
// The longest that a client is told to wait, in seconds.
constexpr double kLongestWait = 120;
// A picture of more is kept as it came: it is decoded whole, several times.
constexpr std::uint64_t kMaxOptimizedPixels = 40'000'000;
// Files that are looked at in one transaction, whether they are to be looked into.
constexpr std::size_t kCatchUpStep = 200;

vault::MediaFailure failure_from(media::Failure failure) {
  switch (failure) {
    case media::Failure::kUnsupported: return vault::MediaFailure::kUnsupported;
    case media::Failure::kDamaged: return vault::MediaFailure::kDamaged;
    case media::Failure::kTooLarge: return vault::MediaFailure::kTooLarge;
    case media::Failure::kNoPicture: return vault::MediaFailure::kNoPicture;
    case media::Failure::kNoDecoder: return vault::MediaFailure::kNoDecoder;
    case media::Failure::kMemory: return vault::MediaFailure::kMemory;
    case media::Failure::kTime: return vault::MediaFailure::kTime;
    case media::Failure::kCrashed: return vault::MediaFailure::kCrashed;
    case media::Failure::kProtected: return vault::MediaFailure::kProtected;
    case media::Failure::kNotSmaller:  // of no job that has a MediaFailure
    case media::Failure::kProtocol: break;
  }
  return vault::MediaFailure::kProtocol;
}

// The first microsecond that to_iso8601() has no four digits for.
constexpr std::int64_t kYear10000 = 253'402'300'800'000'000;

vault::MediaFacts facts_from(media::Facts facts) {
  vault::MediaFacts made;
  made.width = facts.width;
  made.height = facts.height;
  made.duration_micros = facts.duration_micros;
  made.codec = std::move(facts.codec);
  made.colour_space = std::move(facts.colour_space);
  if (facts.taken_at) {
    constexpr std::int64_t kMinute = 60'000'000;
    const std::int64_t offset = facts.taken_at->offset_minutes.value_or(0) * kMinute;
    const std::int64_t micros = facts.taken_at->local_micros - offset;
    // The last day of what may be written as a date ends a few hours earlier elsewhere.
    if (micros < kYear10000) {
      made.taken_at = from_micros(micros);
      made.taken_offset_minutes = facts.taken_at->offset_minutes;
    }
  }
  if (facts.location) {
    made.location = vault::MediaLocation{facts.location->latitude_e7, facts.location->longitude_e7};
  }
  made.camera_make = std::move(facts.camera_make);
  made.camera_model = std::move(facts.camera_model);
  made.title = std::move(facts.title);
  made.artist = std::move(facts.artist);
  made.album = std::move(facts.album);
  made.track = facts.track;
  made.pages = facts.pages;
  return made;
}

vault::PictureFormat format_from(media::PictureFormat format) {
  switch (format) {
    case media::PictureFormat::kWebp: return vault::PictureFormat::kWebp;
    case media::PictureFormat::kJpeg: return vault::PictureFormat::kJpeg;
    case media::PictureFormat::kAvif:
    case media::PictureFormat::kPng: break;  // the last one is never asked for here
  }
  return vault::PictureFormat::kAvif;
}

std::optional<vault::MadePicture> picture_from(std::optional<media::Picture> picture) {
  if (!picture) return std::nullopt;
  return vault::MadePicture{.format = format_from(picture->format),
                            .width = picture->width,
                            .height = picture->height,
                            .bytes = std::move(picture->bytes)};
}

media::Request request_for(const vault::PictureSpec& spec) {
  media::Request request;
  request.job = media::Job::kRender;
  request.width = spec.width > 0 ? spec.width : vault::PictureSpec::kMaxEdge;
  request.height = spec.height > 0 ? spec.height : vault::PictureSpec::kMaxEdge;
  request.quality = spec.quality;
  request.max_picture_bytes = media::kMaxPictureBytes;
  switch (spec.fit) {
    case vault::PictureFit::kInside: request.fit = media::Fit::kInside; break;
    case vault::PictureFit::kContain: request.fit = media::Fit::kContain; break;
    case vault::PictureFit::kCover: request.fit = media::Fit::kCover; break;
  }
  switch (spec.format) {
    case vault::PictureFormat::kWebp: request.format = media::PictureFormat::kWebp; break;
    case vault::PictureFormat::kJpeg: request.format = media::PictureFormat::kJpeg; break;
    case vault::PictureFormat::kAvif: request.format = media::PictureFormat::kAvif; break;
  }
  return request;
}

std::chrono::seconds in_seconds(std::chrono::milliseconds time) {
  return std::chrono::ceil<std::chrono::seconds>(time);
}

}  // namespace

MediaJobs::MediaJobs(vault::Vault& vault, media::WorkerPool& pool, DrawingPools drawings,
                     Options options)
    : vault_(vault),
      pool_(pool),
      options_(std::move(options)),
      drawings_(drawings, options_.retry_after) {
  contain_exceptions("media work", [&] {
    InlineExecutor here;
    here.run(vault_.media_queue().release_all());
  });
  // Until it turns out that no worker can be used.
  vault_.pictures().set_maker(this);
  try {
    for (std::size_t i = 0; i < options_.threads; ++i) {
      threads_.push_back(start_thread("media", [this, first = i == 0] { work(first); }));
    }
  } catch (...) {
    stop();
    throw;
  }
}

MediaJobs::~MediaJobs() { stop(); }

void MediaJobs::stop() {
  vault_.pictures().set_maker(nullptr);
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  pool_.stop();
  drawings_.stop();
  wake_.notify_all();
  all_run_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  // One of them may have just found that workers can be used again.
  vault_.pictures().set_maker(nullptr);
  while (auto wanted = take_wanted()) give_up(std::move(*wanted));
}

std::optional<std::chrono::seconds> MediaJobs::begin(const vault::Entry& file,
                                                     const vault::PictureSpec& spec, Done done) {
  return take({.owner = file.owner, .file = file, .spec = spec, .done = std::move(done)});
}

std::optional<std::chrono::seconds> MediaJobs::optimize(vault::AccountId owner,
                                                        std::shared_ptr<const Content> bytes,
                                                        std::weak_ptr<const void> asker,
                                                        OptimizedDone done) {
  return take({.owner = owner,
               .bytes = std::move(bytes),
               .asker = std::move(asker),
               .optimized = std::move(done)});
}

std::optional<std::chrono::seconds> MediaJobs::take(Wanted wanted) {
  {
    const std::lock_guard lock(mutex_);
    if (stop_ || is_broken_) return in_seconds(options_.retry_after);
    drop_unwanted();
    if (wanted_.size() >= options_.max_waiting) return time_of_waiting(std::nullopt);
    const auto owned = std::ranges::count(wanted_, wanted.owner, &Wanted::owner);
    const std::size_t share = std::max<std::size_t>(options_.max_waiting / kOwnersShare, 1);
    if (static_cast<std::size_t>(owned) >= share) return time_of_waiting(wanted.owner);
    wanted_.push_back(std::move(wanted));
  }
  wake_.notify_one();
  return std::nullopt;
}

void MediaJobs::drop_unwanted() {
  std::erase_if(wanted_,
                [](const Wanted& wanted) { return wanted.bytes && wanted.asker.expired(); });
}

void MediaJobs::give_up(Wanted wanted) {
  if (wanted.optimized) return wanted.optimized(std::nullopt);
  wanted.done(std::nullopt);
}

bool MediaJobs::withdraw(const Sha256Digest& source, const vault::PictureSpec& spec) {
  const std::lock_guard lock(mutex_);
  const auto at = std::ranges::find_if(wanted_, [&](const Wanted& wanted) {
    return wanted.file.checksum == source && wanted.spec == spec;
  });
  if (at == wanted_.end()) return false;
  wanted_.erase(at);
  return true;
}

std::chrono::seconds MediaJobs::time_of_waiting(std::optional<vault::AccountId> owner) const {
  // Owners have their turns: between two pictures of one, each other one that waits has one.
  std::map<std::int64_t, std::size_t> waiting;
  for (const Wanted& wanted : wanted_) ++waiting[wanted.owner.value];
  const std::size_t own = owner ? waiting[owner->value] : wanted_.size();
  std::size_t before = 0;
  for (const auto& [other, count] : waiting) before += std::min(count, own);
  const double seconds =
      picture_seconds_ * static_cast<double>(before) / static_cast<double>(options_.threads);
  return std::chrono::seconds(std::lround(std::clamp(std::ceil(seconds), 1.0, kLongestWait)));
}

void MediaJobs::run_all() {
  std::unique_lock lock(mutex_);
  const std::uint64_t run = ++runs_wanted_;
  wake_.notify_all();
  all_run_.wait(lock, [&] { return stop_ || runs_done_ >= run; });
}

MediaJobs::Stats MediaJobs::stats() const {
  const std::lock_guard lock(mutex_);
  Stats stats = stats_;
  stats.pictures_waiting = wanted_.size();
  stats.is_usable = is_usable_;
  return stats;
}

bool MediaJobs::is_broken() const {
  const std::lock_guard lock(mutex_);
  return is_broken_;
}

bool MediaJobs::is_stopped() const {
  const std::lock_guard lock(mutex_);
  return stop_;
}

void MediaJobs::work(bool first) {
  if (::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kMediaNice) != 0) {
    log::warning("media work runs at the priority of all else");
  }
  InlineExecutor executor;
  bool files_next = false;
  Moment count_at{};
  for (;;) {
    std::uint64_t run = 0;
    {
      const std::lock_guard lock(mutex_);
      if (stop_) return;
      run = runs_wanted_;
      ++busy_;
    }
    bool more = false;
    contain_exceptions("media work", [&] {
      more = step(executor, files_next) || (first && queue_undrawn(executor));
    });
    if (first && std::chrono::steady_clock::now() >= count_at) {
      count_at = std::chrono::steady_clock::now() + options_.count_every;
      contain_exceptions("media work", [&] { count_waiting(executor); });
    }
    std::unique_lock lock(mutex_);
    --busy_;
    if (more) continue;
    if (busy_ == 0 && runs_done_ < run) {
      runs_done_ = run;
      all_run_.notify_all();
    }
    // While others work for run_all(), their end is waited for in short steps.
    constexpr std::chrono::milliseconds kSoon{10};
    const bool is_awaited = runs_done_ < runs_wanted_;
    wake_.wait_for(lock, is_awaited ? kSoon : options_.poll_every,
                   [this] { return stop_ || (!wanted_.empty() && is_usable_); });
  }
}

bool MediaJobs::step(InlineExecutor& executor, bool& files_next) {
  if (!check_pool()) {
    // While another thread finds out for the first time, they wait.
    while (auto wanted = is_broken() ? take_wanted() : std::nullopt) give_up(std::move(*wanted));
    return false;
  }
  if (std::exchange(files_next, false) && look_into_next(executor)) return true;
  if (auto wanted = take_wanted()) {
    files_next = true;
    make_timed(executor, std::move(*wanted));
    return true;
  }
  return look_into_next(executor) || executor.run(vault_.media_queue().catch_up(kCatchUpStep));
}

bool MediaJobs::queue_undrawn(InlineExecutor& executor) {
  using enum media::DrawingFormat;
  for (const auto format : {kPdf, kSvg}) {
    Undrawn& undrawn = undrawn_[format == kPdf ? 0 : 1];
    const std::uint64_t start = drawings_.starts(format);
    if (start == 0 || start == undrawn.start) continue;
    const auto last = executor.run(vault_.media_queue().queue_undrawn(failure_of_undrawn(format),
                                                                      undrawn.after, kCatchUpStep));
    undrawn.after = last.value_or(Sha256Digest{});
    if (last) return true;
    undrawn.start = start;
  }
  return false;
}

bool MediaJobs::check_pool() {
  {
    const std::lock_guard lock(mutex_);
    if (is_usable_) return true;
    if (stop_ || is_checking_ || std::chrono::steady_clock::now() < check_at_) return false;
    is_checking_ = true;
  }
  std::string reason;
  try {
    pool_.check();
  } catch (const std::exception& error) {
    reason = error.what();
  }
  {
    const std::lock_guard lock(mutex_);
    is_checking_ = false;
    if (reason.empty()) {
      is_usable_ = true;
      is_broken_ = false;
    }
  }
  if (!reason.empty()) {
    note_broken(reason);
    return false;
  }
  if (!is_stopped()) vault_.pictures().set_maker(this);
  wake_.notify_all();
  return true;
}

void MediaJobs::note_broken(const std::string& reason) {
  {
    const std::lock_guard lock(mutex_);
    is_usable_ = false;
    check_at_ = std::chrono::steady_clock::now() + options_.retry_after;
    if (stop_ || std::exchange(is_broken_, true)) return;
  }
  vault_.pictures().set_maker(nullptr);
  log::error("files are not looked into: no media worker can be used",
             {{"reason", reason},
              {"do",
               "install coffer-media with coffer, or name it by media.program; files are "
               "served without facts and thumbnails until then"}});
}

std::optional<MediaJobs::Looked> MediaJobs::run(const media::Request& request,
                                                const MediaSource& source) {
  using media::DrawingFormat;
  try {
    const bool is_optimized = request.job == media::Job::kOptimize;
    const DrawingFormat format = is_optimized ? DrawingFormat::kNone : drawing_format_of(source);
    Looked looked;
    if (format != DrawingFormat::kNone) {
      auto drawn = drawings_.run(format, request, source.file, source.offset, source.length);
      if (drawn) return Looked{.reply = std::move(*drawn), .undrawn = {}};
      looked.undrawn = format;
      looked.reply.failure = media::Failure::kNoPicture;
      // Of these, no other worker knows anything.
      if (format == DrawingFormat::kSvg) return looked;
    }
    looked.reply = pool_.run(request, source.file, source.offset, source.length);
    // What is wrong with it otherwise is told.
    if (looked.reply.failure != media::Failure::kNoPicture) looked.undrawn.reset();
    return looked;
  } catch (const media::WorkerPool::Stopped&) {
    return std::nullopt;
  } catch (const media::WorkerPool::Unavailable& error) {
    note_broken(error.what());
    return std::nullopt;
  }
}

bool MediaJobs::look_into_next(InlineExecutor& executor) {
  const auto job = executor.run(vault_.media_queue().lease());
  if (!job) return false;
  try {
    look_into(executor, *job);
  } catch (const std::exception& error) {
    log::error("a file could not be looked into",
               {{"sha256", job->digest.hex()}, {"error", error.what()}});
    executor.run(vault_.media_queue().give_back(*job, in_seconds(options_.retry_after)));
  }
  return true;
}

void MediaJobs::look_into(InlineExecutor& executor, vault::MediaJob job) {
  auto bytes = executor.run(vault_.media_queue().open(job.digest));
  if (!bytes.content) return;  // the collector removes the job
  if (bytes.is_in_parts && bytes.content->size() > executor.run(vault_.free_bytes())) {
    throw std::runtime_error("the disk has no room for a copy of a file of several parts");
  }
  const auto source = open_media_source(std::move(bytes.content), bytes.is_in_parts,
                                        options_.folder, options_.max_copied);
  if (!source) {
    Looked too_large;
    too_large.reply.failure = media::Failure::kTooLarge;
    return finish(executor, job, std::move(too_large));
  }
  auto looked = run(media::Request(), *source);
  if (!looked || is_stopped()) {
    executor.run(vault_.media_queue().give_back(job, std::chrono::seconds(0)));
    return;
  }
  finish(executor, job, std::move(*looked));
}

void MediaJobs::finish(InlineExecutor& executor, vault::MediaJob job, Looked looked) {
  media::Reply reply = std::move(looked.reply);
  if (!reply.picture && !reply.failure) reply.failure = media::Failure::kProtocol;
  const bool tries_again =
      reply.was_killed
          ? !job.was_begun_enough()
          : reply.failure && media::may_be_transient(*reply.failure) && !job.has_failed_enough();
  if (tries_again) {
    {
      const std::lock_guard lock(mutex_);
      ++stats_.retried;
    }
    executor.run(reply.was_killed ? vault_.media_queue().retry_soon(job)
                                  : vault_.media_queue().retry_later(job));
    return;
  }
  vault::Media media;
  const bool is_ready = reply.facts || looked.undrawn;
  media.state = is_ready ? vault::MediaState::kReady : vault::MediaState::kFailed;
  if (reply.facts) media.facts = facts_from(std::move(*reply.facts));
  if (reply.failure) media.failure = failure_from(*reply.failure);
  if (looked.undrawn) media.failure = failure_of_undrawn(*looked.undrawn);
  auto thumbnail = picture_from(std::move(reply.picture));
  const bool has_thumbnail = thumbnail.has_value();
  const auto failure = media.failure;
  const bool failed = media.state == vault::MediaState::kFailed;
  if (failed) {
    log::info("a file has no facts",
              {{"sha256", job.digest.hex()}, {"reason", describe(*failure)}});
  }
  const bool settled =
      executor.run(vault_.media_queue().settle(job, std::move(media), std::move(thumbnail)));
  if (!settled) return;
  const std::lock_guard lock(mutex_);
  ++stats_.looked_into;
  if (has_thumbnail) ++stats_.thumbnails;
  if (failed) ++stats_.failed[static_cast<std::size_t>(*failure)];
}

std::optional<MediaJobs::Looked> MediaJobs::run_wanted(const media::Request& request,
                                                       std::shared_ptr<const Content> bytes,
                                                       bool is_in_parts) {
  const auto source =
      open_media_source(std::move(bytes), is_in_parts, options_.folder, options_.max_copied);
  Looked too_large;
  too_large.reply.failure = media::Failure::kTooLarge;
  if (!source) return too_large;
  auto looked = run(request, *source);
  // Nothing is said of the file then, and somebody waits.
  if (looked && looked->reply.was_killed) looked = run(request, *source);
  if (!looked || looked->reply.picture) return looked;
  // A worker that cannot be used now may be later.
  if (looked->undrawn && drawings_.is_on(*looked->undrawn)) return std::nullopt;
  const auto failure = looked->reply.failure.value_or(media::Failure::kProtocol);
  looked->reply.failure = failure;
  if (!media::may_be_transient(failure)) return looked;
  // The next try may well be better.
  log::warning("a picture could not be made", {{"reason", media::describe(failure)}});
  return std::nullopt;
}

MediaJobs::Made MediaJobs::make(InlineExecutor& executor, const Wanted& wanted) {
  auto bytes = executor.run(vault_.files().open(wanted.file));
  auto looked =
      run_wanted(request_for(wanted.spec), std::move(bytes), wanted.file.manifest.has_value());
  if (!looked) return std::nullopt;
  if (auto picture = picture_from(std::move(looked->reply.picture))) return std::move(*picture);
  if (looked->undrawn) return std::unexpected(failure_of_undrawn(*looked->undrawn));
  return std::unexpected(failure_from(*looked->reply.failure));
}

MediaJobs::Optimized MediaJobs::make_smaller(Wanted& wanted) {
  media::Request request;
  request.job = media::Job::kOptimize;
  request.width = request.height = media::kMaxOptimizedEdge;
  request.max_picture_bytes = media::kMaxPictureBytes;
  request.max_pixels = kMaxOptimizedPixels;
  auto looked = run_wanted(request, std::move(wanted.bytes), false);
  if (!looked) return std::nullopt;
  auto& reply = looked->reply;
  if (reply.picture) return std::move(reply.picture->bytes);
  constexpr std::string_view kOthers =
      "only JPEG, PNG and WebP in sRGB, of 8 bits and without animation, are made smaller";
  const auto failure = *reply.failure;
  return std::unexpected(
      std::string(failure == media::Failure::kUnsupported ? kOthers : media::describe(failure)));
}

void MediaJobs::make_timed(InlineExecutor& executor, Wanted wanted) {
  const Moment start = std::chrono::steady_clock::now();
  Made made;
  Optimized optimized;
  try {
    if (wanted.bytes) {
      optimized = make_smaller(wanted);
    } else {
      made = make(executor, wanted);
    }
  } catch (const std::exception& error) {
    log::error("a picture could not be made", {{"error", error.what()}});
  }
  if (wanted.optimized) {
    wanted.optimized(std::move(optimized));
  } else {
    wanted.done(std::move(made));
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const std::lock_guard lock(mutex_);
  picture_seconds_ += kNewestShare * (took.count() - picture_seconds_);
}

std::optional<MediaJobs::Wanted> MediaJobs::take_wanted() {
  const std::lock_guard lock(mutex_);
  drop_unwanted();
  if (wanted_.empty()) return std::nullopt;
  auto next =
      std::ranges::find_if(wanted_, [&](const Wanted& wanted) { return wanted.owner != served_; });
  if (next == wanted_.end()) next = wanted_.begin();
  Wanted wanted = std::move(*next);
  wanted_.erase(next);
  served_ = wanted.owner;
  return wanted;
}

void MediaJobs::count_waiting(InlineExecutor& executor) {
  const std::uint64_t waiting = executor.run(vault_.media_queue().waiting());
  const std::lock_guard lock(mutex_);
  stats_.waiting = waiting;
}

}  // namespace coffer::jobs
