// What a request's body is compared with, and what tells it from others, worked out while it is
// read: nothing of it is kept.
#pragma once

#include <expected>
#include <memory>
#include <optional>

#include "apis/gateway/problem.h"
#include "base/hash.h"
#include "base/task.h"
#include "http/message.h"

namespace coffer::apis {

// Stands before the body, and watches its form, for as long as it lives.
//
// The body ends with StreamFault::kCorrupt, before anybody could use it, where it is not what
// Content-Digest or Repr-Digest say in SHA-256 (RFC 9530); other algorithms are ignored. Both are
// about the bytes of the body; of a form, Repr-Digest may also be about the one file in it.
//
// The fingerprint is made of method, path, query, type and body. A form's is made of its parts'
// names, file names and contents, so that another boundary is no other form.
// Threads: one at a time.
class BodyCheck {
 public:
  // Null where the request has no such digest and no fingerprint is wanted. kInvalid, with the name
  // of the field, where a digest is malformed. REQUIRES: nothing of the body was read; the request
  // outlives this.
  static std::expected<std::unique_ptr<BodyCheck>, Problem> begin(http::Request& request,
                                                                  bool wants_fingerprint);
  ~BodyCheck();
  BodyCheck(const BodyCheck&) = delete;

  // Reads the body whole, as read_whole_body() does, and lets others read it from memory.
  Task<std::optional<Problem>> read_into_memory();
  // Reads the body to its end and forgets it.
  Task<std::optional<Problem>> drain();

  // REQUIRES: a fingerprint was wanted, and the body was read to its end.
  Sha256Digest fingerprint() const;

 private:
  class HashedBody;
  class MemoryBody;
  class FormHash;

  BodyCheck(http::Request& request, bool is_form);

  http::Request& request_;
  http::RequestBody* const body_;  // the request's own
  const bool is_form_;
  std::unique_ptr<HashedBody> hashed_;
  std::unique_ptr<FormHash> form_;
  std::unique_ptr<MemoryBody> memory_;
};

}  // namespace coffer::apis
