#include "base/entropy.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <stdexcept>

namespace coffer {
namespace {

class SystemEntropy final : public Entropy {
 public:
  SystemEntropy() {
    if (sodium_init() < 0) throw std::runtime_error("libsodium did not start");
  }
  // A few at a time come out of a thread's own stock, since each draw asks the kernel.
  void fill(ByteSpan out) override {
    thread_local Stock stock;
    if (out.size() > stock.bytes.size() / 4) return randombytes_buf(out.data(), out.size());
    if (out.size() > stock.left) {
      randombytes_buf(stock.bytes.data(), stock.bytes.size());
      stock.left = stock.bytes.size();
    }
    const ByteSpan drawn = ByteSpan(stock.bytes).subspan(stock.left - out.size(), out.size());
    std::ranges::copy(drawn, out.begin());
    sodium_memzero(drawn.data(), drawn.size());
    stock.left -= out.size();
  }

 private:
  struct Stock {
    std::array<std::byte, 512> bytes;
    std::size_t left = 0;  // at the beginning; what was drawn is wiped
  };
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
