#include "vault/sharing/address_cipher.h"

#include <sodium.h>

#include <cstring>
#include <stdexcept>
#include <utility>

#include "vault/model/ids.h"

namespace coffer::vault {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr unsigned kCharacterBits = 6;
constexpr unsigned kHalfBits = 30;
constexpr std::uint32_t kHalfMask = (1U << kHalfBits) - 1;
constexpr unsigned kRounds = 10;

static_assert(AddressCipher::kLength * kCharacterBits == 2 * kHalfBits);
static_assert(2 * kHalfBits == kIdBits);
static_assert(AddressCipher::kKeyBytes ==
              crypto_shorthash_KEYBYTES + crypto_auth_hmacsha256_KEYBYTES);

}  // namespace

AddressCipher::AddressCipher(ByteView key) {
  if (key.size() != kKeyBytes) throw std::invalid_argument("a key of addresses has another length");
  std::memcpy(permutation_key_.data(), key.data(), permutation_key_.size());
  std::memcpy(mac_key_.data(), key.data() + permutation_key_.size(), mac_key_.size());
}

std::uint32_t AddressCipher::round(std::uint32_t half, unsigned number) const {
  std::array<unsigned char, 5> input{static_cast<unsigned char>(number)};
  for (unsigned i = 0; i < 4; ++i) input[i + 1] = static_cast<unsigned char>(half >> (8 * i));
  std::array<unsigned char, crypto_shorthash_BYTES> hash{};
  crypto_shorthash(hash.data(), input.data(), input.size(), permutation_key_.data());
  std::uint32_t out = 0;
  for (unsigned i = 0; i < 4; ++i) out |= static_cast<std::uint32_t>(hash[i]) << (8 * i);
  return out & kHalfMask;
}

std::string AddressCipher::encipher(EntryId id) const {
  const auto number = static_cast<std::uint64_t>(id.value);
  auto left = static_cast<std::uint32_t>(number >> kHalfBits) & kHalfMask;
  auto right = static_cast<std::uint32_t>(number) & kHalfMask;
  for (unsigned i = 0; i < kRounds; ++i) {
    left ^= round(right, i);
    std::swap(left, right);
  }
  const std::uint64_t bits = (static_cast<std::uint64_t>(left) << kHalfBits) | right;
  std::string address(kLength, '\0');
  for (std::size_t i = 0; i < kLength; ++i) {
    address[i] = kAlphabet[(bits >> (kCharacterBits * (kLength - 1 - i))) & 0x3f];
  }
  return address;
}

std::optional<EntryId> AddressCipher::decipher(std::string_view address) const {
  if (address.size() != kLength) return std::nullopt;
  std::uint64_t bits = 0;
  for (const char c : address) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << kCharacterBits) | value;
  }
  auto left = static_cast<std::uint32_t>(bits >> kHalfBits) & kHalfMask;
  auto right = static_cast<std::uint32_t>(bits) & kHalfMask;
  for (unsigned i = kRounds; i > 0; --i) {
    std::swap(left, right);
    left ^= round(right, i - 1);
  }
  return EntryId{
      static_cast<std::int64_t>((static_cast<std::uint64_t>(left) << kHalfBits) | right)};
}

Uuid AddressCipher::delete_key(const Uuid& entry) const {
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> mac{};
  crypto_auth_hmacsha256(mac.data(), reinterpret_cast<const unsigned char*>(entry.bytes.data()),
                         entry.bytes.size(), mac_key_.data());
  Uuid key;
  std::memcpy(key.bytes.data(), mac.data(), key.bytes.size());
  key.bytes[6] = (key.bytes[6] & std::byte{0x0f}) | std::byte{0x40};
  key.bytes[8] = (key.bytes[8] & std::byte{0x3f}) | std::byte{0x80};
  return key;
}

}  // namespace coffer::vault
