#include "blobs/local/segments.h"

#include <utility>

#include "base/log.h"

namespace coffer::blobs {

Segments::Segments(Disk& disk, DiskSpace& space, const Clock& clock, Options options)
    : clock_(clock), files_(disk, options.max_open) {
  files_.load(index_);
  segment_writer_.emplace(disk, space, clock, index_, files_, wake_, options.appending);
  if (options.reclaim) compactor_.emplace(disk, index_, files_, *segment_writer_, wake_);
}

Segments::~Segments() {
  compactor_.reset();
  segment_writer_.reset();
  // The next start need not read the segments themselves.
  for (const SegmentFiles::Sealed& segment : files_.sealed()) {
    if (segment.is_indexed) continue;
    try {
      files_.write_index(segment.number);
    } catch (const Error& error) {
      log::warning("segment_not_indexed", {{"reason", error.what()}});
    }
  }
}

std::optional<SegmentWriter::Ticket> Segments::add(const Sha256Digest& digest, Buffer buffer,
                                                   std::size_t count, SegmentWriter::Done done) {
  if (const auto found = index_.touch(digest, clock_.now())) {
    buffer.release();
    note({.kind = RecordKind::kTouch, .digest = digest, .value = to_micros(found->written)});
    done(nullptr, {digest, found->length});
    return std::nullopt;
  }
  const ByteView payload = buffer.span().first(count);
  return segment_writer_->submit({.record = {.kind = RecordKind::kBlob,
                                             .length = static_cast<std::uint32_t>(count),
                                             .digest = digest},
                                  .payload = payload,
                                  .buffer = std::move(buffer),
                                  .done = std::move(done)});
}

std::shared_ptr<const OpenFile> Segments::file_of(const PackedBlob& blob, bool may_block) {
  std::shared_ptr<const OpenFile> file = files_.find_open(blob.place.segment);
  if (!file && may_block) file = files_.open(blob.place.segment);
  return file;
}

PackedIndex::Removal Segments::remove_older(const Sha256Digest& digest, Time cutoff) {
  RecordLocation place;
  const PackedIndex::Removal removal = index_.remove_older(digest, cutoff, place);
  if (removal == PackedIndex::Removal::kRemoved) note_removal(digest, place);
  return removal;
}

PackedIndex::Removal Segments::remove_unseen(const Sha256Digest& digest,
                                             const Holds::Watch& watch) {
  RecordLocation place;
  const PackedIndex::Removal removal = index_.remove_unseen(digest, watch, place);
  if (removal == PackedIndex::Removal::kRemoved) note_removal(digest, place);
  return removal;
}

void Segments::note_removal(const Sha256Digest& digest, RecordLocation place) {
  note({.kind = RecordKind::kRemoval,
        .digest = digest,
        .value = static_cast<std::int64_t>(place.packed())});
  wake_.ring();
}

void Segments::note(const Record& record) { segment_writer_->submit({.record = record}); }

}  // namespace coffer::blobs
