#include "blobs/s3/signature.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/hmac.h"
#include "http/uri.h"

namespace coffer::blobs::s3 {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::size_t kDayLength = 8;

// Without spaces around it, and one where several follow each other.
std::string folded(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c != ' ') {
      text += c;
    } else if (!text.empty() && text.back() != ' ') {
      text += c;
    }
  }
  if (text.ends_with(' ')) text.pop_back();
  return text;
}

struct CanonicalHeaders {
  std::string lines;
  std::string names;
};

CanonicalHeaders canonical_headers(std::vector<std::pair<std::string, std::string>> headers) {
  std::ranges::sort(headers);
  CanonicalHeaders canonical;
  for (const auto& [name, value] : headers) {
    canonical.lines += fmt::format("{}:{}\n", name, folded(value));
    canonical.names += fmt::format("{}{}", canonical.names.empty() ? "" : ";", name);
  }
  return canonical;
}

std::string canonical_text(const SignableRequest& request, const CanonicalHeaders& headers) {
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, request.path,
                     encode_query(request.query), headers.lines, headers.names,
                     request.payload_hash);
}

std::string scope_text(const SigningScope& scope, std::string_view day) {
  return fmt::format("{}/{}/{}/aws4_request", day, scope.region, scope.service);
}

}  // namespace

std::string encode_path(std::string_view path) {
  std::string encoded;
  while (true) {
    const std::size_t slash = path.find('/');
    encoded += http::percent_encode(path.substr(0, slash));
    if (slash == std::string_view::npos) return encoded;
    encoded += '/';
    path.remove_prefix(slash + 1);
  }
}

std::string encode_query(std::vector<std::pair<std::string, std::string>> query) {
  for (auto& [name, value] : query) {
    name = http::percent_encode(name);
    value = http::percent_encode(value);
  }
  std::ranges::sort(query);
  std::string text;
  for (const auto& [name, value] : query) {
    text += fmt::format("{}{}={}", text.empty() ? "" : "&", name, value);
  }
  return text;
}

std::string signing_time(Time time) {
  std::string text = to_iso8601(time);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

std::string canonical_request(const SignableRequest& request) {
  return canonical_text(request, canonical_headers(request.headers));
}

Sha256Digest signing_key(const Credentials& credentials, const SigningScope& scope,
                         std::string_view day) {
  Sha256Digest key = hmac_sha256(as_bytes("AWS4" + credentials.secret_key), as_bytes(day));
  key = hmac_sha256(key.bytes, as_bytes(scope.region));
  key = hmac_sha256(key.bytes, as_bytes(scope.service));
  return hmac_sha256(key.bytes, as_bytes("aws4_request"));
}

std::string authorization(const SignableRequest& request, const Credentials& credentials,
                          const SigningScope& scope, Time time) {
  return RequestSigner(scope).authorization(request, credentials, time);
}

std::string RequestSigner::authorization(const SignableRequest& request,
                                         const Credentials& credentials, Time time) {
  const std::string moment = signing_time(time);
  const std::string_view day = std::string_view(moment).substr(0, kDayLength);
  const std::string scope_of_day = scope_text(scope_, day);
  const CanonicalHeaders headers = canonical_headers(request.headers);
  const std::string to_sign =
      fmt::format("{}\n{}\n{}\n{}", kAlgorithm, moment, scope_of_day,
                  Sha256::of(as_bytes(canonical_text(request, headers))).hex());
  const Sha256Digest key = key_of(credentials, day);
  return fmt::format("{} Credential={}/{},SignedHeaders={},Signature={}", kAlgorithm,
                     credentials.access_key, scope_of_day, headers.names,
                     hmac_sha256(key.bytes, as_bytes(to_sign)).hex());
}

Sha256Digest RequestSigner::key_of(const Credentials& credentials, std::string_view day) {
  const std::lock_guard lock(mutex_);
  if (day_ != day || credentials_ != credentials) {
    key_ = signing_key(credentials, scope_, day);
    credentials_ = credentials;
    day_ = day;
  }
  return key_;
}

}  // namespace coffer::blobs::s3
