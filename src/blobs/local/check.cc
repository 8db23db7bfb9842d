#include "blobs/local/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <unordered_set>
#include <utility>
#include <vector>

#include "blobs/blob_store.h"
#include "blobs/local/layout.h"
#include "blobs/local/packed_index.h"
#include "blobs/local/segment_format.h"
#include "blobs/local/segment_scan.h"

namespace coffer::blobs {
namespace {

constexpr std::size_t kReadBytes = 1024 * 1024;

// What the parts of one check share.
struct Check {
  Disk& disk;
  CheckVisitor& visitor;
  PackedIndex packed = {};                         // as a start would have it
  std::unordered_set<std::uint64_t> unsound = {};  // packed places of blobs
  std::uint64_t bytes = 0;
  std::uint64_t told = 0;
  unsigned done = 0;
  unsigned all = 0;

  void advance(std::uint64_t count) {
    bytes += count;
    if (bytes - told >= kReadBytes) tell();
  }
  void part_done() {
    ++done;
    tell();
  }
  void tell() {
    told = bytes;
    visitor.advanced(bytes, done, all);
  }
};

class SegmentCheck {
 public:
  SegmentCheck(Check& check, std::uint32_t number)
      : check_(check), number_(number), name_(segment_name(number)) {}

  void run() {
    try {
      read();
    } catch (const Error& error) {
      damaged(name_, error.what());
      for (; next_ < entries_.size(); ++next_) mark_unsound(entries_[next_].unit);
    }
  }

 private:
  void read();
  std::optional<SegmentHeader> read_header();
  std::optional<SegmentIndex> read_index(const std::optional<SegmentHeader>& header);
  void see(const Record& record, std::uint32_t unit, ByteView payload);
  void see_end();
  std::uint64_t bytes_written_behind(std::uint64_t end);
  void see_lost_header(const SegmentIndex::Entry& entry);
  void see_gap(std::uint64_t to);
  // Damage behind what the index covers may be where a crash left off; it is if nothing good
  // follows. What the index covers and does not list was no good record when it was made: mostly
  // because a power loss kept a later page of the last write and not an earlier. It is noticed.
  void doubt(std::uint64_t offset, std::string problem, bool is_listed);
  void confirm_doubts();
  void mark_unsound(std::uint32_t unit) {
    check_.unsound.insert(RecordLocation{number_, unit}.packed());
  }
  void damaged(const std::string& part, const std::string& problem) {
    check_.visitor.damaged(part, problem);
  }
  std::string at(std::uint64_t offset) const { return fmt::format("{} at {}", name_, offset); }

