#include "blobs/local/open_blobs.h"

#include <gtest/gtest.h>

#include "blobs/test_support.h"

namespace coffer::blobs::test {
namespace {

constexpr std::size_t kMax = 512;

class NoContent final : public Content {
 public:
  std::uint64_t size() const noexcept override { return 0; }
  Task<Piece> piece(std::uint64_t, std::uint64_t) const override { co_return Bytes(); }
};

std::shared_ptr<const Content> make_content() { return std::make_shared<const NoContent>(); }

// Of one shard: names differ in their first bytes alone.
Sha256Digest name(unsigned number) {
  Sha256Digest digest;
  digest.bytes[0] = static_cast<std::byte>(number >> 8U);
  digest.bytes[1] = static_cast<std::byte>(number & 0xffU);
  return digest;
}

TEST(OpenBlobs, GivesWhatWasKept) {
  OpenBlobs open(kMax);
  const auto content = make_content();
  open.keep(name(1), content, open.find(name(1)).moment);
  EXPECT_EQ(open.find(name(1)).content, content);
  EXPECT_FALSE(open.find(name(2)).content);
}

TEST(OpenBlobs, LetsGoOfWhatWasAskedForLongestAgo) {
  OpenBlobs open(kMax);
  const auto content = make_content();
  constexpr unsigned kShare = kMax / OpenBlobs::kShards;
  for (unsigned i = 0; i < kShare; ++i) open.keep(name(i), content, 0);
  EXPECT_TRUE(open.find(name(0)).content);
  open.keep(name(kShare), content, 0);
  EXPECT_TRUE(open.find(name(0)).content);
  EXPECT_FALSE(open.find(name(1)).content);
  EXPECT_EQ(content.use_count(), kShare + 1);
}

TEST(OpenBlobs, KeepsNothingThatWasOpenedBeforeARemoval) {
  OpenBlobs open(kMax);
  const auto content = make_content();
  const OpenBlobs::Moment moment = open.find(name(1)).moment;
  open.forget(name(1));
  open.keep(name(1), content, moment);
  EXPECT_FALSE(open.find(name(1)).content);
  open.keep(name(1), content, open.find(name(1)).moment);
  open.forget(name(1));
  EXPECT_EQ(content.use_count(), 1);
}

}  // namespace
}  // namespace coffer::blobs::test
