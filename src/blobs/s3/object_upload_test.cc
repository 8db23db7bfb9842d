#include "blobs/s3/object_upload.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "blobs/s3/test_s3_double.h"
#include "blobs/s3/test_s3_faults.h"
#include "blobs/test_support.h"

namespace coffer::blobs::s3 {
namespace {

using namespace std::chrono_literals;
using test::answers;
using test::none;
using test::resets;

constexpr std::size_t kPart = 10'000;

class ObjectUploadTest : public testing::Test {
 protected:
  static ClientOptions options(const std::string& endpoint) {
    ClientOptions options;
    options.endpoint = endpoint;
    options.region = "test-1";
    options.bucket = test::S3Double::kBucket;
    options.first_delay = 1ms;
    options.deadline = 20s;
    return options;
  }
  template <class T>
  T run(Task<T> task) {
    return executor_.run(std::move(task));
  }
  static Task<void> upload(UploadContext& context, std::string key, Bytes bytes,
                           std::size_t portion) {
    ObjectUpload upload(context, std::move(key));
    const auto kept = std::make_shared<const Bytes>(std::move(bytes));
    for (ByteView rest(*kept); !rest.empty();) {
      const std::size_t count = std::min(portion, rest.size());
      co_await upload.append(kept, rest.first(count));
      rest = rest.subspan(count);
    }
    EXPECT_EQ(upload.size(), kept->size());
    co_await upload.finish();
  }
  std::string stored(const std::string& key) { return service_.objects().at(key); }
  // The background has nothing left to do.
  bool settles() {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (service_.unfinished_uploads() > 0) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }

  blobs::test::TemporaryFolder folder_;
  InlineExecutor executor_;
  ManualClock clock_{from_micros(1'700'000'000'000'000)};
  test::S3Double service_{clock_};
  std::unique_ptr<CredentialSource> credentials_ = fixed_credentials(service_.credentials);
  http::UpstreamClient http_{{}};
  Client client_{http_, *credentials_, clock_, system_entropy(), options(service_.url())};
  ThreadPool io_{"io", 2};
  Background background_;
  UploadContext context_{.client = client_,
                         .background = background_,
                         .io = io_,
                         .folder = folder_.path().string(),
                         .part_bytes = kPart,
                         .max_parallel = 4};
};

TEST_F(ObjectUploadTest, StoresObjectsOfAnySize) {
  for (const std::size_t size :
       {0uz, 1uz, kPart - 1, kPart, kPart + 1, 2 * kPart, 17 * kPart + 5}) {
    for (const std::size_t portion : {3'333uz, kPart, 25'000uz}) {
      const Bytes bytes = blobs::test::make_bytes(size, size + portion);
      run(upload(context_, "a", bytes, portion));
      EXPECT_EQ(stored("a"), as_text(bytes)) << size << ' ' << portion;
    }
  }
  EXPECT_EQ(service_.unfinished_uploads(), 0U);
  EXPECT_EQ(blobs::test::count_entries(folder_.path()), 0U) << "scratch files have no names";
}

TEST_F(ObjectUploadTest, ASmallOneIsOneRequest) {
  run(upload(context_, "a", blobs::test::make_bytes(kPart - 1, 1), 3'000));
  EXPECT_EQ(service_.requests().size(), 1U);
}

TEST_F(ObjectUploadTest, SendsPartsAgainThatFailed) {
  service_.fail_next({answers(503, "SlowDown"), none(), resets(), answers(500, "InternalError"),
                      none(), none(), resets(), none()});
  const Bytes bytes = blobs::test::make_bytes(8 * kPart, 2);
  run(upload(context_, "a", bytes, 4'000));
  EXPECT_EQ(stored("a"), as_text(bytes));
}

TEST_F(ObjectUploadTest, APartThatIsRefusedEndsTheUploadAndLeavesNothing) {
  service_.fail_next({none(), none(), answers(403, "AccessDenied")});
  EXPECT_THROW(run(upload(context_, "a", blobs::test::make_bytes(40 * kPart, 3), 4'000)), Error);
  EXPECT_TRUE(settles());
  EXPECT_TRUE(service_.objects().empty());
}

TEST_F(ObjectUploadTest, ACompletionThatIsRefusedLeavesNothing) {
  service_.fail_next({none(), none(), none(), answers(400, "EntityTooSmall")});
  EXPECT_THROW(run(upload(context_, "a", blobs::test::make_bytes(2 * kPart, 3), kPart)), Error);
  EXPECT_TRUE(settles());
  EXPECT_TRUE(service_.objects().empty());
}

TEST_F(ObjectUploadTest, TakesMoreWhileTheLastIsWritten) {
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  for (int thread = 0; thread < 2; ++thread) io_.post([released] { released.wait(); });
  const auto bytes = std::make_shared<const Bytes>(blobs::test::make_bytes(2'000, 5));
  const auto take_and_finish = [&](ObjectUpload& upload) -> Task<void> {
    upload.submit(bytes, ByteView(*bytes).first(1'000));
    co_await upload.settle();
    EXPECT_TRUE(upload.is_writing());
    upload.submit(bytes, ByteView(*bytes).subspan(1'000));
    const std::jthread later([&] {
      std::this_thread::sleep_for(20ms);
      release.set_value();
    });
    co_await upload.settle();
    EXPECT_EQ(released.wait_for(0s), std::future_status::ready) << "two are too many";
    co_await upload.written();
    EXPECT_FALSE(upload.is_writing());
    EXPECT_EQ(bytes.use_count(), 1);
    co_await upload.finish();
  };
  {
    ObjectUpload upload(context_, "a");
    run(take_and_finish(upload));
  }
  EXPECT_EQ(stored("a"), as_text(*bytes));
}

TEST_F(ObjectUploadTest, PartsWhoseETagsWereNotToldOrWrongAreFound) {
  const Bytes bytes = blobs::test::make_bytes(7 * kPart + 1, 6);
  service_.lie_about_parts({"\"0123456789abcdef0123456789abcdef\""});
  run(upload(context_, "wrong", bytes, kPart));
  EXPECT_EQ(stored("wrong"), as_text(bytes));
  service_.lie_about_parts({"", ""});
  run(upload(context_, "none", bytes, kPart));
  EXPECT_EQ(stored("none"), as_text(bytes));
  EXPECT_EQ(service_.unfinished_uploads(), 0U);
}

TEST_F(ObjectUploadTest, MayBeDestroyedWhereverItWaits) {
  const auto begin = [&](std::uint64_t seed) -> blobs::test::Held {
    co_await upload(context_, "a" + std::to_string(seed), blobs::test::make_bytes(30 * kPart, seed),
                    4'000);
  };
  const Executor::Scope scope(executor_);
  for (std::uint64_t i = 0; i < 30; ++i) {
    blobs::test::Held held = begin(i);
    // What it waits for comes on this thread.
    for (std::uint64_t turn = 0; turn < i; ++turn) run(http_.sleep(1ms));
  }
  EXPECT_TRUE(settles());
  const Bytes bytes = blobs::test::make_bytes(3 * kPart, 99);
  run(upload(context_, "last", bytes, 4'000));
  EXPECT_EQ(stored("last"), as_text(bytes));
}

TEST_F(ObjectUploadTest, AFolderThatIsNotThereIsAnError) {
  context_.folder = "/nowhere";
  EXPECT_THROW(run(upload(context_, "a", blobs::test::make_bytes(10, 1), 10)), Error);
}

}  // namespace
}  // namespace coffer::blobs::s3
