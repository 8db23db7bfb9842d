// Keyed hashes of messages.
#pragma once

#include "base/bytes.h"
#include "base/hash.h"

namespace coffer {

// HMAC with SHA-256 (RFC 2104), of a key of any length.
Sha256Digest hmac_sha256(ByteView key, ByteView message);

}  // namespace coffer
