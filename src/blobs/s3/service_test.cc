// The client with a real S3 service, which tests/api/test_s3_service.py starts.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/ids.h"
#include "blobs/s3/client.h"
#include "blobs/s3/object_upload.h"
#include "blobs/s3/test_service.h"
#include "blobs/test_support.h"

namespace coffer::blobs::s3 {
namespace {

using test::service_credentials;
using test::service_variable;

// Its time is an hour behind.
class LateClock final : public Clock {
 public:
  Time now() const override { return system_clock().now() - std::chrono::hours(1); }
};

class S3Service : public testing::Test {
 protected:
  void SetUp() override {
    if (endpoint_.empty()) GTEST_SKIP() << "COFFER_TEST_S3 names no service";
    Client bucket = client("");
    // Made by the first test.
    run(bucket.put("", payload_of("")));
  }

  Client client(const std::string& prefix, const Clock& clock = system_clock()) {
    ClientOptions options;
    options.endpoint = endpoint_;
    options.bucket = "coffer-tests" + prefix;
    return {http_, *credentials_, clock, system_entropy(), options};
  }
  template <class T>
  T run(Task<T> task) {
    return executor_.run(std::move(task));
  }
  static Task<std::string> read_all(std::unique_ptr<Download> download) {
    std::string text;
    std::vector<std::byte> into(100'000);
    for (;;) {
      const std::size_t count = co_await download->read(into);
      if (count == 0) co_return text;
      text += as_text(ByteView(into).first(count));
    }
  }
  static std::string make_text(std::size_t size, std::uint64_t seed) {
    return std::string(as_text(blobs::test::make_bytes(size, seed)));
  }

  const std::string endpoint_ = test::service_endpoint();
  InlineExecutor executor_;
  http::UpstreamClient http_{{}};
  std::unique_ptr<CredentialSource> credentials_ = fixed_credentials(service_credentials());
};

TEST_F(S3Service, StoresReadsAndRemoves) {
  Client bucket = client("");
  const std::string bytes = make_text(3'000'000, 1);
  http::Headers fields;
  fields.add("cache-control", "max-age=86400");
  const std::string key = "folder/a b+c&ü.bin";
  EXPECT_FALSE(run(bucket.put(key, payload_of(bytes), fields)).empty());
  EXPECT_EQ(run(bucket.size(key)), bytes.size());
  EXPECT_EQ(run(read_all(bucket.get(key, 0, bytes.size()))), bytes);
  EXPECT_EQ(run(read_all(bucket.get(key, 2'999'990, 10))), bytes.substr(2'999'990));
  run(bucket.put("empty", payload_of("")));
  EXPECT_EQ(run(bucket.size("empty")), 0U);
  run(bucket.remove(key));
  run(bucket.remove(key));
  EXPECT_EQ(run(bucket.size(key)), std::nullopt);
  EXPECT_EQ(bucket.counts().retries, 0U);
  EXPECT_EQ(bucket.counts().failures, 0U);
}

TEST_F(S3Service, Copies) {
  ClientOptions small;
  small.endpoint = endpoint_;
  small.bucket = "coffer-tests";
  small.copy_bytes = std::uint64_t{5} << 20U;
  Client bucket(http_, *credentials_, system_clock(), system_entropy(), small);
  for (const std::size_t size : {0uz, 100uz, 12'000'000uz}) {
    const std::string bytes = make_text(size, 6);
    run(bucket.put("a b+c&ü.bin", payload_of(bytes)));
    http::Headers fields;
    fields.add("content-type", "image/jpeg");
    fields.add("x-amz-acl", "public-read");
    run(bucket.copy("a b+c&ü.bin", "copy.jpg", size, fields));
    run(bucket.remove("a b+c&ü.bin"));
    EXPECT_EQ(run(read_all(bucket.get("copy.jpg", 0, size))), bytes) << "it has bytes of its own";
    const auto read_by_anybody = [&]() -> Task<std::string> {
      http::UpstreamRequest get{.method = "GET", .url = bucket.url("copy.jpg")};
      const auto reply = co_await http_.send(std::move(get));
      EXPECT_EQ(reply->status(), 200U);
      EXPECT_EQ(reply->headers().get("content-type"), "image/jpeg");
      co_return co_await reply->read_text(size + 1);
    };
    EXPECT_EQ(run(read_by_anybody()), bytes);
  }
  EXPECT_EQ(bucket.counts().failures, 0U);
}

TEST_F(S3Service, UploadsInParts) {
  Client bucket = client("");
  const std::string upload = run(bucket.begin_upload("big")).id;
  std::string all;
  std::vector<UploadedPart> parts;
  for (const std::uint32_t number : {1U, 2U, 3U}) {
    const std::string part = make_text(number == 3 ? 7 : std::size_t{5} << 20U, number);
    all += part;
    std::string etag = run(bucket.put_part("big", upload, number, payload_of(part)));
    parts.push_back({.number = number, .etag = std::move(etag)});
  }
  run(bucket.complete_upload("big", upload, parts, all.size()));
  EXPECT_EQ(run(read_all(bucket.get("big", 0, all.size()))), all);
  // As after an answer that was lost.
  run(bucket.complete_upload("big", upload, parts, all.size()));
}

TEST_F(S3Service, EndsUnfinishedUploads) {
  Client bucket = client("");
  const std::string upload = run(bucket.begin_upload("unfinished")).id;
  run(bucket.put_part("unfinished", upload, 1, payload_of("part")));
  run(bucket.abort_uploads("unfinished"));
  EXPECT_THROW(run(bucket.put_part("unfinished", upload, 2, payload_of("part"))), Error);
}

TEST_F(S3Service, ListsInOrderPageByPage) {
  Client bucket = client("");
  std::vector<std::string> keys;
  for (int i = 0; i < 600; ++i) keys.push_back(fmt::format("listed/{:04}&", i));
  for (const std::string& key : keys) run(bucket.put(key, payload_of(key)));
  std::vector<std::string> found;
  for (bool is_end = false; !is_end;) {
    const ObjectPage page = run(bucket.list("listed/", found.empty() ? "" : found.back()));
    for (const ListedObject& object : page.objects) {
      found.push_back(object.key);
      EXPECT_EQ(object.size, object.key.size());
    }
    is_end = page.is_end;
  }
  EXPECT_EQ(found, keys);
  EXPECT_EQ(run(bucket.list("listed/", "listed/0597&")).objects.size(), 2U);
}

TEST_F(S3Service, CorrectsTheClock) {
  const LateClock late;
  Client bucket = client("", late);
  run(bucket.put("late", payload_of("bytes")));
  EXPECT_EQ(run(bucket.size("late")), 5U);
  EXPECT_EQ(bucket.counts().requests, 3U) << "one of them refused";
}

TEST_F(S3Service, TrustsTheCertificatesThatItIsTold) {
  ClientOptions options;
  options.endpoint = service_variable("COFFER_TEST_S3_TLS");
  options.bucket = "coffer-tests";
  http::UpstreamClient::Options trusting;
  trusting.certificates = service_variable("COFFER_TEST_S3_CERTIFICATE");
  http::UpstreamClient https(trusting);
  Client bucket(https, *credentials_, system_clock(), system_entropy(), options);
  const std::string bytes = make_text(300'000, 4);
  run(bucket.put("tls", payload_of(bytes)));
  EXPECT_EQ(run(read_all(bucket.get("tls", 0, bytes.size()))), bytes);

  Client careful(http_, *credentials_, system_clock(), system_entropy(), options);
  EXPECT_THROW(run(careful.put("tls", payload_of(bytes))), Error);
  EXPECT_EQ(careful.counts().requests, 1U) << "it will not be trusted later";
}

TEST_F(S3Service, UploadsInPartsWhileTheyComeIn) {
  Client bucket = client("");
  ThreadPool io("io", 2);
  Background background;
  const blobs::test::TemporaryFolder folder;
  UploadContext context{
      .client = bucket, .background = background, .io = io, .folder = folder.path().string()};
  const Bytes bytes = blobs::test::make_bytes(std::size_t{27} << 20U, 5);
  const auto upload = [&](std::string key) -> Task<void> {
    const auto kept = std::make_shared<const Bytes>(bytes);
    ObjectUpload object(context, std::move(key));
    for (ByteView rest(*kept); !rest.empty();) {
      const ByteView portion = rest.first(std::min<std::size_t>(rest.size(), 131'072));
      co_await object.append(kept, portion);
      rest = rest.subspan(portion.size());
    }
    co_await object.finish();
  };
  run(upload("streamed"));
  EXPECT_EQ(run(read_all(bucket.get("streamed", 0, bytes.size()))), as_text(bytes));
}

TEST_F(S3Service, ReportsWhatItRefuses) {
  Client nowhere = client("-that-is-not-there");
  EXPECT_THROW(run(nowhere.put("a", payload_of("b"))), Error);
  Credentials changed = service_credentials();
  changed.secret_key = "wrong";
  const auto wrong = fixed_credentials(changed);
  ClientOptions options;
  options.endpoint = endpoint_;
  options.bucket = "coffer-tests";
  Client stranger(http_, *wrong, system_clock(), system_entropy(), options);
  EXPECT_THROW(run(stranger.put("a", payload_of("b"))), Error);
}

}  // namespace
}  // namespace coffer::blobs::s3
