#include "vault/sharing/link_cipher.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "base/text.h"
#include "vault/model/ids.h"

namespace coffer::vault {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr unsigned kCharacterBits = 6;
constexpr unsigned kRounds = 10;
constexpr unsigned kCountBits = LinkCipher::kCountBits;
constexpr unsigned kGenerationBits = 10;
constexpr unsigned kShortHalfBits = 30;    // half of a short link's number
constexpr unsigned kDerivedHalfBits = 55;  // half of what a UUID has beside version and cell
constexpr unsigned kHalfCheckBits = kDerivedHalfBits - kCountBits;
constexpr unsigned kCheckBits = 2 * kHalfCheckBits;
constexpr unsigned kDerivedVersion = 8;

static_assert(LinkCipher::kLength * kCharacterBits == 2 * kShortHalfBits);
static_assert(kCountBits + kGenerationBits == kSequenceBits);
static_assert(kCellBits + kSequenceBits == 2 * kShortHalfBits);
static_assert(LinkCipher::kGenerationMax == (1U << kGenerationBits) - 1);
static_assert(LinkCipher::kKeyBytes == crypto_shorthash_KEYBYTES + crypto_auth_hmacsha256_KEYBYTES);

constexpr std::uint64_t mask(unsigned bits) noexcept { return (std::uint64_t{1} << bits) - 1; }

void append(Bytes& out, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) out.push_back(static_cast<std::byte>(value >> (8 * i)));
}

// The bits of a UUID behind version and variant; the cell stands in between.
constexpr unsigned kLowBits = 62;
constexpr unsigned kHighBits = 2 * kDerivedHalfBits - kLowBits;

Uuid uuid_from(std::uint64_t left, std::uint64_t right) {
  constexpr unsigned kSplit = kLowBits - kDerivedHalfBits;  // bits of the left half that go below
  const std::uint64_t words[] = {
      left >> kSplit << (64 - kHighBits) | std::uint64_t{kDerivedVersion} << kCellBits | kCell,
      std::uint64_t{2} << kLowBits | (left & mask(kSplit)) << kDerivedHalfBits | right};
  Uuid uuid;
  for (std::size_t i = 0; i < 16; ++i) {
    uuid.bytes[i] = static_cast<std::byte>(words[i / 8] >> (8 * (7 - i % 8)));
  }
  return uuid;
}

// What of an id counts in its cell.
std::uint64_t count_of(EntryId id) {
  const std::uint64_t count = static_cast<std::uint64_t>(id.value) & mask(kSequenceBits);
  if (count > mask(kCountBits)) throw std::length_error("too many entries for links to name");
  return count;
}

}  // namespace

LinkCipher::LinkCipher(ByteView key) {
  if (key.size() != kKeyBytes) throw std::invalid_argument("a key of links has another length");
  std::memcpy(permutation_key_.data(), key.data(), permutation_key_.size());
  std::memcpy(mac_key_.data(), key.data() + permutation_key_.size(), mac_key_.size());
}

// The input's length tells permutations of different widths apart.
std::uint64_t LinkCipher::round(std::uint64_t half, unsigned half_bits, unsigned number) const {
  const std::size_t half_bytes = half_bits <= 32 ? 4 : 8;
  std::array<unsigned char, 9> input{static_cast<unsigned char>(number)};
  for (std::size_t i = 0; i < half_bytes; ++i) {
    input[i + 1] = static_cast<unsigned char>(half >> (8 * i));
  }
  std::array<unsigned char, crypto_shorthash_BYTES> hash{};
  crypto_shorthash(hash.data(), input.data(), 1 + half_bytes, permutation_key_.data());
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < hash.size(); ++i) out |= std::uint64_t{hash[i]} << (8 * i);
  return out & mask(half_bits);
}

LinkCipher::Halves LinkCipher::encipher(Halves plain, unsigned half_bits) const {
  auto [left, right] = plain;
  for (unsigned i = 0; i < kRounds; ++i) {
    left ^= round(right, half_bits, i);
    std::swap(left, right);
  }
  return {left, right};
}

LinkCipher::Halves LinkCipher::decipher(Halves secret, unsigned half_bits) const {
  auto [left, right] = secret;
  for (unsigned i = kRounds; i > 0; --i) {
    std::swap(left, right);
    left ^= round(right, half_bits, i - 1);
  }
  return {left, right};
}

std::string LinkCipher::short_link(EntryId id, std::uint32_t generation) const {
  const std::uint64_t cell = static_cast<std::uint64_t>(id.value) >> kSequenceBits;
  const std::uint64_t number = cell << kSequenceBits |
                               std::uint64_t{std::min(generation, kGenerationMax)} << kCountBits |
                               count_of(id);
  const auto [left, right] =
      encipher({number >> kShortHalfBits, number & mask(kShortHalfBits)}, kShortHalfBits);
  const std::uint64_t bits = left << kShortHalfBits | right;
  std::string link(kLength, '\0');
  for (std::size_t i = 0; i < kLength; ++i) {
    link[i] = kAlphabet[(bits >> (kCharacterBits * (kLength - 1 - i))) & 0x3f];
  }
  return link;
}

