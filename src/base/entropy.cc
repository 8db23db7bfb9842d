#include "base/entropy.h"

#include <sodium.h>

#include <array>
#include <stdexcept>

namespace coffer {
namespace {

class SystemEntropy final : public Entropy {
 public:
  SystemEntropy() {
    if (sodium_init() < 0) throw std::runtime_error("libsodium did not start");
  }
  void fill(ByteSpan out) override { randombytes_buf(out.data(), out.size()); }
};

}  // namespace

Entropy& system_entropy() {
  static SystemEntropy entropy;
  return entropy;
}

std::string random_text(Entropy& entropy, std::size_t length, std::string_view alphabet) {
  if (alphabet.size() < 2 || alphabet.size() > 256) {
    throw std::invalid_argument("an alphabet has 2 to 256 characters");
  }
  // A byte at or above the last whole multiple would favour the first characters.
  const std::size_t limit = 256 - 256 % alphabet.size();
  std::string out;
  out.reserve(length);
  std::array<std::byte, 64> pool;
  while (out.size() < length) {
    entropy.fill(pool);
    for (const std::byte b : pool) {
      const auto value = std::to_integer<std::size_t>(b);
      if (value < limit && out.size() < length) out += alphabet[value % alphabet.size()];
    }
  }
  return out;
}

std::string random_secret(Entropy& entropy) {
  std::array<std::byte, 32> bytes;
  entropy.fill(bytes);
  return to_base64url(bytes);
}

}  // namespace coffer
