#include "http/digest_fields.h"

#include <gtest/gtest.h>

namespace coffer::http {
namespace {

const Sha256Digest kDigest = Sha256::of(as_bytes("hello world\n"));
const std::string kBase64 = to_base64(kDigest.bytes);
const std::string kField = "sha-256=:" + kBase64 + ":";

TEST(DigestFields, WritesWhatItReads) {
  EXPECT_EQ(digest_field(kDigest), kField);
  const auto read = parse_digest_field(kField);
  ASSERT_TRUE(read && read->sha256);
  EXPECT_EQ(*read->sha256, kDigest);
}

TEST(DigestFields, ReadsDictionaries) {
  const std::string others = "sha-512=:YWJj:;a=1;b, unixsum=:AAE=:";
  for (const std::string& field :
       {others + ", " + kField, kField + "\t,\t" + others, "  " + kField + "  ",
        "sha-256=:YQ==:, " + kField, kField + R"(;a="\"x\\";b=(1))", kField + ";c=?1;d=tok/en",
        kField.substr(0, kField.size() - 2) + ":"}) {
    const auto read = parse_digest_field(field);
    if (field.starts_with("sha-256=:YQ") || field.ends_with("(1)")) {
      // A digest of the wrong length is none, and parameters are no lists.
      EXPECT_FALSE(read) << field;
      continue;
    }
    ASSERT_TRUE(read && read->sha256) << field;
    EXPECT_EQ(*read->sha256, kDigest) << field;
  }
  for (const char* field : {"", "sha-512=:YWJj:", "md5=:YQ:, adler=:YQ==:"}) {
    const auto read = parse_digest_field(field);
    ASSERT_TRUE(read) << field;
    EXPECT_FALSE(read->sha256) << field;
  }
}

TEST(DigestFields, RefusesWhatIsMalformed) {
  for (const char* field : {"sha-256",
                            "sha-256=",
                            "sha-256=:",
                            "sha-256=:YQ==:",
                            "sha-256=:!:",
                            "sha-256=::",
                            "sha-512=1",
                            "sha-512",
                            "sha-512=\"YQ==\"",
                            ",",
                            "sha-512=:YQ==:,",
                            "sha-512=:YQ==: x=:YQ==:",
                            "SHA-256=:YQ==:",
                            "=:YQ==:",
                            "sha-512=:YQ==",
                            "a=(1 2",
                            "a=\"x",
                            "a=-",
                            "a=1.",
                            "a=?2",
                            "sha-512=:YQ==:;",
                            "sha-512=:YQ==:;=1",
                            "a=1234567890123456"}) {
    EXPECT_FALSE(parse_digest_field(field)) << field;
  }
}

TEST(DigestFields, KnowsWhatIsWanted) {
  for (const char* field :
       {"sha-256=10", "sha-256=1, sha-512=3", "sha-512=3", "", "no dictionary"}) {
    EXPECT_TRUE(wants_sha256(field)) << field;
  }
  EXPECT_FALSE(wants_sha256("sha-256=0"));
  EXPECT_FALSE(wants_sha256("sha-512=3, sha-256=0"));
}

}  // namespace
}  // namespace coffer::http