std::optional<LinkCipher::ShortLinkNumber> LinkCipher::read_short_link(
    std::string_view link) const {
  if (link.size() != kLength) return std::nullopt;
  std::uint64_t bits = 0;
  for (const char c : link) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << kCharacterBits) | value;
  }
  const auto [left, right] =
      decipher({bits >> kShortHalfBits, bits & mask(kShortHalfBits)}, kShortHalfBits);
  const std::uint64_t number = left << kShortHalfBits | right;
  const auto generation = static_cast<std::uint32_t>(number >> kCountBits & kGenerationMax);
  if (generation == kGenerationMax) return std::nullopt;
  const std::uint64_t id = number & ~(std::uint64_t{kGenerationMax} << kCountBits);
  return ShortLinkNumber{.id = EntryId{static_cast<std::int64_t>(id)}, .generation = generation};
}

Uuid LinkCipher::derived_token(EntryId shared, const Uuid& token, EntryId entry) const {
  const std::uint64_t check = check_of(token);
  const Halves plain{count_of(shared) << kHalfCheckBits | check >> kHalfCheckBits,
                     count_of(entry) << kHalfCheckBits | (check & mask(kHalfCheckBits))};
  const auto [left, right] = encipher(plain, kDerivedHalfBits);
  return uuid_from(left, right);
}

std::optional<DerivedLink> LinkCipher::read_derived_token(const Uuid& token) const {
  std::uint64_t words[2] = {};
  for (std::size_t i = 0; i < 16; ++i) {
    words[i / 8] = words[i / 8] << 8U | std::to_integer<std::uint64_t>(token.bytes[i]);
  }
  const std::uint64_t low = words[1] & mask(kLowBits);
  const Halves secret{
      words[0] >> (64 - kHighBits) << (kLowBits - kDerivedHalfBits) | low >> kDerivedHalfBits,
      low & mask(kDerivedHalfBits)};
  if (uuid_from(secret.left, secret.right) != token) return std::nullopt;
  const auto [left, right] = decipher(secret, kDerivedHalfBits);
  const auto id = [](std::uint64_t half) {
    return EntryId{
        static_cast<std::int64_t>(std::uint64_t{kCell} << kSequenceBits | half >> kHalfCheckBits)};
  };
  return DerivedLink{
      .shared = id(left),
      .entry = id(right),
      .check = (left & mask(kHalfCheckBits)) << kHalfCheckBits | (right & mask(kHalfCheckBits))};
}

std::uint64_t LinkCipher::check_of(const Uuid& token) noexcept {
  std::uint64_t bits = 0;
  for (std::size_t i = 11; i < 16; ++i) {
    bits = bits << 8U | std::to_integer<std::uint64_t>(token.bytes[i]);
  }
  return bits & mask(kCheckBits);
}

Uuid LinkCipher::unlock_code(const Uuid& token, Time until, std::string_view password) const {
  // Longer than the messages of delete keys, so that none is one of them.
  Bytes message(token.bytes.begin(), token.bytes.end());
  append(message, static_cast<std::uint64_t>(to_micros(until)), 8);
  const ByteView stored = as_bytes(password);
  message.insert(message.end(), stored.begin(), stored.end());
  return mac(message);
}

std::string LinkCipher::unlock_key(const Uuid& token, Time until, std::string_view password) const {
  return fmt::format("{}.{}", to_micros(until), unlock_code(token, until, password).str());
}

bool LinkCipher::unlocks(std::string_view key, const Uuid& token, Time now,
                         std::string_view password) const {
  const std::size_t dot = key.find('.');
  if (dot == std::string_view::npos) return false;
  const auto micros = parse_unsigned(key.substr(0, dot));
  const auto code = Uuid::parse(key.substr(dot + 1));
  if (!micros || *micros > static_cast<std::uint64_t>(INT64_MAX) || !code) return false;
  const Time until = from_micros(static_cast<std::int64_t>(*micros));
  if (until <= now) return false;
  const Uuid right = unlock_code(token, until, password);
  return equal_in_constant_time(right.bytes, code->bytes);
}

Uuid LinkCipher::delete_key(const Uuid& entry, std::uint32_t generation) const {
  Bytes message(entry.bytes.begin(), entry.bytes.end());
  append(message, generation, 4);
  return mac(message);
}

Uuid LinkCipher::group_delete_key(const Uuid& entry, std::uint32_t generation,
                                  SpaceId group) const {
  Bytes message(entry.bytes.begin(), entry.bytes.end());
  append(message, generation, 4);
  append(message, static_cast<std::uint64_t>(group.value), 8);
  return mac(message);
}

Uuid LinkCipher::cursor_seal(ByteView message) const { return mac(message); }

Uuid LinkCipher::mac(ByteView message) const {
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> mac{};
  crypto_auth_hmacsha256(mac.data(), reinterpret_cast<const unsigned char*>(message.data()),
                         message.size(), mac_key_.data());
  Uuid key;
  std::memcpy(key.bytes.data(), mac.data(), key.bytes.size());
  key.bytes[6] = (key.bytes[6] & std::byte{0x0f}) | std::byte{0x40};
  key.bytes[8] = (key.bytes[8] & std::byte{0x3f}) | std::byte{0x80};
  return key;
}

}  // namespace coffer::vault
