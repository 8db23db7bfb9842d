#include "blobs/s3/client.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/executor.h"
#include "blobs/s3/test_s3_double.h"
#include "blobs/s3/test_s3_faults.h"
#include "blobs/test_support.h"

namespace coffer::blobs::s3 {
namespace {

using namespace std::chrono_literals;
using test::answers;
using test::none;
using test::resets;
using test::says;

// May be told other keys.
class TestCredentials final : public CredentialSource {
 public:
  Credentials keys{.access_key = "key", .secret_key = "secret", .session_token = {}};
  std::optional<Credentials> next;

  Credentials current() override { return keys; }
  bool look_again(const Credentials& refused) override {
    if (next) keys = *next;
    return keys != refused;
  }
};

class S3ClientTest : public testing::Test {
 protected:
  ClientOptions options() const {
    return {.endpoint = service_.url(),
            .region = "test-1",
            .bucket = test::S3Double::kBucket,
            .deadline = 20s,
            .first_delay = 1ms};
  }
  template <class T>
  T run(Task<T> task) {
    return executor_.run(std::move(task));
  }
  static Task<std::string> read_all(std::unique_ptr<Download> download) {
    std::string text;
    std::vector<std::byte> into(10'000);
    for (;;) {
      const std::size_t count = co_await download->read(into);
      if (count == 0) co_return text;
      text += as_text(ByteView(into).first(count));
    }
  }
  std::string get(const std::string& key, std::uint64_t offset, std::uint64_t size) {
    return run(read_all(client_.get(key, offset, size)));
  }
  // What `task` throws.
  template <class T>
  std::string failure_of(Task<T> task) {
    try {
      run(std::move(task));
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  std::size_t requests() { return service_.requests().size(); }

  InlineExecutor executor_;
  ManualClock clock_{from_micros(1'700'000'000'000'000)};
  test::S3Double service_{clock_};
  TestCredentials credentials_;
  http::UpstreamClient http_{{}};
  Client client_{http_, credentials_, clock_, system_entropy(), options()};
};

TEST_F(S3ClientTest, StoresReadsAndRemoves) {
  const std::string bytes(as_text(blobs::test::make_bytes(300'000, 1)));
  http::Headers fields;
  fields.add("Cache-Control", "max-age=86400");
  EXPECT_FALSE(run(client_.put("a/ü b+c", payload_of(bytes), fields)).empty());
  EXPECT_EQ(service_.objects().at("a/ü b+c"), bytes);
  EXPECT_EQ(service_.requests().back().headers.at("cache-control"), "max-age=86400");
  EXPECT_EQ(run(client_.size("a/ü b+c")), bytes.size());
  EXPECT_EQ(get("a/ü b+c", 0, bytes.size()), bytes);
  EXPECT_EQ(get("a/ü b+c", 299'000, 1'000), bytes.substr(299'000));
  EXPECT_EQ(get("a/ü b+c", 5, 0), "");
  run(client_.remove("a/ü b+c"));
  run(client_.remove("a/ü b+c"));
  EXPECT_EQ(run(client_.size("a/ü b+c")), std::nullopt);
  EXPECT_NE(failure_of(read_all(client_.get("a/ü b+c", 0, 1))).find("NoSuchKey"),
            std::string::npos);
  EXPECT_EQ(client_.counts().retries, 0U);
}

TEST_F(S3ClientTest, StoresNothingAsWell) {
  run(client_.put("empty", payload_of("")));
  EXPECT_EQ(service_.objects().at("empty"), "");
  EXPECT_EQ(run(client_.size("empty")), 0U);
}

TEST_F(S3ClientTest, CopiesInsideTheService) {
  run(client_.put("a/ü b+c", payload_of("bytes")));
  http::Headers fields;
  fields.add("content-type", "image/jpeg");
  fields.add("x-amz-acl", "public-read");
  // Busy, then a failure that came behind the status, then as it should be.
  service_.fail_next({answers(503, "SlowDown"), resets(), answers(200, "InternalError"), none()});
  run(client_.copy("a/ü b+c", "copy", 5, fields));
  EXPECT_EQ(service_.objects().at("copy"), "bytes");
  const auto sent = service_.requests().back().headers;
  EXPECT_EQ(sent.at("x-amz-copy-source"), "/vault/a/%C3%BC%20b%2Bc");
  EXPECT_EQ(sent.at("x-amz-metadata-directive"), "REPLACE");
  EXPECT_EQ(sent.at("content-type"), "image/jpeg");
  EXPECT_EQ(sent.at("x-amz-acl"), "public-read");
  EXPECT_EQ(sent.at("content-length"), "0");

  service_.fail_next({answers(400, "AccessControlListNotSupported")});
  EXPECT_NE(failure_of(client_.copy("a/ü b+c", "other", 5, fields)).find("NotSupported"),
            std::string::npos);
  EXPECT_NE(failure_of(client_.copy("nothing", "other", 5, fields)).find("NoSuchKey"),
            std::string::npos);
  EXPECT_FALSE(service_.objects().contains("other"));
}

TEST_F(S3ClientTest, CopiesWhatIsLargeInParts) {
  ClientOptions small = options();
  small.copy_bytes = 100'000;
  Client client(http_, credentials_, clock_, system_entropy(), small);
  const std::string bytes(as_text(blobs::test::make_bytes(250'001, 2)));
  run(client.put("big", payload_of(bytes)));
  http::Headers fields;
  fields.add("cache-control", "max-age=86400");
  service_.fail_next({none(), answers(503, "SlowDown"), none(), answers(200, "InternalError")});
  run(client.copy("big", "copy", bytes.size(), fields));
  EXPECT_EQ(service_.objects().at("copy"), bytes);
  EXPECT_EQ(service_.unfinished_uploads(), 0U);
  const auto requests = service_.requests();
  EXPECT_EQ(requests.at(1).headers.at("cache-control"), "max-age=86400") << "where it begins";
  EXPECT_EQ(requests.at(requests.size() - 2).headers.at("x-amz-copy-source-range"),
            "bytes=200000-250000");
}

TEST_F(S3ClientTest, KnowsWhereEverybodyReads) {
  EXPECT_EQ(client_.url("a/ü.jpg"), service_.url() + "/vault/a/%C3%BC.jpg");
  ClientOptions aws{.endpoint = "https://s3.eu-west-1.amazonaws.com/", .bucket = "files"};
  aws.path_style = false;
  const Client client(http_, credentials_, clock_, system_entropy(), aws);
  EXPECT_EQ(client.url("a.jpg"), "https://files.s3.eu-west-1.amazonaws.com/a.jpg");
}

TEST_F(S3ClientTest, UploadsInParts) {
  const std::string upload = run(client_.begin_upload("big")).id;
  std::vector<UploadedPart> parts;
  for (const std::uint32_t number : {3U, 1U, 2U}) {
    std::string etag = run(client_.put_part("big", upload, number,
                                            payload_of("part " + std::to_string(number) + ";")));
    parts.push_back({.number = number, .etag = std::move(etag)});
  }
  run(client_.complete_upload("big", upload, parts, 21));
  EXPECT_EQ(service_.objects().at("big"), "part 1;part 2;part 3;");
  EXPECT_EQ(service_.unfinished_uploads(), 0U);
}

TEST_F(S3ClientTest, EndsTheUnfinishedUploadsOfAKeyAndOfNoOther) {
  run(client_.begin_upload("a"));
  run(client_.begin_upload("a"));
  run(client_.begin_upload("ab"));
  run(client_.abort_uploads("a"));
  EXPECT_EQ(service_.unfinished_uploads(), 1U);
  run(client_.abort_uploads("a"));
}

TEST_F(S3ClientTest, TriesAgainWhatMayPass) {
  service_.fail_next({answers(503, "SlowDown"), answers(500, "InternalError"), resets(),
                      answers(429, "TooManyRequests"), says(""), says("HTTP/1.1 200 OK\r\n"),
                      answers(400, "RequestTimeout")});
  run(client_.put("a", payload_of("bytes")));
  EXPECT_EQ(service_.objects().at("a"), "bytes");
  // A connection that broke before it was answered is libcurl's to try again, if it was an old one.
  EXPECT_EQ(requests(), 8U);
  EXPECT_GE(client_.counts().retries, 4U);
  EXPECT_EQ(client_.counts().failures, 0U);
}

TEST_F(S3ClientTest, SaysAtOnceWhatCannotPass) {
  service_.fail_next({answers(403, "AccessDenied")});
  EXPECT_NE(failure_of(client_.put("a", payload_of("bytes"))).find("403 AccessDenied"),
            std::string::npos);
  EXPECT_EQ(requests(), 1U);
  EXPECT_EQ(client_.counts().failures, 1U);
}

TEST_F(S3ClientTest, GivesUpAtTheDeadline) {
  ClientOptions hurried = options();
  hurried.deadline = 30ms;
  Client client(http_, credentials_, clock_, system_entropy(), hurried);
  std::vector<test::S3Double::Fault> faults(1'000, answers(503, "SlowDown"));
  service_.fail_next(std::move(faults));
  EXPECT_NE(failure_of(client.put("a", payload_of("bytes"))).find("SlowDown"), std::string::npos);
  EXPECT_LT(requests(), 10U) << "each delay is longer than the one before";
}

TEST_F(S3ClientTest, AnAttemptWhoseAnswerDripsEnds) {
  ClientOptions hurried = options();
  hurried.deadline = 100ms;
  Client client(http_, credentials_, clock_, system_entropy(), hurried);
  service_.fail_next({[](const auto&, const auto& to, bool&) {
    to.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    for (int bytes = 0; bytes < 300; ++bytes) {
      to.send("x");
      std::this_thread::sleep_for(10ms);
    }
    return true;
  }});
  const auto began = std::chrono::steady_clock::now();
  EXPECT_NE(failure_of(client.put("a", payload_of("bytes"))).find("in time"), std::string::npos);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
}

TEST_F(S3ClientTest, AnUploadWhosePartsAreNotThereIsNotCompleted) {
  const std::string upload = run(client_.begin_upload("big")).id;
  run(client_.put_part("big", upload, 1, payload_of("bytes")));
  const std::vector<UploadedPart> two{{.number = 1, .etag = "a"}, {.number = 2, .etag = "b"}};
  EXPECT_NE(failure_of(client_.complete_upload("big", upload, two, 10)).find("other parts"),
            std::string::npos);
  EXPECT_FALSE(service_.objects().contains("big"));
}

// Longer than the call may take: there is no point in waiting.
TEST_F(S3ClientTest, RespectsHowLongItIsAskedToWait) {
  service_.fail_next({answers(503, "SlowDown", "Retry-After: 60\r\n")});
  EXPECT_FALSE(failure_of(client_.put("a", payload_of("bytes"))).empty());
  EXPECT_EQ(requests(), 1U);
}

TEST_F(S3ClientTest, SignsWithTheTimeOfTheService) {
  for (const auto ahead : {2h, -3h}) {
    service_.set_time_ahead(ahead);
    const std::size_t before = requests();
    run(client_.put("a", payload_of("bytes")));
    EXPECT_EQ(requests(), before + 2) << "one to learn it";
    run(client_.size("a"));
    EXPECT_EQ(requests(), before + 3) << "and none later";
  }
}

TEST_F(S3ClientTest, IsNotMisledForLongByRepliesThatAreDatedWrongly) {
  service_.set_dates_ahead(2h);
  const std::string date = "Date: " + to_http_date(clock_.now() + 2h) + "\r\n";
  service_.fail_next({answers(403, "RequestTimeTooSkewed", date)});
  run(client_.put("a", payload_of("bytes")));
  EXPECT_EQ(requests(), 3U) << "with that date, and with its own again";
  run(client_.size("a"));
  EXPECT_EQ(requests(), 4U);
}

TEST_F(S3ClientTest, LearnsTheTimeFromTheAnswerToAHead) {
  run(client_.put("a", payload_of("bytes")));
  service_.set_time_ahead(2h);
  service_.fail_next({[&](const auto&, const auto& to, bool& keep) {
    to.send("HTTP/1.1 403 Forbidden\r\nDate: " + to_http_date(clock_.now() + 2h) +
            "\r\nContent-Length: 0\r\n\r\n");
    return keep = true;
  }});
  EXPECT_EQ(run(client_.size("a")), 5U);
}

TEST_F(S3ClientTest, TakesNewCredentialsWhereTheOldOnesAreRefused) {
  credentials_.keys.secret_key = "another";
  EXPECT_NE(failure_of(client_.put("a", payload_of("b"))).find("SignatureDoesNotMatch"),
            std::string::npos);
  credentials_.next = service_.credentials;
  run(client_.put("a", payload_of("b")));
  EXPECT_EQ(service_.objects().at("a"), "b");
}

TEST_F(S3ClientTest, SendsTheTokenOfTemporaryCredentials) {
  credentials_.keys.session_token = "token";
  run(client_.put("a", payload_of("b")));
  EXPECT_EQ(service_.requests().back().headers.at("x-amz-security-token"), "token");
}

TEST_F(S3ClientTest, GoesOnWithADownloadWhereItBroke) {
  const std::string bytes(as_text(blobs::test::make_bytes(200'000, 2)));
  service_.set_object("a", bytes);
  const auto breaks_after = [&](std::size_t from, std::size_t count, bool by_reset) {
    return [=, &bytes](const auto& request, const auto& to, bool&) {
      EXPECT_EQ(request.headers.at("range"), "bytes=" + std::to_string(from) + "-199999");
      to.send("HTTP/1.1 206 Partial\r\nETag: \"" + Sha256::of(as_bytes(bytes)).hex().substr(0, 32) +
              "\"\r\nContent-Range: bytes " + std::to_string(from) +
              "-199999/200000\r\nContent-Length: " + std::to_string(200'000 - from) + "\r\n\r\n" +
              bytes.substr(from, count));
      // What was sent is to arrive before the reset.
      if (by_reset) std::this_thread::sleep_for(20ms);
      if (by_reset) to.reset();
      return true;
    };
  };
  service_.fail_next({breaks_after(0, 70'000, false), answers(503, "SlowDown")});
  EXPECT_EQ(get("a", 0, bytes.size()), bytes);
  EXPECT_EQ(service_.requests().back().headers.at("range"), "bytes=70000-199999");
  EXPECT_TRUE(service_.requests().back().headers.contains("if-match"));
  service_.fail_next({breaks_after(0, 0, false), breaks_after(0, 5, true)});
  EXPECT_EQ(get("a", 0, bytes.size()), bytes);
}

TEST_F(S3ClientTest, NoticesAnObjectThatIsNotWhatItWas) {
  const std::string bytes(1'000, 'a');
  service_.set_object("a", bytes);
  service_.fail_next(
      {says("HTTP/1.1 206 Partial\r\nETag: \"other\"\r\nContent-Range: bytes "
            "0-999/1000\r\nContent-Length: 1000\r\n\r\nabc")});
  EXPECT_NE(failure_of(read_all(client_.get("a", 0, 1'000))).find("PreconditionFailed"),
            std::string::npos);
  service_.fail_next(
      {says("HTTP/1.1 206 Partial\r\nETag: \"x\"\r\nContent-Range: bytes "
            "1-999/1000\r\nContent-Length: 999\r\n\r\nabc")});
  EXPECT_NE(failure_of(read_all(client_.get("a", 0, 1'000))).find("another range"),
            std::string::npos);
}

TEST_F(S3ClientTest, AnUploadWhoseCompletionWasNotHeardOfIsComplete) {
  const std::string upload = run(client_.begin_upload("big")).id;
  std::vector<UploadedPart> parts(1);
  parts[0].number = 1;
  parts[0].etag = run(client_.put_part("big", upload, 1, payload_of("bytes")));
  service_.fail_next({[&](const auto&, const auto& to, bool&) {
    service_.set_object_unlocked("big", "bytes");
    service_.forget_uploads_unlocked();
    to.reset();
    return true;
  }});
  run(client_.complete_upload("big", upload, parts, 5));
  const std::string other = run(client_.begin_upload("other")).id;
  service_.fail_next({answers(200, "InternalError"), answers(404, "NoSuchUpload")});
  EXPECT_NE(failure_of(client_.complete_upload("other", other, parts, 5)).find("NoSuchUpload"),
            std::string::npos)
      << "the object is not there";
}

TEST_F(S3ClientTest, PutsTheBucketIntoTheHostWhereThatIsWanted) {
  ClientOptions hosted = options();
  hosted.path_style = false;
  hosted.bucket = "127";
  hosted.endpoint = "http://0.0.1:" + service_.url().substr(service_.url().rfind(':') + 1);
  Client client(http_, credentials_, clock_, system_entropy(), hosted);
  // The double looks for its bucket in the path.
  EXPECT_NE(failure_of(client.put("vault/a", payload_of("b"))), "x");
  EXPECT_EQ(service_.requests().back().target, "/vault/a");
  EXPECT_TRUE(service_.requests().back().headers.at("host").starts_with("127.0.0.1:"));
  EXPECT_EQ(service_.objects().at("a"), "b");
}

TEST_F(S3ClientTest, RefusesAnEndpointThatIsNone) {
  ClientOptions wrong = options();
  wrong.endpoint = "example.org";
  EXPECT_THROW(Client(http_, credentials_, clock_, system_entropy(), wrong), Error);
}

TEST_F(S3ClientTest, MayBeGivenUpWhileItWaits) {
  const auto fetch = [&]() -> blobs::test::Held {
    co_await client_.put("a", payload_of("bytes"));
    co_await read_all(client_.get("a", 0, 5));
  };
  const Executor::Scope scope(executor_);
  for (int i = 0; i < 20; ++i) {
    service_.fail_next({answers(503, "SlowDown"), none(), resets()});
    blobs::test::Held held = fetch();
    std::this_thread::sleep_for(std::chrono::milliseconds(i % 5));
    run(http_.sleep(1ms));
  }
  run(client_.put("b", payload_of("bytes")));
  EXPECT_EQ(get("b", 0, 5), "bytes");
}

}  // namespace
}  // namespace coffer::blobs::s3
