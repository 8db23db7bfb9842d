// The check of a store beside the store itself, and what only a contrived store shows.
#include "blobs/local/check.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <set>
#include <system_error>
#include <tuple>

#include "blobs/local/layout.h"
#include "blobs/local/segment_format.h"
#include "blobs/local/test_disks.h"
#include "blobs/local/test_segments.h"

namespace coffer::blobs::test {
namespace {

namespace fs = std::filesystem;

struct Findings final : CheckVisitor {
  std::vector<std::string> damages;
  std::vector<std::string> notes;
  std::vector<CheckedBlob> blobs;
  std::uint64_t bytes = 0;
  unsigned parts_left = 1;

  void damaged(const std::string& part, const std::string& problem) override {
    damages.push_back(part + ": " + problem);
  }
  void noticed(const std::string& part, const std::string& what) override {
    notes.push_back(part + ": " + what);
  }
  void found(const CheckedBlob& blob) override {
    if (!blobs.empty()) {
      EXPECT_LT(blobs.back().digest, blob.digest);
    }
    blobs.push_back(blob);
  }
  void advanced(std::uint64_t now, unsigned done, unsigned all) override {
    EXPECT_GE(now, bytes);
    bytes = now;
    parts_left = all - done;
  }
};

class StoreCheck : public SegmentStore {
 protected:
  static Findings check(const fs::path& root) {
    Findings findings;
    const auto disk = posix_disk(root);
    check_local_store(*disk, findings);
    EXPECT_EQ(findings.parts_left, 0u);
    return findings;
  }
  Findings check() { return check(folder_.path()); }
};

// Each file below `folder`, how long it is and when it was changed; nothing where one goes
// meanwhile.
using FileStates = std::set<std::tuple<fs::path, std::uintmax_t, fs::file_time_type>>;
std::optional<FileStates> files_below(const fs::path& folder) {
  FileStates files;
  try {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) {
        files.emplace(entry.path(), entry.file_size(), entry.last_write_time());
      }
    }
  } catch (const fs::filesystem_error&) {
    return std::nullopt;
  }
  return files;
}

// As a kill at one moment leaves it: what a store that runs changes while it is copied would be
// half of two moments.
void copy_at_rest(const fs::path& folder, const fs::path& image) {
  for (;;) {
    fs::remove_all(image);
    const auto before = files_below(folder);
    std::error_code error;
    fs::copy(folder, image, fs::copy_options::recursive, error);
    if (!error && before && before == files_below(folder)) return;
  }
}

