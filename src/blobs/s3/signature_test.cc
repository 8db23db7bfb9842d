// The examples that AWS publishes for Signature Version 4, of S3 and of its test suite.
#include "blobs/s3/signature.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <string>

#include "base/hmac.h"

namespace coffer::blobs::s3 {
namespace {

constexpr const char* kNoBody = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

// Of the examples in the documentation; they open nothing.
Credentials example(bool of_test_suite) {
  return {.access_key = of_test_suite ? "AKIDEXAMPLE" : "AKIAIOSFODNN7EXAMPLE",
          .secret_key =
              fmt::format("wJalrXUtnFEMI/K7MDENG{}bPxRfiCYEXAMPLEKEY", of_test_suite ? '+' : '/'),
          .session_token = {}};
}

std::string signature_of(const std::string& authorization) {
  return authorization.substr(authorization.rfind('=') + 1);
}

class S3Examples : public testing::Test {
 protected:
  SignableRequest request(std::string method, std::string path) {
    return {.method = std::move(method),
            .path = std::move(path),
            .query = {},
            .headers = {{"x-amz-date", "20130524T000000Z"},
                        {"x-amz-content-sha256", kNoBody},
                        {"host", "examplebucket.s3.amazonaws.com"}},
            .payload_hash = kNoBody};
  }
  std::string sign(const SignableRequest& request) {
    return authorization(request, example(false), {.region = "us-east-1"},
                         from_iso8601("2013-05-24T00:00:00Z").value());
  }
};

TEST_F(S3Examples, AGetOfARange) {
  SignableRequest get = request("GET", "/test.txt");
  get.headers.emplace_back("range", "bytes=0-9");
  EXPECT_EQ(sign(get),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST_F(S3Examples, APutOfAKeyWithACharacterToBeEncoded) {
  const std::string hash = Sha256::of(as_bytes("Welcome to Amazon S3.")).hex();
  SignableRequest put = request("PUT", encode_path("/test$file.text"));
  put.headers = {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                 {"host", "examplebucket.s3.amazonaws.com"},
                 {"x-amz-date", "20130524T000000Z"},
                 {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                 {"x-amz-content-sha256", hash}};
  put.payload_hash = hash;
  EXPECT_EQ(signature_of(sign(put)),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST_F(S3Examples, AQueryWithoutAValue) {
  SignableRequest get = request("GET", "/");
  get.query = {{"lifecycle", ""}};
  EXPECT_EQ(signature_of(sign(get)),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST_F(S3Examples, AQueryThatIsNotInOrder) {
  SignableRequest get = request("GET", "/");
  get.query = {{"prefix", "J"}, {"max-keys", "2"}};
  EXPECT_EQ(signature_of(sign(get)),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(SignatureTest, TheSigningKeyOfTheDocumentation) {
  const Sha256Digest key =
      signing_key(example(true), {.region = "us-east-1", .service = "iam"}, "20150830");
  EXPECT_EQ(key.hex(), "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
}

// Of the test suite: `get-vanilla`, `get-header-value-trim`, `get-vanilla-query-order-key-case`.
TEST(SignatureTest, TheTestSuite) {
  const auto sign = [](std::vector<std::pair<std::string, std::string>> query,
                       std::vector<std::pair<std::string, std::string>> more) {
    SignableRequest request{
        .method = "GET",
        .path = "/",
        .query = std::move(query),
        .headers = {{"host", "example.amazonaws.com"}, {"x-amz-date", "20150830T123600Z"}},
        .payload_hash = kNoBody};
    request.headers.insert(request.headers.end(), more.begin(), more.end());
    return signature_of(authorization(request, example(true),
                                      {.region = "us-east-1", .service = "service"},
                                      from_iso8601("2015-08-30T12:36:00Z").value()));
  };
  EXPECT_EQ(sign({}, {}), "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  EXPECT_EQ(sign({}, {{"my-header1", " value1"}, {"my-header2", " \"a   b   c\""}}),
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736");
  EXPECT_EQ(sign({{"Param2", "value2"}, {"Param1", "value1"}}, {}),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
}

TEST(SignatureTest, AKeyIsGoodForItsDayAndItsCredentialsAlone) {
  const SigningScope scope{.region = "us-east-1", .service = "service"};
  RequestSigner signer(scope);
  const SignableRequest request{.method = "GET",
                                .path = "/",
                                .query = {},
                                .headers = {{"host", "example.amazonaws.com"}},
                                .payload_hash = kNoBody};
  Credentials other = example(true);
  other.secret_key = "another";
  const Time evening = from_iso8601("2015-08-30T23:59:59Z").value();
  for (const Time time : {evening, evening, evening + std::chrono::seconds(1), evening}) {
    for (const Credentials& credentials : {example(true), other}) {
      EXPECT_EQ(signer.authorization(request, credentials, time),
                authorization(request, credentials, scope, time));
    }
  }
  EXPECT_NE(signer.authorization(request, other, evening),
            signer.authorization(request, example(true), evening));
}

TEST(SignatureTest, EncodesWhatIsNotUnreserved) {
  EXPECT_EQ(encode_path("/a b/c+d/~e_f-g.h/\xc3\xa4"), "/a%20b/c%2Bd/~e_f-g.h/%C3%A4");
  EXPECT_EQ(encode_query({{"b", "/ "}, {"a", "1"}, {"a", "0"}}), "a=0&a=1&b=%2F%20");
}

// RFC 4231, test cases 2 and 6.
TEST(SignatureTest, HmacOfShortAndLongKeys) {
  EXPECT_EQ(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?")).hex(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  const std::string long_key(131, '\xaa');
  EXPECT_EQ(hmac_sha256(as_bytes(long_key),
                        as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))
                .hex(),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(SigningTimeTest, IsUtcWhateverTheTimeZoneOfTheMachine) {
  const Time time = from_iso8601("2013-05-24T20:30:05Z").value();
  EXPECT_EQ(signing_time(time), "20130524T203005Z");
  ::setenv("TZ", "AHEAD-9", 1);
  ::tzset();
  EXPECT_EQ(signing_time(time), "20130524T203005Z");
  ::unsetenv("TZ");
  ::tzset();
}

}  // namespace
}  // namespace coffer::blobs::s3
