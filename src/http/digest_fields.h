// Content-Digest, Repr-Digest and Want-Repr-Digest (RFC 9530), which are dictionaries of structured
// fields (RFC 8941 section 3.2). SHA-256 is the algorithm that is known here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"

namespace coffer::http {

// What a Content-Digest or Repr-Digest field says.
struct DigestField {
  std::optional<Sha256Digest> sha256;  // nothing: it names other algorithms only
};

// Nothing when the field is malformed, or its SHA-256 is none. Of an algorithm that is there twice
// the last one counts.
std::optional<DigestField> parse_digest_field(std::string_view field);

// `sha-256=:…:`
std::string digest_field(const Sha256Digest& digest);

// Whether a Want-Repr-Digest field lets SHA-256 be sent: not where it gives it the preference 0.
bool wants_sha256(std::string_view field);

}  // namespace coffer::http
