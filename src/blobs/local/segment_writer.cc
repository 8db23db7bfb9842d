#include "blobs/local/segment_writer.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

#include "base/log.h"
#include "base/thread.h"

namespace coffer::blobs {
namespace {

// What one write takes along at most.
constexpr std::size_t kBatchBytes = 2 * 1024 * 1024;

// A batch of more tells of a crowd. Then the next one waits for so many, unless it is hastened: a
// sync takes as long, and as much of the processor, for one record as for all of them.
constexpr std::size_t kFewRecords = 4;
constexpr std::size_t kManyRecords = 32;

// The part of a segment that is cleared ahead of its records, again when a quarter of it is left.
constexpr std::uint64_t kAheadShare = 128;

}  // namespace

std::size_t SegmentWriter::DigestHash::operator()(const Sha256Digest& digest) const noexcept {
  std::size_t hash = 0;
  std::memcpy(&hash, digest.bytes.data(), sizeof hash);
  return hash;
}

SegmentWriter::SegmentWriter(Disk& disk, DiskSpace& space, const Clock& clock, PackedIndex& index,
                             SegmentFiles& files, WakeSignal& sealed, Options options)
    : disk_(disk),
      space_(space),
      clock_(clock),
      index_(index),
      files_(files),
      sealed_(sealed),
      options_(options),
      active_(files.reopen_last(options.segment_bytes)),
      thread_(start_thread("segment-writer", [this] { work(); })) {}

SegmentWriter::~SegmentWriter() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
  if (active_) roll();
}

SegmentWriter::Ticket SegmentWriter::submit(Request request) {
  Ticket ticket = 0;
  bool counts = false;
  {
    std::lock_guard lock(mutex_);
    ticket = next_ticket_++;
    queue_.push_back(std::move(request));
    counts = queue_.size() == 1 || queue_.size() == kManyRecords;
  }
  if (counts) wake_.notify_one();
  return ticket;
}

void SegmentWriter::flush_soon(Ticket ticket) {
  {
    std::lock_guard lock(mutex_);
    const bool is_taken = ticket < next_ticket_ - queue_.size();
    if (is_taken || std::exchange(flush_soon_, true)) return;
  }
  wake_.notify_one();
}

void SegmentWriter::work() {
  while (take_batch()) contain_exceptions("segment writer", [this] { process(); });
}

// False when nothing will come any more.
bool SegmentWriter::take_batch() {
  const bool is_crowded = batch_.size() > kFewRecords;
  batch_.clear();
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
  if (is_crowded) {
    wake_.wait_for(lock, options_.gather_time,
                   [this] { return stopping_ || flush_soon_ || queue_.size() >= kManyRecords; });
  }
  for (std::size_t bytes = 0; !queue_.empty() && bytes < kBatchBytes; queue_.pop_front()) {
    bytes += record_bytes(queue_.front().record.length);
    batch_.push_back(std::move(queue_.front()));
  }
  // Who is waited for may be among what is left.
  flush_soon_ = flush_soon_ && !queue_.empty();
  return !batch_.empty();
}

void SegmentWriter::process() {
  try {
    refuse_without_space();
    if (batch_.empty()) return;
    make_room();
    lay_out();
    if (!buffer_.empty()) write_out();
  } catch (const Error& error) {
    space_.note_failure(error);
    fail_batch(std::current_exception());
    return;
  } catch (...) {
    fail_batch(std::current_exception());
    return;
  }
  publish();
  clear_ahead();
}

// Fails what uploads brought where only the reserve is left. What compaction moves, and notes, may
// use it: both lead to more room.
void SegmentWriter::refuse_without_space() {
  const auto is_upload = [](const Request& request) {
    return request.record.kind == RecordKind::kBlob && !request.from;
  };
  std::uint64_t bytes = 0;
  for (const Request& request : batch_) {
    if (is_upload(request)) bytes += record_bytes(request.record.length);
  }
  if (bytes == 0) return;
  try {
    space_.require(bytes);
  } catch (const NoSpaceError&) {
    const auto error = std::current_exception();
    const auto uploads =
        std::stable_partition(batch_.begin(), batch_.end(), std::not_fn(is_upload));
    std::for_each(uploads, batch_.end(), [&](Request& request) { fail(request, error); });
    batch_.erase(uploads, batch_.end());
  }
}

void SegmentWriter::make_room() {
  if (active_ && active_->end >= options_.segment_bytes) roll();
  if (!active_) active_ = files_.create();
}

void SegmentWriter::lay_out() {
  buffer_.clear();
  outcomes_.clear();
  fresh_.clear();
  for (Request& request : batch_) {
    if (request.record.kind == RecordKind::kBlob) {
      outcomes_.push_back(lay_out_blob(request));
    } else {
      lay_out_record(request.record, {});
      outcomes_.emplace_back();
    }
  }
}

SegmentWriter::AppendResult SegmentWriter::lay_out_blob(Request& request) {
  Record& record = request.record;
  AppendResult outcome{.info = {record.digest, record.length}};
  if (request.from) {
    const std::optional<PackedBlob> blob = index_.find(record.digest);
    if (!blob || blob->place != *request.from) return outcome;
    record.value = to_micros(blob->written);
  } else if (const auto found = index_.touch(record.digest, clock_.now())) {
    lay_out_record(
        {.kind = RecordKind::kTouch, .digest = record.digest, .value = to_micros(found->written)},
        {});
    return outcome;
  } else {
    const Time now = clock_.now();
    if (!fresh_.emplace(record.digest, now).second) {
      outcome.is_twin = true;
      return outcome;
    }
    record.value = to_micros(now);
    outcome.info.new_at = now;
  }
  outcome.written_at = lay_out_record(record, request.payload);
  return outcome;
}

