// What a path names: a bucket, and a place in it.
#pragma once

#include <expected>
#include <string>

#include "apis/gateway/dialect.h"
#include "apis/quantum/location_name.h"
#include "vault/transfer/paths.h"
#include "vault/tree/buckets.h"

namespace coffer::apis::quantum {

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
