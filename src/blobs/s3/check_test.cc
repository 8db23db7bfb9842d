#include "blobs/s3/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/executor.h"
#include "blobs/s3/keys.h"
#include "blobs/s3/test_s3_double.h"
#include "blobs/s3/test_s3_faults.h"
#include "blobs/test_support.h"

namespace coffer::blobs::s3 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Findings final : public ObjectVisitor {
 public:
  void missing(const KnownPlace& known) override {
    lines.push_back("missing " + known.digest.hex());
  }
  void damaged(const KnownPlace& known, const std::string& problem) override {
    lines.push_back("damaged " + known.digest.hex() + " " + problem);
  }
  void sound(const KnownPlace&) override { ++sound_objects; }
  void unreferenced(const std::string& key, std::uint64_t size, bool is_removed) override {
    lines.push_back(fmt::format("unreferenced {} {} {}", key, size, is_removed));
  }
  void advanced(std::uint64_t bytes) override { read += bytes; }

  std::vector<std::string> lines;
  int sound_objects = 0;
  std::uint64_t read = 0;
};

class ObjectCheckTest : public testing::Test {
 protected:
  // Begins with `first`.
  static Place place(unsigned first, unsigned last = 0) {
    Bytes bytes(16, std::byte{7});
    bytes.front() = static_cast<std::byte>(first);
    bytes.back() = static_cast<std::byte>(last);
    return Place(bytes);
  }
  static std::string key(const Place& at) { return key_of(at); }

  // A blob whose object is there.
  KnownPlace store(const Place& at, const std::string& bytes,
                   KnownPlace::Kind kind = KnownPlace::Kind::kReferenced) {
    service_.set_object(key(at), bytes);
    known_.push_back(
        {.place = at, .kind = kind, .digest = Sha256::of(as_bytes(bytes)), .size = bytes.size()});
    return known_.back();
  }
  Findings check(bool reads_them, unsigned first = 0, unsigned end = kParts) {
    Findings findings;
    const ObjectCheck options{.first = first, .end = end, .reads_them = reads_them};
    executor_.run(check_objects(client_, options, known_, findings));
    return findings;
  }

