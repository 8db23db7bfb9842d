// How a file's number becomes its address for everybody, and its UUID the key that deletes it.
//
// Neither is stored. The address is the number enciphered: a keyed permutation of 60 bits (a
// balanced Feistel network, SipHash as its round function), written as 10 characters of base64url.
// Who has not got the key hits one of n files with a guess of n / 2^60, and learns from addresses
// neither how many files there are nor which came first. The delete key is an HMAC-SHA-256 of the
// UUID, as a UUID of version 4.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "vault/model/types.h"

namespace coffer::vault {

// Threads: any.
class AddressCipher {
 public:
  static constexpr std::size_t kKeyBytes = 48;
  static constexpr std::size_t kLength = 10;  // characters

  // REQUIRES: `key` has kKeyBytes.
  explicit AddressCipher(ByteView key);

  // REQUIRES: the number is less than 2^60.
  std::string encipher(EntryId id) const;
  // Nothing for what is not the address of any number.
  std::optional<EntryId> decipher(std::string_view address) const;

  Uuid delete_key(const Uuid& entry) const;

 private:
  std::uint32_t round(std::uint32_t half, unsigned number) const;

  std::array<unsigned char, 16> permutation_key_{};
  std::array<unsigned char, 32> mac_key_{};
};

}  // namespace coffer::vault
