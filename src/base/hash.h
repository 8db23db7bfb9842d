// SHA-256, the name of every blob and the form in which secrets are kept.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace coffer {

struct Sha256Digest {
  std::array<std::byte, 32> bytes{};

  std::string hex() const { return to_hex(bytes); }
  // 64 hexadecimal digits of either case.
  static std::optional<Sha256Digest> from_hex(std::string_view text);
  // Nothing unless `bytes` is 32 long.
  static std::optional<Sha256Digest> from_bytes(ByteView bytes);

  friend auto operator<=>(const Sha256Digest&, const Sha256Digest&) = default;
};

// Incremental hash of one stream. Threads: one at a time.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(ByteView data);
  // The digest of all that was given. REQUIRES: called once, last.
  Sha256Digest finish();

  static Sha256Digest of(ByteView data);

 private:
  struct Free {
    void operator()(void* context) const noexcept;
  };
  std::unique_ptr<void, Free> context_;
};

}  // namespace coffer