// Blobs come, go, come again and are moved, and now and then the server is killed: the check sees
// what the next start will.
TEST_F(StoreCheck, SeesWhatTheNextStartSees) {
  std::mt19937_64 random(1);
  TemporaryFolder images;
  for (int round = 0; round < 8; ++round) {
    auto store = open(16 * 1024);
    for (int i = 0; i < 150; ++i) {
      const std::uint64_t seed = random() % 120;
      const Bytes bytes = make_bytes(seed == 7 ? 200'000 : seed * 20, seed);
      if (random() % 3) {
        add(*store, bytes);
      } else {
        run(remove(*store, independent_digest(bytes)));
      }
    }
    const fs::path image = images.path() / std::to_string(round);
    const bool is_killed = round % 2;
    if (!is_killed) store.reset();
    if (is_killed) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    copy_at_rest(folder_.path(), image);
    const Findings findings = check(image);
    EXPECT_TRUE(findings.damages.empty()) << findings.damages.front();
    store = open_local_store({.root = image, .clock = clock_, .reclaim = false});
    const auto listed = run(list_all(*store, 50));
    ASSERT_EQ(findings.blobs.size(), listed.size()) << round;
    for (std::size_t i = 0; i < listed.size(); ++i) {
      EXPECT_EQ(findings.blobs[i].digest, listed[i].info.digest);
      EXPECT_EQ(findings.blobs[i].size, listed[i].info.size);
      EXPECT_TRUE(findings.blobs[i].is_sound);
    }
  }
}

TEST_F(StoreCheck, TellsOfAnIndexThatHidesARecordOrSaysOtherwise) {
  const Bytes hidden = make_bytes(1'000, 1);
  const Bytes other = make_bytes(2'000, 2);
  {
    const auto store = open();
    add(*store, hidden);
    add(*store, other);
  }
  const fs::path file = files(".idx").at(0);
  SegmentIndex index = *decode_segment_index(content_of(file));
  std::erase_if(index.entries, [&](const SegmentIndex::Entry& entry) {
    return entry.record.digest == independent_digest(hidden);
  });
  index.entries.at(0).record.value += 1;
  const Bytes bytes = encode(index);
  fs::resize_file(file, 0);
  add_to_end(file, bytes);
  const Findings findings = check();
  ASSERT_EQ(findings.damages.size(), 2u);
  EXPECT_NE(findings.damages[0].find("does not tell"), std::string::npos);
  EXPECT_NE(findings.damages[1].find("tells otherwise"), std::string::npos);
  ASSERT_EQ(findings.blobs.size(), 1u) << "what the server would not find is not found";
  EXPECT_EQ(findings.blobs[0].digest, independent_digest(other));
}

// Damage is told from what a crash left by what follows it.
TEST_F(StoreCheck, OnlyTheEndOfASegmentCanBeACrashs) {
  {
    const auto store = open();
    for (std::uint64_t i = 0; i < 3; ++i) add(*store, make_bytes(1'000, i));
  }
  remove_indexes();
  const fs::path segment = files(".seg").at(0);
  add_to_end(segment, make_bytes(777, 9));
  EXPECT_TRUE(check().damages.empty());
  EXPECT_EQ(check().notes.size(), 1u);
  flip(segment, position_of(segment, make_bytes(1'000, 2)));
  Findings findings = check();
  EXPECT_TRUE(findings.damages.empty());
  EXPECT_EQ(findings.blobs.size(), 2u);
  flip(segment, position_of(segment, make_bytes(1'000, 0)));
  findings = check();
  EXPECT_EQ(findings.damages.size(), 1u);
  EXPECT_EQ(findings.blobs.size(), 1u);
}

// The power went when a page of a write had reached the disk, and one before it had not.
TEST_F(StoreCheck, WhatAStartPassedOverIsNoDamage) {
  for (const bool has_header : {false, true}) {
    TemporaryFolder place;
    const LocalOptions where{.root = place.path(), .clock = clock_, .reclaim = false};
    const Bytes lost = make_bytes(9'000, 1);
    {
      const auto store = open_local_store(where);
      add(*store, make_bytes(1'000, 0));
      add(*store, lost);
      add(*store, make_bytes(1'000, 2));
    }
    const fs::path segment = place.path() / segment_name(1);
    fs::remove(place.path() / segment_index_name(1));
    const auto at = position_of(segment, lost);
    {
      std::fstream file(segment, std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(static_cast<std::streamoff>(has_header ? at : at - kHeaderBytes));
      const std::vector<char> zeros(4'096);
      file.write(zeros.data(), static_cast<std::streamsize>(zeros.size()));
    }
    EXPECT_FALSE(check(place.path()).damages.empty()) << "only a start can tell";
    open_local_store(where).reset();
    const Findings findings = check(place.path());
    EXPECT_TRUE(findings.damages.empty()) << findings.damages.front();
    ASSERT_EQ(findings.notes.size(), 1u) << "where it was is told";
    EXPECT_NE(findings.notes[0].find("passes over"), std::string::npos);
    EXPECT_EQ(findings.blobs.size(), 2u);

    // What the index lists has to be there all the same.
    flip(segment, position_of(segment, make_bytes(1'000, 2)) - kHeaderBytes);
    EXPECT_EQ(check(place.path()).damages.size(), 1u);
    flip(segment, position_of(segment, make_bytes(1'000, 0)));
    EXPECT_EQ(check(place.path()).damages.size(), 2u);
  }
}

// A file from before there were segments, beside a record of the same name: both are read.
TEST_F(StoreCheck, ReadsBothOfTwoThatHaveOneName) {
  const Bytes bytes = make_bytes(700, 1);
  const Sha256Digest digest = add(*open(), bytes);
  const fs::path file = folder_.path() / blob_name(digest);
  fs::create_directories(file.parent_path());
  add_to_end(file, bytes);
  EXPECT_TRUE(check().damages.empty());
  ASSERT_EQ(check().blobs.size(), 1u);
  flip(file, 5);
  const Findings findings = check();
  EXPECT_EQ(findings.damages.size(), 1u);
  ASSERT_EQ(findings.blobs.size(), 1u);
  EXPECT_TRUE(findings.blobs[0].is_sound) << "the store answers with the record";
}

// A disk that cannot read everything: the check goes on with the rest, and takes nothing that it
// did not read for sound.
TEST_F(StoreCheck, GoesOnBehindWhatCannotBeRead) {
  class Disk final : public WatchedDisk {
   public:
    using WatchedDisk::WatchedDisk;
    OpenFile open(const std::string& name) override {
      OpenFile file = WatchedDisk::open(name);
      if (name == segment_name(1) || file.fd() == bad_) {
        bad_ = name == segment_name(1) ? file.fd() : -1;
      }
      return file;
    }
    void read(const OpenFile& file, ByteSpan into, std::uint64_t offset) override {
      if (file.fd() == bad_ && into.size() > kHeaderBytes) throw Error("the test's disk fails");
      WatchedDisk::read(file, into, offset);
    }

   private:
    void before(const char*) override {}
    int bad_ = -1;
  };
  {
    const auto store = open(4 * 1024);
    for (std::uint64_t i = 0; i < 10; ++i) add(*store, make_bytes(1'000, i));
    add(*store, make_bytes(200'000, 100));
  }
  Findings findings;
  Disk disk(folder_.path());
  check_local_store(disk, findings);
  ASSERT_EQ(findings.damages.size(), 1u);
  EXPECT_NE(findings.damages[0].find("disk fails"), std::string::npos);
  EXPECT_EQ(findings.blobs.size(), 11u);
  const auto unsound = std::ranges::count(findings.blobs, false, &CheckedBlob::is_sound);
  EXPECT_EQ(unsound, 4);
}

}  // namespace
}  // namespace coffer::blobs::test