  ManualClock clock_{from_micros(1'700'000'000'000'000)};
  test::S3Double service_{clock_};
  http::UpstreamClient http_{{}};
  std::unique_ptr<CredentialSource> credentials_ = fixed_credentials(service_.credentials);
  Client client_{http_,
                 *credentials_,
                 clock_,
                 system_entropy(),
                 {.endpoint = service_.url(),
                  .region = "test-1",
                  .bucket = test::S3Double::kBucket,
                  .deadline = std::chrono::seconds(2),
                  .first_delay = std::chrono::milliseconds(1)}};
  InlineExecutor executor_;
  std::vector<KnownPlace> known_;
};

TEST_F(ObjectCheckTest, FindsNothingWhereAllIsWell) {
  for (unsigned i = 0; i < 20; ++i) store(place(i * 12, i), std::string(i * 9'000, 'x'));
  service_.set_object("elsewhere/a", "of somebody else");
  const Findings by_size = check(false);
  EXPECT_THAT(by_size.lines, IsEmpty());
  EXPECT_EQ(by_size.sound_objects, 20);
  EXPECT_EQ(by_size.read, 0U);
  const Findings by_bytes = check(true);
  EXPECT_THAT(by_bytes.lines, IsEmpty());
  EXPECT_EQ(by_bytes.sound_objects, 20);
  EXPECT_EQ(by_bytes.read, 9'000U * 190);
}

TEST_F(ObjectCheckTest, TellsWhatIsMissingWhereverItStood) {
  const KnownPlace first = store(place(0), "first");
  const KnownPlace middle = store(place(9), "middle");
  store(place(100), "there");
  const KnownPlace last = store(place(255, 255), "last");
  service_.clear();
  service_.set_object(key(place(100)), "there");
  EXPECT_THAT(check(false).lines,
              ElementsAre("missing " + first.digest.hex(), "missing " + middle.digest.hex(),
                          "missing " + last.digest.hex()));
  service_.clear();
  EXPECT_EQ(check(false).lines.size(), 4U) << "of an empty bucket";
}

TEST_F(ObjectCheckTest, TellsOtherSizesAndBytes) {
  const KnownPlace longer = store(place(1), "longer");
  const KnownPlace other = store(place(2), "other");
  service_.set_object(key(longer.place), "longer by far");
  service_.set_object(key(other.place), "OTHER");
  const std::string size =
      "damaged " + longer.digest.hex() + " it has 13 bytes, the database says 6";
  EXPECT_THAT(check(false).lines, ElementsAre(size));
  EXPECT_THAT(check(true).lines,
              ElementsAre(size, "damaged " + other.digest.hex() + " its bytes are damaged"));
}

TEST_F(ObjectCheckTest, TellsWhatNothingRefersTo) {
  store(place(3), "unused", KnownPlace::Kind::kUnused);
  store(place(4), "left", KnownPlace::Kind::kUnclaimed);
  known_.push_back({.place = place(5), .kind = KnownPlace::Kind::kUnclaimed});
  known_.push_back({.place = place(6), .kind = KnownPlace::Kind::kUnused});
  service_.set_object("blobs/!", "?");
  service_.set_object("blobs/zzz", "??");
  EXPECT_THAT(
      check(true).lines,
      ElementsAre("unreferenced blobs/! 1 false", "unreferenced " + key(place(3)) + " 6 true",
                  "unreferenced " + key(place(4)) + " 4 true", "unreferenced blobs/zzz 2 false"));
}

TEST_F(ObjectCheckTest, PartsLeaveNothingOutAndNothingTwice) {
  std::vector<KnownPlace> all;
  for (unsigned part = 0; part < kParts; part += 5) all.push_back(store(place(part), "bytes"));
  service_.set_object("blobs/!", "before all");
  service_.set_object("blobs/zzz", "behind all");
  int sound = 0;
  std::size_t lines = 0;
  for (unsigned first = 0; first < kParts; first += 64) {
    known_.clear();
    for (const KnownPlace& one : all) {
      const auto part = std::to_integer<unsigned>(one.place.bytes().front());
      if (part >= first && part < first + 64) known_.push_back(one);
    }
    const Findings findings = check(false, first, first + 64);
    sound += findings.sound_objects;
    lines += findings.lines.size();
  }
  EXPECT_EQ(sound, static_cast<int>(all.size()));
  EXPECT_EQ(lines, 2U);
}

TEST_F(ObjectCheckTest, PublicObjectsAreLookedForUnderTheirKeys) {
  const auto public_place = [](unsigned first) {
    const Place random = place(first);
    Bytes bytes(random.bytes().begin(), random.bytes().end());
    for (const char c : {'.', 'j', 'p', 'g'}) bytes.push_back(static_cast<std::byte>(c));
    return Place(bytes);
  };
  const KnownPlace sound = store(public_place(1), "picture");
  const KnownPlace longer = store(public_place(2), "longer");
  store(public_place(3), "left", KnownPlace::Kind::kUnclaimed);
  store(place(4), "a blob");
  const KnownPlace lost{.place = public_place(5),
                        .kind = KnownPlace::Kind::kReferenced,
                        .digest = Sha256::of(as_bytes("lost"))};
  known_.push_back(lost);
  service_.set_object(key(longer.place), "longer by far");
  service_.set_object("uploads/of-somebody.jpg", "?");
  EXPECT_TRUE(key(sound.place).starts_with("uploads/01"));
  EXPECT_TRUE(key(sound.place).ends_with(".jpg"));
  EXPECT_EQ(key(sound.place).size(), std::string_view("uploads/.jpg").size() + 32);
  const Findings findings = check(true);
  EXPECT_EQ(findings.sound_objects, 2);
  EXPECT_THAT(
      findings.lines,
      ElementsAre(HasSubstr("damaged " + longer.digest.hex() + " it has 13 bytes"),
                  "unreferenced " + key(public_place(3)) + " 4 true",
                  "missing " + lost.digest.hex(), "unreferenced uploads/of-somebody.jpg 1 false"));
}

TEST_F(ObjectCheckTest, AnObjectThatCannotBeReadIsDamagedAndAServiceThatFailsIsNot) {
  const KnownPlace blob = store(place(1), "bytes");
  service_.fail_next({test::none(), test::answers(403, "AccessDenied")});
  EXPECT_THAT(check(true).lines,
              ElementsAre(HasSubstr("damaged " + blob.digest.hex() + " the S3 service failed")));
  service_.fail_next(
      {test::none(), test::answers(403, "AccessDenied"), test::answers(403, "AccessDenied")});
  EXPECT_THROW(check(true), Error);
  service_.fail_next({test::answers(403, "AccessDenied")});
  EXPECT_THROW(check(false), Error);
}

}  // namespace
}  // namespace coffer::blobs::s3
