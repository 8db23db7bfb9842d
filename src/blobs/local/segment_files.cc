#include "blobs/local/segment_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/entropy.h"
#include "base/log.h"
#include "blobs/blob_store.h"
#include "blobs/local/layout.h"
#include "blobs/local/segment_scan.h"

namespace coffer::blobs {
namespace {

std::uint64_t random_nonce() {
  std::array<std::byte, sizeof(std::uint64_t)> bytes{};
  system_entropy().fill(bytes);
  std::uint64_t nonce = 0;
  for (const std::byte byte : bytes) nonce = nonce << 8 | std::to_integer<std::uint64_t>(byte);
  return nonce;
}

}  // namespace

void SegmentFiles::load(PackedIndex& index) {
  std::set<std::uint32_t> numbers;
  std::vector<std::uint32_t> indexes;
  std::uint32_t last = 0;
  for (const std::string& name : disk_.names(kSegments)) {
    const auto index_number = segment_number(name, kSegmentIndexSuffix);
    const auto unfinished = segment_number(name, kSegmentIndexTemporarySuffix);
    const auto number = segment_number(name, kSegmentSuffix);
    if (!number && !index_number && !unfinished) continue;
    const std::string path = fmt::format("{}/{}", kSegments, name);
    if (!is_file(disk_, path)) {
      log::warning("foreign_entry_ignored", {{"path", path}, {"reason", "it is no file"}});
      if (number) last = std::max(last, *number);
      continue;
    }
    if (number) numbers.insert(*number);
    if (index_number) indexes.push_back(*index_number);
    if (unfinished) disk_.remove(path);
  }
  for (const std::uint32_t number : indexes) {
    if (!numbers.contains(number)) disk_.remove(segment_index_name(number));
  }
  // In order: the later record of a blob is the one that counts.
  for (const std::uint32_t number : numbers) load(number, index);
  if (!numbers.empty()) last = std::max(last, *numbers.rbegin());
  next_ = std::max(next_, last + 1);
}

void SegmentFiles::load(std::uint32_t number, PackedIndex& index) {
  const std::string name = segment_name(number);
  const OpenFile file = disk_.open(name);
  const std::uint64_t size = disk_.size(file);
  std::array<std::byte, kHeaderBytes> head{};
  if (size >= kHeaderBytes) disk_.read(file, head, 0);
  const std::optional<SegmentHeader> header = decode_segment_header(head);
  if (header && header->version > kSegmentVersion) {
    throw Error(
        fmt::format("{} was written by a newer version of this program (format {}, known "
                    "up to {})",
                    name, header->version, kSegmentVersion));
  }
  std::optional<SegmentIndex> known = read_index(number);
  if (known && (known->covered > size || (header && known->nonce != header->nonce))) {
    // Were it still there when the segment is as long again, it would hide what was added.
    known.reset();
    disk_.remove(segment_index_name(number));
    disk_.sync_folder(kSegments);
  }
  if (!header && !known) {
    if (size <= kHeaderBytes) {
      // A start of a segment that nothing was ever added to.
      disk_.remove(name);
    } else {
      log::error("segment_damaged", {{"segment", name}, {"problem", "no header, no index"}});
    }
    return;
  }
  State state{.nonce = header ? header->nonce : known->nonce,
              .end = known ? known->covered : kHeaderBytes,
              .covered = known ? known->covered : 0,
              .is_sealed = true,
              .is_damaged = !header};
  if (known) {
    for (const SegmentIndex::Entry& entry : known->entries) {
      index.apply(entry.record, {number, entry.unit});
    }
  }
  if (size > state.end) {
    const ScanResult scan =
        scan_segment(disk_, file, {.nonce = state.nonce, .from = state.end, .to = size},
                     ScanCheck::kPayloads, [&](const Record& record, std::uint32_t unit, ByteView) {
                       index.apply(record, {number, unit});
                     });
    state.end = scan.end;
    if (scan.skipped > 0) {
      state.is_damaged = true;
      log::error("segment_damaged", {{"segment", name}, {"bytes_skipped", scan.skipped}});
    }
    if (scan.end < size) {
      log::info("segment_cut", {{"segment", name}, {"bytes", size - scan.end}});
      cut(number, scan.end);
    }
    // What a killed server wrote and did not sync is as good as answered from now on.
    disk_.sync(file);
  }
  segments_.emplace(number, state);
}

std::optional<SegmentIndex> SegmentFiles::read_index(std::uint32_t number) {
  const std::string name = segment_index_name(number);
  if (!is_file(disk_, name)) return std::nullopt;
  const OpenFile file = disk_.open(name);
  Bytes bytes(static_cast<std::size_t>(disk_.size(file)));
  disk_.read(file, bytes, 0);
  std::optional<SegmentIndex> index = decode_segment_index(bytes);
  if (!index) log::warning("segment_index_damaged", {{"index", name}});
  return index;
}

void SegmentFiles::cut(std::uint32_t number, std::uint64_t end) {
  disk_.truncate(disk_.open_to_change(segment_name(number)), end);
}

std::optional<ActiveSegment> SegmentFiles::reopen_last(std::uint64_t limit) {
  std::lock_guard lock(mutex_);
  if (segments_.empty()) return std::nullopt;
  auto& [number, state] = *segments_.rbegin();
  if (number + 1 != next_ || state.end >= limit || state.is_damaged) return std::nullopt;
  OpenFile file = disk_.open_to_change(segment_name(number));
  state.is_sealed = false;
  return ActiveSegment{
      .file = std::move(file), .number = number, .nonce = state.nonce, .end = state.end};
}

ActiveSegment SegmentFiles::create() {
  std::uint32_t number = 0;
  {
    std::lock_guard lock(mutex_);
    number = next_++;
  }
  ActiveSegment segment{
      .file = OpenFile(), .number = number, .nonce = random_nonce(), .end = kHeaderBytes};
  segment.file = disk_.create(segment_name(number));
  try {
    std::array<std::byte, kHeaderBytes> head{};
    encode(SegmentHeader{.number = number, .nonce = segment.nonce}, head);
    disk_.write(segment.file, head, 0);
    disk_.sync(segment.file);
    disk_.sync_folder(kSegments);
  } catch (const Error&) {
    disk_.remove(segment_name(number));
    throw;
  }
  std::lock_guard lock(mutex_);
  segments_.emplace(
      number, State{.nonce = segment.nonce, .end = kHeaderBytes, .covered = 0, .is_sealed = false});
  return segment;
}

void SegmentFiles::seal(const ActiveSegment& segment) {
  std::lock_guard lock(mutex_);
  State& state = segments_.at(segment.number);
  state.end = segment.end;
  state.is_sealed = true;
}

std::shared_ptr<const OpenFile> SegmentFiles::find_open(std::uint32_t number) {
  {
    Slot& slot = slot_of(number);
    std::lock_guard lock(slot.mutex);
    if (slot.file && slot.number == number) return slot.file;
  }
  OpenFile file = disk_.open_if_cached(segment_name(number));
  if (!file) return nullptr;
  return keep(number, std::move(file));
}

std::shared_ptr<const OpenFile> SegmentFiles::open(std::uint32_t number) {
  OpenFile file = disk_.open(segment_name(number));
  if (!file) return nullptr;
  return keep(number, std::move(file));
}

std::shared_ptr<const OpenFile> SegmentFiles::keep(std::uint32_t number, OpenFile file) {
  auto shared = std::make_shared<const OpenFile>(std::move(file));
  {
    Slot& slot = slot_of(number);
    std::lock_guard lock(slot.mutex);
    slot.number = number;
    slot.file = shared;
  }
  // Dropped since it was opened: nobody else would close it.
  if (!contains(number)) forget_open(number);
  return shared;
}

void SegmentFiles::forget_open(std::uint32_t number) {
  Slot& slot = slot_of(number);
  std::lock_guard lock(slot.mutex);
  if (slot.number == number) slot.file = nullptr;
}

std::vector<SegmentFiles::Sealed> SegmentFiles::sealed() const {
  std::lock_guard lock(mutex_);
  std::vector<Sealed> found;
  for (const auto& [number, state] : segments_) {
    if (state.is_sealed) found.push_back({number, state.end, state.covered == state.end});
  }
  return found;
}

bool SegmentFiles::contains(std::uint32_t number) const {
  std::lock_guard lock(mutex_);
  return segments_.contains(number);
}

std::uint64_t SegmentFiles::nonce_of(std::uint32_t number) const {
  std::lock_guard lock(mutex_);
  return segments_.at(number).nonce;
}

void SegmentFiles::write_index(std::uint32_t number) {
  State state;
  {
    std::lock_guard lock(mutex_);
    state = segments_.at(number);
  }
  SegmentIndex index;
  if (state.covered > 0) {
    if (auto known = read_index(number)) index = std::move(*known);
  }
  if (index.nonce != state.nonce || index.covered > state.end) index = {};
  index.nonce = state.nonce;
  const OpenFile segment = disk_.open(segment_name(number));
  // What nobody waited for may not have been; an index must not tell of what a power loss takes.
  disk_.sync(segment);
  scan_segment(disk_, segment,
               {.nonce = state.nonce,
                .from = std::max<std::uint64_t>(index.covered, kHeaderBytes),
                .to = state.end},
               state.is_damaged ? ScanCheck::kPayloads : ScanCheck::kHeaders,
               [&](const Record& record, std::uint32_t unit, ByteView) {
                 index.entries.push_back({record, unit});
               });
  index.covered = state.end;
  std::ranges::sort(index.entries, {}, [](const SegmentIndex::Entry& entry) {
    return std::pair(entry.record.digest, entry.unit);
  });

  const std::string temporary = segment_index_temporary_name(number);
  const OpenFile file = disk_.create(temporary);
  try {
    disk_.write(file, encode(index), 0);
    disk_.sync(file);
    disk_.rename(temporary, segment_index_name(number));
  } catch (const Error&) {
    disk_.remove(temporary);
    throw;
  }
  disk_.sync_folder(kSegments);
  std::lock_guard lock(mutex_);
  const auto found = segments_.find(number);
  if (found != segments_.end()) found->second.covered = state.end;
}

void SegmentFiles::drop(std::uint32_t number) {
  {
    std::lock_guard lock(mutex_);
    segments_.erase(number);
  }
  // Without a sync: what comes back after a power loss is found unused and dropped again.
  disk_.remove(segment_name(number));
  disk_.remove(segment_index_name(number));
  forget_open(number);
}

}  // namespace coffer::blobs
