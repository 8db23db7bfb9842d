// How S3 knows a client: AWS Signature Version 4.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"

namespace coffer::blobs::s3 {

struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // of temporary credentials; else empty
  friend bool operator==(const Credentials&, const Credentials&) = default;
};

// Whose signature it is.
struct SigningScope {
  std::string region;
  std::string service = "s3";
};

// A request as it is signed. All of `headers` are: `host` has to be among them, names in lower
// case.
struct SignableRequest {
  std::string method;
  std::string path;  // percent-encoded, as it is sent; begins with a slash
  std::vector<std::pair<std::string, std::string>> query;  // neither encoded nor in order
  std::vector<std::pair<std::string, std::string>> headers;
  std::string payload_hash;  // SHA-256 in hexadecimal, or `UNSIGNED-PAYLOAD`
};

// Percent-encoded as signatures want it: all but unreserved characters (RFC 3986), and slashes.
std::string encode_path(std::string_view path);

// The query as it is signed, and may be sent: encoded and in order, without a question mark.
std::string encode_query(std::vector<std::pair<std::string, std::string>> query);

// `20130524T000000Z`: the value of `x-amz-date`.
std::string signing_time(Time time);

// The text whose hash is signed.
std::string canonical_request(const SignableRequest& request);

// The key that a day's requests of a scope are signed with. `day`: `20130524`.
Sha256Digest signing_key(const Credentials& credentials, const SigningScope& scope,
                         std::string_view day);

// The value of `Authorization` for a request sent at `time`, which its `x-amz-date` has too.
std::string authorization(const SignableRequest& request, const Credentials& credentials,
                          const SigningScope& scope, Time time);

// Signs requests of one scope as authorization() does, and derives the key of a day and of
// credentials once. Threads: any.
class RequestSigner {
 public:
  explicit RequestSigner(SigningScope scope) : scope_(std::move(scope)) {}
  RequestSigner(const RequestSigner&) = delete;
  RequestSigner& operator=(const RequestSigner&) = delete;

  std::string authorization(const SignableRequest& request, const Credentials& credentials,
                            Time time);

 private:
  Sha256Digest key_of(const Credentials& credentials, std::string_view day);

  const SigningScope scope_;
  std::mutex mutex_;  // guards what follows
  Credentials credentials_;
  std::string day_;  // empty: there is no key yet
  Sha256Digest key_;
};

}  // namespace coffer::blobs::s3
