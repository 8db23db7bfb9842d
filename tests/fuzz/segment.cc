// Segments as a crash or a failing disk may have left them.
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "blobs/local/packed_index.h"
#include "blobs/local/segment_scan.h"
#include "fuzz.h"

using namespace coffer;
using namespace coffer::blobs;

namespace {

// One file, to read from.
class MemoryDisk final : public Disk {
 public:
  explicit MemoryDisk(std::string_view bytes) : bytes_(bytes) {}

  void read(const OpenFile&, ByteSpan into, std::uint64_t offset) override {
    COFFER_CHECK(offset <= bytes_.size() && into.size() <= bytes_.size() - offset);
    if (!into.empty()) std::memcpy(into.data(), bytes_.data() + offset, into.size());
  }
  std::uint64_t size(const OpenFile&) override { return bytes_.size(); }

  OpenFile create(const std::string&) override { unused(); }
  OpenFile open(const std::string&) override { unused(); }
  OpenFile open_if_cached(const std::string&) override { unused(); }
  OpenFile open_to_change(const std::string&) override { unused(); }
  bool bypass_cache(OpenFile&, bool) override { unused(); }
  void write(const OpenFile&, ByteView, std::uint64_t) override { unused(); }
  bool read_if_cached(const OpenFile&, ByteSpan, std::uint64_t) override { unused(); }
  void truncate(const OpenFile&, std::uint64_t) override { unused(); }
  void sync(const OpenFile&) override { unused(); }
  std::optional<FileInfo> info(const std::string&) override { unused(); }
  void set_modified(const std::string&, Time) override { unused(); }
  void rename(const std::string&, const std::string&) override { unused(); }
  bool remove(const std::string&) override { unused(); }
  bool make_folder(const std::string&) override { unused(); }
  void sync_folder(const std::string&) override { unused(); }
  std::vector<std::string> names(const std::string&) override { unused(); }
  OpenFile lock_folder(const std::string&) override { unused(); }
  bool leads_to(const std::string&, const OpenFile&) override { unused(); }
  std::optional<Files> files(const std::string&) override { unused(); }
  Space space() override { unused(); }

 private:
  [[noreturn]] static void unused() { throw std::logic_error("a scan only reads"); }

  std::string_view bytes_;
};

// A segment of `records`, from what the bytes say: so that checksums do not keep all out.
std::string written(fuzz::Input& input, std::uint64_t nonce) {
  std::string segment(kHeaderBytes, '\0');
  encode(SegmentHeader{.number = 1, .nonce = nonce}, std::as_writable_bytes(std::span(segment)));
  for (unsigned count = input.byte() % 8U; count > 0; --count) {
    Record record;
    record.kind = static_cast<RecordKind>(1 + input.byte() % 3U);
    std::string payload;
    if (record.kind == RecordKind::kBlob) payload = input.line().substr(0, 200);
    record.length = static_cast<std::uint32_t>(payload.size());
    record.digest = Sha256::of(as_bytes(payload));
    record.value = input.byte() * 8;
    std::string bytes(record_bytes(record.length), '\0');
    encode(record, nonce, std::as_writable_bytes(std::span(bytes)));
    payload.copy(bytes.data() + kHeaderBytes, payload.size());
    segment += bytes;
  }
  return segment;
}

}  // namespace

COFFER_FUZZ(input) {
  constexpr std::uint64_t kNonce = 0x0123456789abcdef;
  std::string bytes = written(input, kNonce);
  // Damage: bytes written over, the end cut off or rubbish behind it.
  for (unsigned count = input.byte() % 8U; count > 0; --count) {
    const std::size_t at = (input.byte() * 256U + input.byte()) % bytes.size();
    bytes[at] = static_cast<char>(input.byte());
  }
  bytes.resize(bytes.size() - input.byte() % bytes.size());
  bytes += input.rest();

  decode_segment_header(as_bytes(bytes));
  if (bytes.size() < kHeaderBytes) return;
  MemoryDisk disk(bytes);
  // Too large to make for each call; everything is removed again.
  static PackedIndex index;
  for (const ScanCheck how : {ScanCheck::kHeaders, ScanCheck::kPayloads}) {
    std::vector<Sha256Digest> digests;
    std::uint64_t end = kHeaderBytes;
    const auto result =
        scan_segment(disk, OpenFile(), {.nonce = kNonce, .from = kHeaderBytes, .to = bytes.size()},
                     how, [&](const Record& record, std::uint32_t unit, ByteView payload) {
                       COFFER_CHECK(unit * kUnit >= end && payload.size() == record.length);
                       end = unit * kUnit + record_bytes(record.length);
                       COFFER_CHECK(end <= bytes.size());
                       if (how == ScanCheck::kPayloads && record.kind == RecordKind::kBlob) {
                         COFFER_CHECK(Sha256::of(payload) == record.digest);
                       }
                       index.apply(record, {1, unit});
                       digests.push_back(record.digest);
                     });
    COFFER_CHECK(result.end == end && result.skipped <= end - kHeaderBytes);
    COFFER_CHECK(index.live_bytes(1) <= bytes.size());
    for (const Sha256Digest& digest : digests) {
      RecordLocation location;
      COFFER_CHECK(index.remove_older(digest, Time::max(), location) !=
                   PackedIndex::Removal::kSpared);
    }
    COFFER_CHECK(index.live_bytes(1) == 0);
  }
}
