// What a path names: a bucket, and a place in it.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "apis/gateway/dialect.h"
#include "vault/transfer/paths.h"
#include "vault/tree/buckets.h"

namespace coffer::apis::quantum {

enum class LocationStatus {
  kGood,
  kUnfit,   // nothing is called that: too long, or reserved by some system
  kEscape,  // an attempt to leave where it is, in whatever spelling
};

// Judges a name, a part of a location as it was decoded or the name of a file in a form. It is
// judged again as often as it can be decoded further, for a name that turns into an escape behind
// the next proxy is one.
LocationStatus judge(std::string_view name);
// The worst of them.
LocationStatus judge(const std::vector<std::string>& names);

// A bucket that the caller may use, and where in it. No names: the bucket itself.
struct Location {
  vault::Bucket bucket;
  vault::Path path;
};

// What the route's `path` names. Else the answer: INVALID_PATH before anything else, INVALID_BUCKET
// for another bucket than the application's own, BUCKET_DNE; `unfit` where a name of the place is
// kUnfit.
Task<std::expected<Location, http::Response>> find_location(RequestContext& context,
                                                            http::Response unfit);
Task<std::expected<Location, http::Response>> find_location(RequestContext& context);

// The bucket's name of a path that is nothing but one, for who holds a master key. Else the answer:
// UNAUTHORIZED, INVALID_PATH.
std::expected<std::string, http::Response> bucket_name(const RequestContext& context);

}  // namespace coffer::apis::quantum