// Where it will stand.
RecordLocation SegmentWriter::lay_out_record(const Record& record, ByteView payload) {
  const std::uint64_t offset = active_->end + buffer_.size();
  const std::size_t at = buffer_.size();
  buffer_.resize(at + kHeaderBytes);
  encode(record, active_->nonce, ByteSpan(buffer_).subspan(at));
  buffer_.insert(buffer_.end(), payload.begin(), payload.end());
  buffer_.resize(at + record_bytes(record.length));
  return {.segment = active_->number, .unit = static_cast<std::uint32_t>(offset / kUnit)};
}

void SegmentWriter::write_out() {
  bool is_written = false;
  try {
    disk_.write(active_->file, buffer_, active_->end);
    is_written = true;
    space_.note_write(DiskSpace::WriteEnd::kWell);
    const auto is_waited_for = [](const Request& request) { return bool(request.done); };
    if (std::ranges::any_of(batch_, is_waited_for)) disk_.sync(active_->file);
  } catch (...) {
    take_back(is_written);
    throw;
  }
  active_->end += buffer_.size();
}

// What was written of a batch that failed goes: a disk that is full may have room for a smaller
// blob, and what a failed sync left in the page cache must not be found, and relied upon, by the
// next start.
void SegmentWriter::take_back(bool sync_failed) {
  // Nobody knows what a sync that failed has left, and the next one may wrongly succeed.
  if (sync_failed || !cut_at_end()) roll();
}

// Writes zeros where records will be, when those who waited have been answered: the sync of bytes
// that were written over takes half the time of one that makes the file longer.
void SegmentWriter::clear_ahead() {
  // Larger batches share the cost of their sync, and then the zeros cost more than they save.
  if (!active_ || active_->end >= options_.segment_bytes || batch_.size() > kFewRecords) return;
  const std::uint64_t ahead = options_.segment_bytes / kAheadShare;
  if (active_->end + ahead / 4 <= active_->allocated) return;
  const std::uint64_t start = std::max(active_->allocated, active_->end);
  const std::uint64_t goal = active_->end + ahead;
  try {
    space_.require(goal - start);
    buffer_.assign(static_cast<std::size_t>(goal - start), std::byte{0});
    disk_.write(active_->file, buffer_, start);
    disk_.sync(active_->file);
    active_->allocated = goal;
  } catch (const std::exception& error) {
    log::warning("segment_not_extended", {{"reason", error.what()}});
    // The room is left to the records themselves, and this segment grows with each of them.
    if (!cut_at_end()) return roll();
    active_->allocated = options_.segment_bytes + ahead;
  }
}

// Gives back what follows the records. False when that failed.
bool SegmentWriter::cut_at_end() {
  try {
    disk_.truncate(active_->file, active_->end);
    active_->allocated = active_->end;
    return true;
  } catch (const Error& error) {
    log::warning("segment_not_cut", {{"reason", error.what()}});
    return false;
  }
}

void SegmentWriter::publish() {
  for (std::size_t i = 0; i < batch_.size(); ++i) publish(batch_[i], outcomes_[i]);
  // Not before all is in the index: a blob that is not wanted any more stays if another of the
  // batch is the same.
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    batch_[i].buffer.release();
    if (!batch_[i].done) continue;
    const bool is_wanted = batch_[i].done(nullptr, outcomes_[i].info);
    if (!is_wanted) remove_again(outcomes_[i].info);
  }
}

void SegmentWriter::remove_again(const BlobInfo& info) {
  if (!info.new_at) return;
  RecordLocation place;
  const auto removal = index_.remove_older(info.digest, *info.new_at, place);
  if (removal != PackedIndex::Removal::kRemoved) return;
  submit({.record = {.kind = RecordKind::kRemoval,
                     .digest = info.digest,
                     .value = static_cast<std::int64_t>(place.packed())}});
}

void SegmentWriter::publish(const Request& request, const AppendResult& outcome) {
  const Record& record = request.record;
  if (outcome.is_twin) {
    index_.touch(record.digest, fresh_.at(record.digest));
  } else if (outcome.written_at && !request.from) {
    index_.insert({record.digest, *outcome.written_at, record.length, record.time()});
  } else if (outcome.written_at &&
             !index_.move(record.digest, *request.from, *outcome.written_at)) {
    // Removed meanwhile: the copy must not bring it back at the next start.
    submit({.record = {.kind = RecordKind::kRemoval,
                       .digest = record.digest,
                       .value = static_cast<std::int64_t>(outcome.written_at->packed())}});
  }
}

void SegmentWriter::fail_batch(std::exception_ptr error) {
  for (Request& request : batch_) fail(request, error);
}

void SegmentWriter::fail(Request& request, const std::exception_ptr& error) {
  request.buffer.release();
  if (request.done) request.done(error, {});
}

void SegmentWriter::roll() {
  cut_at_end();
  files_.seal(*active_);
  active_.reset();
  sealed_.ring();
}

}  // namespace coffer::blobs
