// Pictures in a whole server, made by the test.
#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "server/test/test_server.h"
#include "vault/media/pictures.h"
#include "vault/vault.h"

namespace coffer::apis::mediavault {
namespace {

using boost::json::value;
using server::test::Response;
using server::test::TestServer;
using vault::PictureSpec;

// Makes pictures whose bytes say how they were asked for.
class Maker final : public vault::PictureMaker {
 public:
  ~Maker() override { wait(); }

  std::optional<std::chrono::seconds> begin(const vault::Entry&, const PictureSpec& spec,
                                            Done done) override {
    const std::lock_guard lock(mutex_);
    if (is_full_) return std::chrono::seconds(7);
    specs_.push_back(spec);
    threads_.emplace_back([spec, failure = failure_, done = std::move(done)] {
      if (failure) return done(std::unexpected(*failure));
      const std::string name = spec.name();
      const ByteView bytes = as_bytes(name);
      vault::MadePicture made{.format = spec.format, .width = 64, .height = 48, .bytes = {}};
      made.bytes.assign(bytes.begin(), bytes.end());
      done(std::move(made));
    });
    return std::nullopt;
  }
  std::optional<std::chrono::seconds> optimize(vault::AccountId, std::shared_ptr<const Content>,
                                               std::weak_ptr<const void>, OptimizedDone) override {
    return std::chrono::seconds(7);
  }
  bool withdraw(const Sha256Digest&, const PictureSpec&) override { return false; }

  // Until everything that was begun is done.
  void wait() {
    const std::lock_guard lock(mutex_);
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  void fill(bool is_full) {
    const std::lock_guard lock(mutex_);
    is_full_ = is_full;
  }
  void fail(std::optional<vault::MediaFailure> failure) {
    const std::lock_guard lock(mutex_);
    failure_ = failure;
  }
  std::vector<PictureSpec> specs() {
    wait();
    const std::lock_guard lock(mutex_);
    return specs_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::thread> threads_;
  std::vector<PictureSpec> specs_;
  std::optional<vault::MediaFailure> failure_;
  bool is_full_ = false;
};

std::string text(const value& json) { return std::string(json.as_string()); }

std::string code_of(const Response& reply) { return text(reply.json().at("error").at("code")); }

class MediaPicturesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_.vault().pictures().set_maker(&maker_);
    const auto made = anna_.send_form("/api/v1/media/upload", {{"file", "no picture", "a.jpg"}});
    media_ = made.json().at("data");
    path_ = "/api/v1/media/" + text(media_.at("id"));
    const auto file = anna_.get("/storage/api/v3/files/" + text(media_.at("uuid")) + "/").json();
    token_ = text(file.at("token"));
  }
  void TearDown() override {
    server_.vault().pictures().set_maker(nullptr);
    maker_.wait();
  }

  Maker maker_;
  TestServer server_;
  TestServer::User anna_ = server_.user("anna");
  value media_;
  std::string path_;
  std::string token_;
};

TEST_F(MediaPicturesTest, AThumbnailThatIsNotReadySaysWhenToAskAgain) {
  EXPECT_EQ(text(anna_.get(path_).json().at("data").at("status")), "processing");
  for (const std::string& path : {path_, "/api/v1/media/" + token_}) {
    const auto reply = anna_.get(path + "/thumbnail");
    EXPECT_EQ(reply.status, 404u);
    EXPECT_EQ(code_of(reply), "thumbnail_not_ready");
    EXPECT_EQ(reply.header("Retry-After"), "2");
  }
  const auto page = server_.anyone().get("/s/" + token_ + "/thumbnail");
  EXPECT_EQ(page.status, 404u);
  EXPECT_EQ(page.header("Retry-After"), "2");

  // Where nothing is looked into, nothing is to come.
  server_.vault().pictures().set_maker(nullptr);
  EXPECT_EQ(text(anna_.get(path_).json().at("data").at("status")), "ready");
  const auto never = anna_.get(path_ + "/thumbnail");
  EXPECT_EQ(never.status, 404u);
  EXPECT_EQ(code_of(never), "not_found");
  EXPECT_FALSE(never.header("Retry-After"));
}

TEST_F(MediaPicturesTest, APictureIsMadeOnceAsItIsAskedFor) {
  const std::string query = "/image?w=100&h=70&fit=cover&format=jpeg&q=33";
  const auto first = anna_.get(path_ + query);
  EXPECT_EQ(first.status, 200u) << first.body;
  EXPECT_EQ(first.header("Content-Type"), "image/jpeg");
  EXPECT_EQ(first.header("Cache-Control"), "private, no-cache");
  EXPECT_TRUE(first.header("ETag"));
  EXPECT_EQ(anna_.get(path_ + query).body, first.body);
  ASSERT_EQ(maker_.specs().size(), 1u);
  const PictureSpec wanted{.width = 100,
                           .height = 70,
                           .fit = vault::PictureFit::kCover,
                           .format = vault::PictureFormat::kJpeg,
                           .quality = 33};
  EXPECT_EQ(maker_.specs().front(), wanted);
}

TEST_F(MediaPicturesTest, WithoutCredentialsItIsOneOfAFew) {
  for (const std::string& path : {"/api/v1/media/" + token_, "/s/" + token_}) {
    for (const int edge : {65, 100, 127, 128}) {
      const auto reply =
          server_.anyone().get(path + "/image?w=" + std::to_string(edge) + "&q=" + "51");
      EXPECT_EQ(reply.status, 200u) << reply.body;
    }
  }
  ASSERT_EQ(maker_.specs().size(), 1u);
  EXPECT_EQ(maker_.specs().front().width, 128u);
  EXPECT_EQ(maker_.specs().front().quality, 80u);
}

TEST_F(MediaPicturesTest, ABusyServerSaysSo) {
  maker_.fill(true);
  for (const bool has_maker : {true, false}) {
    if (!has_maker) server_.vault().pictures().set_maker(nullptr);
    const auto reply = anna_.get(path_ + "/image?w=100");
    EXPECT_EQ(reply.status, 503u);
    EXPECT_EQ(code_of(reply), "busy");
    EXPECT_EQ(reply.header("Retry-After"), has_maker ? "7" : "60");
    EXPECT_EQ(server_.anyone().get("/s/" + token_ + "/image?w=100").status, 503u);
  }
}

TEST_F(MediaPicturesTest, WhatHasNothingToSeeIsNotFound) {
  maker_.fail(vault::MediaFailure::kDamaged);
  const auto reply = anna_.get(path_ + "/image?w=100");
  EXPECT_EQ(reply.status, 404u);
  EXPECT_EQ(code_of(reply), "not_found");
  EXPECT_NE(reply.body.find("damaged"), std::string::npos) << reply.body;
}

}  // namespace
}  // namespace coffer::apis::mediavault
