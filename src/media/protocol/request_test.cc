#include "media/protocol/request.h"

#include <gtest/gtest.h>

namespace coffer::media {
namespace {

TEST(Request, ComesBackAsItWas) {
  Request request;
  request.job = Job::kRender;
  request.fit = Fit::kCover;
  request.format = PictureFormat::kAvif;
  request.quality = 55;
  request.width = 100;
  request.height = kMaxPictureEdge;
  request.offset = 1ull << 40;
  request.length = 12345;
  request.max_pixels = 7;
  request.patience_millis = 50;
  EXPECT_EQ(decode_request(encode(request)), request);
}

TEST(Request, OutOfRangeIsRefused) {
  const auto refuses = [](auto change) {
    Request request;
    change(request);
    return !decode_request(encode(request));
  };
  EXPECT_FALSE(refuses([](Request&) {}));
  EXPECT_TRUE(refuses([](Request& r) { r.width = 0; }));
  EXPECT_TRUE(refuses([](Request& r) { r.height = kMaxPictureEdge + 1; }));
  EXPECT_TRUE(refuses([](Request& r) { r.quality = 101; }));
  EXPECT_TRUE(refuses([](Request& r) { r.job = static_cast<Job>(0); }));
  EXPECT_TRUE(refuses([](Request& r) { r.format = static_cast<PictureFormat>(9); }));
  EXPECT_TRUE(refuses([](Request& r) {
    r.offset = 1;
    r.length = ~0ull;
  }));
  EXPECT_TRUE(refuses([](Request& r) { r.max_picture_bytes = kMaxPictureBytes + 1; }));
  EXPECT_TRUE(refuses([](Request& r) { r.patience_millis = 0; }));
  EXPECT_TRUE(refuses([](Request& r) { r.patience_millis = kMaxPatienceMillis + 1; }));
}

TEST(Request, AFileThatIsMadeSmallerMayBeLarge) {
  Request request;
  request.job = Job::kOptimize;
  request.width = request.height = kMaxOptimizedEdge;
  EXPECT_EQ(decode_request(encode(request)), request);
  ++request.height;
  EXPECT_FALSE(decode_request(encode(request)));
}

TEST(Request, AnotherVersionOrLengthIsRefused) {
  auto bytes = encode(Request{});
  EXPECT_FALSE(decode_request(ByteView(bytes).first(kRequestBytes - 1)));
  bytes[4] = std::byte{9};
  EXPECT_FALSE(decode_request(bytes));
}

TEST(Hello, ComesBackAsItWas) {
  const Hello hello{kSyscallFilter | kLandlock, kConnected};
  EXPECT_EQ(decode_hello(encode(hello)), hello);
  EXPECT_FALSE(decode_hello(encode(Hello{1u << 30, 0})));
  EXPECT_FALSE(decode_hello(encode(JobEnd{})));
}

TEST(JobEnd, ComesBackAsItWas) {
  const JobEnd end{9, 3, 70'000, 1200};
  EXPECT_EQ(decode_job_end(encode(end)), end);
  EXPECT_FALSE(decode_job_end(encode(Hello{})));
}

}  // namespace
}  // namespace coffer::media
