// Randomness, handed in so that tests can repeat it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace coffer {

// Threads: any.
class Entropy {
 public:
  virtual ~Entropy() = default;
  // Fills `out` with bytes that nobody can guess.
  virtual void fill(ByteSpan out) = 0;
};

// The kernel's generator.
Entropy& system_entropy();

// `length` characters, each drawn evenly from `alphabet` (2 to 256 characters).
std::string random_text(Entropy& entropy, std::size_t length, std::string_view alphabet);

// A secret of 256 bits as 43 characters of base64url.
std::string random_secret(Entropy& entropy);

}  // namespace coffer