  Check& check_;
  const std::uint32_t number_;
  const std::string name_;
  OpenFile file_;
  std::uint64_t size_ = 0;
  std::uint64_t covered_ = 0;
  std::vector<SegmentIndex::Entry> entries_;  // of the index, by units
  std::size_t next_ = 0;                      // the first that was not met yet
  std::uint64_t expected_ = kHeaderBytes;     // where the next record should start
  std::uint64_t good_end_ = kHeaderBytes;     // of the last good record
  std::vector<std::pair<std::string, std::string>> doubts_;
};

void SegmentCheck::read() {
  file_ = check_.disk.open(name_);
  if (!file_) throw Error("it is gone");
  size_ = check_.disk.size(file_);
  const std::optional<SegmentHeader> header = read_header();
  if (header && header->version != kSegmentVersion) {
    return damaged(name_, fmt::format("it has format {}; this program knows format {}",
                                      header->version, kSegmentVersion));
  }
  std::optional<SegmentIndex> index = read_index(header);
  if (!header && !index && size_ <= kHeaderBytes) {
    return check_.visitor.noticed(name_, "a crash left it empty");
  }
  if (!header)
    damaged(name_,
            index ? "its header is damaged" : "its header is damaged, and there is no index");
  if (!header && !index) return;
  if (header && header->number != number_) {
    damaged(name_, fmt::format("by its header it is {}", segment_name(header->number)));
  }
  if (index) {
    covered_ = index->covered;
    for (const SegmentIndex::Entry& entry : index->entries) {
      check_.packed.apply(entry.record, {number_, entry.unit});
    }
    entries_ = std::move(index->entries);
    std::ranges::sort(entries_, {}, &SegmentIndex::Entry::unit);
  }
  scan_segment(check_.disk, file_,
               {.nonce = header ? header->nonce : index->nonce, .from = kHeaderBytes, .to = size_},
               ScanCheck::kHeaders,
               [this](const Record& record, std::uint32_t unit, ByteView payload) {
                 see(record, unit, payload);
               });
  see_end();
}

std::optional<SegmentHeader> SegmentCheck::read_header() {
  if (size_ < kHeaderBytes) return std::nullopt;
  std::array<std::byte, kHeaderBytes> head{};
  check_.disk.read(file_, head, 0);
  return decode_segment_header(head);
}

std::optional<SegmentIndex> SegmentCheck::read_index(const std::optional<SegmentHeader>& header) {
  const std::string name = segment_index_name(number_);
  const OpenFile file = check_.disk.open(name);
  if (!file) return std::nullopt;
  Bytes bytes(static_cast<std::size_t>(check_.disk.size(file)));
  check_.disk.read(file, bytes, 0);
  std::optional<SegmentIndex> index = decode_segment_index(bytes);
  if (!index || (header && index->nonce != header->nonce)) {
    check_.visitor.noticed(name, "it is damaged; the next start makes it again");
    return std::nullopt;
  }
  if (index->covered > size_) {
    damaged(name_, fmt::format("it has {} bytes, its index tells of {}", size_, index->covered));
    return std::nullopt;
  }
  return index;
}

void SegmentCheck::see(const Record& record, std::uint32_t unit, ByteView payload) {
  const std::uint64_t offset = RecordLocation{number_, unit}.offset();
  for (; next_ < entries_.size() && entries_[next_].unit < unit; ++next_) {
    see_lost_header(entries_[next_]);
  }
  see_gap(offset);
  const bool is_good = record.kind != RecordKind::kBlob || Sha256::of(payload) == record.digest;
  const bool is_listed = next_ < entries_.size() && entries_[next_].unit == unit;
  if (!is_good) {
    mark_unsound(unit);
    doubt(offset, fmt::format("the bytes of {} are damaged", record.digest.hex()), is_listed);
  }
  expected_ = offset + record_bytes(record.length);
  if (is_listed && entries_[next_].record != record) {
    damaged(segment_index_name(number_),
            fmt::format("it tells otherwise of the record at {}", offset));
  } else if (!is_listed && is_good && offset < covered_) {
    damaged(segment_index_name(number_),
            fmt::format("it does not tell of the record at {}", offset));
  }
  if (is_listed) ++next_;
  if (is_good) {
    confirm_doubts();
    good_end_ = expected_;
    if (offset >= covered_) check_.packed.apply(record, {number_, unit});
  }
  check_.advance(record_bytes(record.length));
}

void SegmentCheck::see_end() {
  for (; next_ < entries_.size(); ++next_) see_lost_header(entries_[next_]);
  see_gap(covered_);
  const std::uint64_t unfinished = bytes_written_behind(std::max(good_end_, covered_));
  if (unfinished > 0) {
    check_.visitor.noticed(
        name_, fmt::format("its last {} bytes were not finished; the next start cuts them off",
                           unfinished));
  }
}

// Without the zeros that records were to be written over.
std::uint64_t SegmentCheck::bytes_written_behind(std::uint64_t end) {
  Bytes bytes(kReadBytes);
  for (std::uint64_t at = end; at < size_; at += bytes.size()) {
    bytes.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kReadBytes, size_ - at)));
    check_.disk.read(file_, bytes, at);
    const auto written = std::ranges::find_if(bytes, [](std::byte b) { return b != std::byte{0}; });
    if (written != bytes.end()) {
      return size_ - at - static_cast<std::uint64_t>(written - bytes.begin());
    }
  }
  return 0;
}

void SegmentCheck::see_lost_header(const SegmentIndex::Entry& entry) {
  const Record& record = entry.record;
  const std::uint64_t offset = RecordLocation{number_, entry.unit}.offset();
  see_gap(offset);
  expected_ = std::max(expected_, offset + record_bytes(record.length));
  damaged(at(offset), fmt::format("the header of {} is damaged", record.digest.hex()));
  if (record.kind != RecordKind::kBlob) return;
  Bytes payload(record.length);
  if (expected_ <= size_) check_.disk.read(file_, payload, offset + kHeaderBytes);
  if (expected_ <= size_ && Sha256::of(payload) == record.digest) return;
  mark_unsound(entry.unit);
  damaged(at(offset), fmt::format("the bytes of {} are damaged", record.digest.hex()));
}

void SegmentCheck::see_gap(std::uint64_t to) {
  if (to <= expected_) return;
  // What of it the index covers, and what is behind that.
  const std::uint64_t middle = std::clamp(covered_, expected_, to);
  for (const auto& [from, end] : {std::pair(expected_, middle), std::pair(middle, to)}) {
    if (from < end) doubt(from, fmt::format("{} bytes are no record", end - from), false);
  }
  expected_ = to;
}

