// Links that are computed and not stored: short links, delete keys, tokens derived from a share,
// keys that unlock a share with a password.
//
// Short links and derived tokens are numbers enciphered by a keyed permutation (a balanced Feistel
// network, SipHash as its round function). Without the key a link says nothing about the number,
// and a guess hits a link that exists by chance alone. Delete keys, unlock keys and seals of
// cursors are HMAC-SHA-256.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/ids.h"
#include "vault/model/types.h"

namespace coffer::vault {

// The share that a derived token comes from, and the entry below it that the token opens.
struct DerivedLink {
  EntryId shared;  // or the number of a share link, see share_links.cc
  EntryId entry;
  std::uint64_t check = 0;  // LinkCipher::check_of() the share token
};

// Threads: any.
class LinkCipher {
 public:
  static constexpr std::size_t kKeyBytes = 48;
  static constexpr std::size_t kLength = 10;  // characters of a short link
  // How far ids may count in their cell (vault/model/ids.h), which makes room for what else a link
  // says: of a short link 10 bits are the generation of the file's links.
  static constexpr unsigned kCountBits = 38;
  // Short links are good in the generations below; no file has one in this.
  static constexpr std::uint32_t kGenerationMax = (1U << 10U) - 1;

  // REQUIRES: `key` has kKeyBytes.
  explicit LinkCipher(ByteView key);

  // Of a generation above kGenerationMax, that of kGenerationMax. Throws std::length_error for an
  // id that counts further than kCountBits.
  std::string short_link(EntryId id, std::uint32_t generation) const;
  struct ShortLinkNumber {
    EntryId id;
    std::uint32_t generation;
    friend bool operator==(const ShortLinkNumber&, const ShortLinkNumber&) = default;
  };
  // Nothing for a text that is no short link, or of the generation kGenerationMax.
  std::optional<ShortLinkNumber> read_short_link(std::string_view link) const;

  // The token of `entry` for readers of the entry `shared`, whose share token is `token`: a UUID of
  // version 8. Throws as short_link() does. REQUIRES: both ids are of this cell.
  Uuid derived_token(EntryId shared, const Uuid& token, EntryId entry) const;
  // Nothing for a UUID of another version or another cell.
  std::optional<DerivedLink> read_derived_token(const Uuid& token) const;
  // 34 of a share token's random bits. A derived token holds them, so it ends with the share token.
  static std::uint64_t check_of(const Uuid& token) noexcept;

  // The key by which whoever gave the password of the share `token` is known until then. `password`
  // in its stored form: another one gives another key.
  std::string unlock_key(const Uuid& token, Time until, std::string_view password) const;
  // Whether `key`, any text, is one of unlock_key() that is good now.
  bool unlocks(std::string_view key, const Uuid& token, Time now, std::string_view password) const;

  // The key that deletes the file, as a UUID of version 4.
  Uuid delete_key(const Uuid& entry, std::uint32_t generation) const;
  // The same for the owner of the group that the file is in.
  Uuid group_delete_key(const Uuid& entry, std::uint32_t generation, SpaceId group) const;

  // What shows that a list's cursor (list_cursors.h) was made here. REQUIRES: `message` has 64
  // bytes or more, which what the keys above are made of has not.
  Uuid cursor_seal(ByteView message) const;

 private:
  struct Halves {
    std::uint64_t left;
    std::uint64_t right;
  };
  Halves encipher(Halves plain, unsigned half_bits) const;
  Halves decipher(Halves secret, unsigned half_bits) const;
  std::uint64_t round(std::uint64_t half, unsigned half_bits, unsigned number) const;
  Uuid mac(ByteView message) const;
  Uuid unlock_code(const Uuid& token, Time until, std::string_view password) const;

  std::array<unsigned char, 16> permutation_key_{};
  std::array<unsigned char, 32> mac_key_{};
};

}  // namespace coffer::vault
