#include "cli/fsck_bucket.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "base/executor.h"
#include "blobs/s3/check.h"
#include "blobs/s3/keys.h"
#include "server/data_folder.h"
#include "server/s3_blobs.h"
#include "server/stores.h"
#include "vault/upkeep/placed_blobs.h"

namespace coffer::cli {
namespace {

namespace s3 = blobs::s3;
using s3::KnownPlace;

// What the database knows is held in memory for some parts at a time, at most some 30 MB. Where
// objects are read, each part is one to go on from.
constexpr std::uint64_t kBlobsAtATime = 250'000;
constexpr std::uint64_t kPartsAtATime = 16;
// For whoever has to go on later, and where nobody looks on.
constexpr std::chrono::seconds kBetweenMarks{10};

// Says where the check is, and slows it down.
class ObjectReport final : public s3::ObjectVisitor {
 public:
  ObjectReport(FsckReport& report, std::uint64_t rate) : report_(report), rate_(rate) {}

  void set_part(unsigned part) {
    part_ = part;
    const auto now = std::chrono::steady_clock::now();
    if (now - marked_ < kBetweenMarks) return;
    marked_ = now;
    report_.progress().clear();
    fmt::print(stderr, "all before part {:02x} of ff is checked\n", part);
  }

  void missing(const KnownPlace& known) override { report_.missing(name_of(known), known.size); }
  void damaged(const KnownPlace& known, const std::string& problem) override {
    report_.count_blob();
    report_.corrupt(name_of(known), problem);
  }
  void sound(const KnownPlace&) override { report_.count_blob(); }
  void unreferenced(const std::string& key, std::uint64_t size, bool is_removed) override {
    report_.unreferenced(is_removed ? key : key + " (not of this database)", size);
  }
  void advanced(std::uint64_t bytes) override {
    report_.set_read(report_.read() + bytes);
    report_.progress().show(
        fmt::format("part {:02x} of ff, {} MiB read", part_, report_.read() >> 20U));
    if (rate_ == 0 || bytes == 0) return;
    due_ = std::max(due_, std::chrono::steady_clock::now()) +
           std::chrono::nanoseconds(bytes * std::uint64_t{1'000'000'000} / rate_);
    std::this_thread::sleep_until(due_);
  }

 private:
  // Blobs have the names that they have in the data folder.
  static std::string name_of(const KnownPlace& known) {
    return s3::is_public(known.place) ? s3::key_of(known.place) : known.digest.hex();
  }

  FsckReport& report_;
  const std::uint64_t rate_;
  unsigned part_ = 0;
  std::chrono::steady_clock::time_point due_;
  std::chrono::steady_clock::time_point marked_ = std::chrono::steady_clock::now();
};

// Of the parts from `first` to the one before `end`, in order of places.
std::vector<KnownPlace> known_places(db::Database& database, unsigned first, unsigned end) {
  InlineExecutor here;
  std::vector<KnownPlace> known;
  for (const vault::PlacedBlob& blob : here.run(vault::placed_blobs(database, first, end))) {
    known.push_back(
        {.place = blob.place,
         .kind = blob.is_referenced ? KnownPlace::Kind::kReferenced : KnownPlace::Kind::kUnused,
         .digest = blob.digest,
         .size = blob.size});
  }
  for (const vault::PlacedBlob& object : here.run(vault::public_objects(database, first, end))) {
    known.push_back({.place = object.place,
                     .kind = KnownPlace::Kind::kReferenced,
                     .digest = object.digest,
                     .size = object.size});
  }
  for (const blobs::Place& place : here.run(vault::unclaimed_places(database, first, end))) {
    known.push_back({.place = place});
  }
  std::ranges::sort(known, {}, &KnownPlace::place);
  return known;
}

}  // namespace

void require_bucket(const config::Settings& settings, const BucketCheckOptions& options) {
  if (options.is_mixed) {
    config::require_s3(settings, "a vault part of whose files are in a bucket");
  } else if (settings.blobs.store != config::BlobStoreKind::kS3) {
    throw server::UserError(
        "the files are in a bucket, and blobs.store is local: set it to s3, with the settings of "
        "[s3] that the server has");
  }
}

void check_bucket(const config::Settings& settings, db::Database& database,
                  const BucketCheckOptions& options, FsckReport& report) {
  InlineExecutor here;
  const vault::PlacedCounts counts = here.run(vault::count_placed(database));
  if (counts.without > 0 && !options.is_mixed) {
    report.corrupt(server::kDatabaseFile,
                   fmt::format("{} blobs without the place of an object", counts.without));
  }
  const auto step = static_cast<unsigned>(std::clamp<std::uint64_t>(
      s3::kParts * kBlobsAtATime / std::max<std::uint64_t>(counts.placed, 1), 1,
      options.reads_bytes ? 1 : kPartsAtATime));
  ObjectReport objects(report, options.rate);
  unsigned part = options.first_part;
  try {
    server::BucketAccess bucket(settings);
    for (; part < s3::kParts; part += step) {
      objects.set_part(part);
      const s3::ObjectCheck check{.first = part,
                                  .end = std::min(part + step, s3::kParts),
                                  .reads_them = options.reads_bytes};
      const std::vector<KnownPlace> known = known_places(database, check.first, check.end);
      here.run(s3::check_objects(bucket.client(), check, known, objects));
    }
  } catch (const blobs::Error& error) {
    throw server::UserError(
        fmt::format("{} cannot be checked further: {}; `coffer fsck --from {:02x}` goes on",
                    server::describe_bucket(settings), error.what(), part));
  }
}

}  // namespace coffer::cli
