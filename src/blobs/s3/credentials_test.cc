#include "blobs/s3/credentials.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <string>
#include <vector>

#include "blobs/blob_store.h"
#include "blobs/s3/errors.h"
#include "blobs/test_support.h"

namespace coffer::blobs::s3 {
namespace {

using namespace std::chrono_literals;

class CredentialsFileTest : public testing::Test {
 protected:
  void write(const std::string& text) const { std::ofstream(path_) << text; }
  std::unique_ptr<CredentialSource> open() const {
    return credentials_file(path_, "vault", clock_);
  }

  blobs::test::TemporaryFolder folder_;
  const std::string path_ = (folder_.path() / "credentials").string();
  mutable ManualClock clock_{from_micros(1'700'000'000'000'000)};
};

TEST_F(CredentialsFileTest, ReadsItsSection) {
  write(
      "# of a test\n[default]\naws_access_key_id = other\naws_secret_access_key = other\n"
      "[ vault ]\r\n  aws_access_key_id=key\r\n\taws_secret_access_key = se=cr/et+ \n"
      "aws_session_token = token\nregion = nowhere\n[last]\naws_access_key_id = last\n");
  const Credentials found = open()->current();
  EXPECT_EQ(found.access_key, "key");
  EXPECT_EQ(found.secret_key, "se=cr/et+");
  EXPECT_EQ(found.session_token, "token");
}

TEST_F(CredentialsFileTest, AFileWithoutBothKeysIsAnErrorAtFirst) {
  EXPECT_THROW(open(), Error);
  write("[default]\naws_access_key_id = a\naws_secret_access_key = b\n");
  EXPECT_THROW(open(), Error);
  write("[vault]\naws_access_key_id = a\n");
  EXPECT_THROW(open(), Error);
}

TEST_F(CredentialsFileTest, IsReadAgain) {
  write("[vault]\naws_access_key_id = a\naws_secret_access_key = b\n");
  const auto source = open();
  write("[vault]\naws_access_key_id = c\naws_secret_access_key = d\n");
  EXPECT_EQ(source->current().access_key, "a") << "not at every request";
  clock_.advance(6s);
  EXPECT_EQ(source->current().access_key, "c");
  write("[vault]\naws_access_key_id = e\naws_secret_access_key = f\n");
  EXPECT_TRUE(source->look_again(source->current()));
  EXPECT_EQ(source->current().access_key, "e");
  EXPECT_FALSE(source->look_again(source->current())) << "they are still the same";
}

TEST_F(CredentialsFileTest, WhatCannotBeReadLeavesTheLastOnes) {
  write("[vault]\naws_access_key_id = a\naws_secret_access_key = b\n");
  const auto source = open();
  write("");
  clock_.advance(6s);
  EXPECT_EQ(source->current().access_key, "a");
}

TEST(ErrorReplyTest, SaysWhatToDo) {
  const auto remedy = [](unsigned status, const std::string& code) {
    return remedy_for(read_error(status, "<Error><Code>" + code + "</Code></Error>"));
  };
  EXPECT_EQ(remedy(503, "SlowDown"), Remedy::kTryLater);
  EXPECT_EQ(remedy(500, ""), Remedy::kTryLater);
  EXPECT_EQ(remedy(429, ""), Remedy::kTryLater);
  EXPECT_EQ(remedy(400, "RequestTimeout"), Remedy::kTryLater);
  EXPECT_EQ(remedy(403, "RequestTimeTooSkewed"), Remedy::kSetClock);
  EXPECT_EQ(remedy(400, "ExpiredToken"), Remedy::kOtherCredentials);
  EXPECT_EQ(remedy(403, "QuotaExceeded"), Remedy::kMakeRoom);
  EXPECT_EQ(remedy(507, "XMinioStorageFull"), Remedy::kMakeRoom);
  EXPECT_EQ(remedy(403, "AccessDenied"), Remedy::kNone);
  EXPECT_EQ(remedy(501, "NotImplemented"), Remedy::kNone);
  EXPECT_EQ(remedy(301, "PermanentRedirect"), Remedy::kNone);
}

TEST(ErrorReplyTest, ReadsAndWritesXml) {
  EXPECT_EQ(xml_text("<A><B>a&lt;b&amp;amp;</B></A>", "B"), "a<b&amp;");
  EXPECT_EQ(xml_text("<A><B>cut", "B"), std::nullopt);
  EXPECT_EQ(xml_elements("<B>1</B><C/><B>2</B>", "B").size(), 2U);
  EXPECT_EQ(xml_escape("\"a\"&<b>'"), "&quot;a&quot;&amp;&lt;b&gt;&apos;");
}

}  // namespace
}  // namespace coffer::blobs::s3