void SegmentCheck::doubt(std::uint64_t offset, std::string problem, bool is_listed) {
  if (offset < covered_ && !is_listed) {
    check_.visitor.noticed(at(offset), problem + "; the index passes over that");
    return;
  }
  doubts_.emplace_back(at(offset), std::move(problem));
  if (is_listed) confirm_doubts();
}

void SegmentCheck::confirm_doubts() {
  for (const auto& [part, problem] : std::exchange(doubts_, {})) damaged(part, problem);
}

// The blob's size, and whether its bytes are those of its name.
CheckedBlob check_file(Check& check, const Sha256Digest& digest) {
  const std::string name = blob_name(digest);
  CheckedBlob blob{.digest = digest};
  try {
    const OpenFile file = check.disk.open(name);
    if (!file) throw Error("it is gone");
    blob.size = check.disk.size(file);
    Sha256 hash;
    Bytes block;
    for (std::uint64_t at = 0; at < blob.size; at += block.size()) {
      block.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kReadBytes, blob.size - at)));
      check.disk.read(file, block, at);
      hash.update(block);
      check.advance(block.size());
    }
    blob.is_sound = hash.finish() == digest;
    if (!blob.is_sound) check.visitor.damaged(name, "its bytes are damaged");
  } catch (const Error& error) {
    check.visitor.damaged(name, error.what());
  }
  return blob;
}

// The small blobs in order of names.
class PackedCursor {
 public:
  explicit PackedCursor(const PackedIndex& index) : index_(index) {}

  // Null at the end. Good until next().
  const PackedBlob* get() {
    if (at_ == page_.size() && !is_last_) {
      page_ =
          index_.after(page_.empty() ? std::nullopt : std::optional(page_.back().digest), kPage);
      at_ = 0;
      is_last_ = page_.size() < kPage;
    }
    return at_ < page_.size() ? &page_[at_] : nullptr;
  }
  void next() { ++at_; }

 private:
  static constexpr std::size_t kPage = 4'096;

  const PackedIndex& index_;
  std::vector<PackedBlob> page_;
  std::size_t at_ = 0;
  bool is_last_ = false;
};

// The files of the folder, and the small blobs whose names belong between theirs.
void check_folder(Check& check, unsigned folder, PackedCursor& packed) {
  std::vector<Sha256Digest> files;
  for (const std::string& file : check.disk.names(folder_name(folder))) {
    if (const auto digest = blob_in(folder, file)) files.push_back(*digest);
  }
  std::ranges::sort(files);
  auto file = files.begin();
  for (;;) {
    const PackedBlob* small = packed.get();
    if (small && folder_of(small->digest) != folder) small = nullptr;
    if (!small && file == files.end()) return;
    if (small && (file == files.end() || small->digest <= *file)) {
      // A file of the same name is of an older time; the store answers with the record.
      if (file != files.end() && *file == small->digest) check_file(check, *file++);
      check.visitor.found({.digest = small->digest,
                           .size = small->length,
                           .is_sound = !check.unsound.contains(small->place.packed())});
      packed.next();
    } else {
      check.visitor.found(check_file(check, *file++));
    }
  }
}

}  // namespace

void check_local_store(Disk& disk, CheckVisitor& visitor) {
  // In order: the later record of a blob is the one that counts.
  std::set<std::uint32_t> segments;
  for (const std::string& name : disk.names(kSegments)) {
    const auto number = segment_number(name, kSegmentSuffix);
    if (number && is_file(disk, segment_name(*number))) segments.insert(*number);
  }
  Check check{
      .disk = disk, .visitor = visitor, .all = static_cast<unsigned>(segments.size()) + kFolders};
  for (const std::uint32_t number : segments) {
    SegmentCheck(check, number).run();
    check.part_done();
  }
  PackedCursor packed(check.packed);
  for (unsigned folder = 0; folder < kFolders; ++folder) {
    check_folder(check, folder, packed);
    check.part_done();
  }
}

bool holds_blobs(Disk& disk) {
  for (const std::string& name : disk.names(kSegments)) {
    if (segment_number(name, kSegmentSuffix)) return true;
  }
  for (unsigned folder = 0; folder < kFolders; ++folder) {
    for (const std::string& file : disk.names(folder_name(folder))) {
      if (blob_in(folder, file)) return true;
    }
  }
  return false;
}

}  // namespace coffer::blobs
