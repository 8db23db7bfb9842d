#include "vault/identity/passwords.h"

#include <sodium.h>

#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "vault/identity/opaque_string.h"

namespace coffer::vault {
namespace {

constexpr std::size_t kSaltBytes = crypto_pwhash_SALTBYTES;
constexpr std::size_t kHashBytes = 32;
constexpr int kBase64 = sodium_base64_VARIANT_ORIGINAL_NO_PADDING;

// What hash() writes down: `$argon2id$v=19$m=65536,t=2,p=1$<salt>$<hash>`.
struct StoredHash {
  std::size_t memory_bytes = 0;
  unsigned long long passes = 0;
  std::array<unsigned char, kSaltBytes> salt{};
  std::array<unsigned char, kHashBytes> hash{};
};

// Takes `prefix`, then a decimal number, off the front of `text`.
std::optional<std::uint64_t> take_number(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return std::nullopt;
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + prefix.size(), end, number);
  if (parsed.ec != std::errc() || number == 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
  return number;
}

template <std::size_t N>
bool decode(std::string_view base64, std::array<unsigned char, N>& out) {
  std::size_t length = 0;
  const char* end = nullptr;
  return sodium_base642bin(out.data(), out.size(), base64.data(), base64.size(), nullptr, &length,
                           &end, kBase64) == 0 &&
         length == N && end == base64.data() + base64.size();
}

std::optional<StoredHash> parse_stored(std::string_view text) {
  constexpr std::string_view kPrefix = "$argon2id$v=19";
  if (!text.starts_with(kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  const auto kibibytes = take_number(text, "$m=");
  const auto passes = take_number(text, ",t=");
  const auto lanes = take_number(text, ",p=");
  if (!kibibytes || !passes || lanes != 1U || !text.starts_with('$')) return std::nullopt;
  if (*kibibytes > crypto_pwhash_argon2id_MEMLIMIT_MAX / 1024) return std::nullopt;
  text.remove_prefix(1);
  const std::size_t dollar = text.find('$');
  if (dollar == text.npos) return std::nullopt;
  StoredHash stored{.memory_bytes = *kibibytes * 1024, .passes = *passes};
  if (!decode(text.substr(0, dollar), stored.salt) ||
      !decode(text.substr(dollar + 1), stored.hash)) {
    return std::nullopt;
  }
  return stored;
}

std::string base64_of_random(std::size_t bytes) {
  std::string random(bytes, '\0');
  randombytes_buf(random.data(), random.size());
  std::string text(sodium_base64_encoded_len(bytes, kBase64), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(random.data()),
                    random.size(), kBase64);
  text.pop_back();
  return text;
}

// Written rather than computed, so that the start of the program does not pay for a hash.
std::string decoy_of(const Passwords::Cost& cost) {
  return fmt::format("$argon2id$v=19$m={},t={},p=1${}${}", cost.memory_bytes / 1024, cost.passes,
                     base64_of_random(kSaltBytes), base64_of_random(kHashBytes));
}

}  // namespace

// One place among those that may hash or wait. Not admitted: too many are before this one.
class Passwords::Admission {
 public:
  Admission(Passwords& passwords, std::string_view address)
      : passwords_(passwords), address_(address) {
    const std::lock_guard lock(passwords_.mutex_);
    const Cost& cost = passwords_.cost_;
    const auto found = passwords_.by_address_.find(address_);
    const std::size_t of_address = found == passwords_.by_address_.end() ? 0 : found->second;
    admitted_ = passwords_.waiting_ < cost.waiting + cost.parallel &&
                (address_.empty() || of_address < cost.waiting_address + cost.parallel);
    if (!admitted_) {
      ++passwords_.refused_;
      return;
    }
    ++passwords_.waiting_;
    if (!address_.empty()) ++passwords_.by_address_[address_];
  }
  ~Admission() {
    if (!admitted_) return;
    const std::lock_guard lock(passwords_.mutex_);
    --passwords_.waiting_;
    const auto found = passwords_.by_address_.find(address_);
    if (found != passwords_.by_address_.end() && --found->second == 0) {
      passwords_.by_address_.erase(found);
    }
  }
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  explicit operator bool() const noexcept { return admitted_; }

 private:
  Passwords& passwords_;
  const std::string address_;
  bool admitted_ = false;
};

namespace {

// Who has waited for so long has given up.
constexpr std::chrono::seconds kWaitMax(20);

std::unexpected<Failure> too_many() {
  return fail(FailureCode::kBusy, "too many log-ins at once, please try again in a moment");
}
std::unexpected<Failure> no_memory() {
  return fail(FailureCode::kBusy,
              "no memory to check a password right now, please try again in a moment");
}

// Nothing: there is no memory for it.
std::optional<bool> fits(std::string_view password, const StoredHash& stored) {
  std::array<unsigned char, kHashBytes> computed{};
  if (crypto_pwhash(computed.data(), computed.size(), password.data(), password.size(),
                    stored.salt.data(), stored.passes, stored.memory_bytes,
                    crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return std::nullopt;
  }
  return sodium_memcmp(computed.data(), stored.hash.data(), computed.size()) == 0;
}

// Whose turn it is. Names that lead to no account, of which anybody can make up any number, share
// two turns for each address: as many may wait in those as may of one address.
std::int64_t turn_of(const PasswordOwner& owner) {
  if (owner.account >= 0 || owner.address.empty()) return owner.account;
  const auto hash = static_cast<std::uint64_t>(std::hash<std::string_view>{}(owner.address));
  const auto which = static_cast<std::uint64_t>(owner.account) & 1U;
  return -static_cast<std::int64_t>(((hash >> 3U) << 1U | which) + 1);
}

}  // namespace

Passwords::Passwords(Cost cost)
    : cost_(cost),
      pool_("passwords", {.threads = cost.parallel,
                          // How many there are is Admission's question.
                          .waiting = cost.waiting + cost.parallel,
                          .waiting_each = cost.waiting_each,
                          .wait = kWaitMax}) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium cannot be initialised");
  decoy_ = decoy_of(cost_);
}

Passwords::~Passwords() = default;

Task<Result<std::string>> Passwords::hash(std::string password, PasswordOwner owner) {
  const Admission admission(*this, owner.address);
  if (!admission) co_return too_many();
  const std::string normal = opaque_string(password);
  std::optional<std::string> hashed;
  const bool is_run = co_await pool_.run(turn_of(owner), [&] {
    std::array<char, crypto_pwhash_STRBYTES> stored{};
    // It fails for want of memory alone: the lengths and the cost are within its limits.
    if (crypto_pwhash_str_alg(stored.data(), normal.data(), normal.size(), cost_.passes,
                              cost_.memory_bytes, crypto_pwhash_ALG_ARGON2ID13) == 0) {
      hashed = stored.data();
    }
  });
  if (!is_run) co_return too_many();
  if (!hashed) co_return no_memory();
  co_return std::move(*hashed);
}

Task<Result<Passwords::Verdict>> Passwords::verify(std::string password, std::string stored,
                                                   PasswordOwner owner) {
  const Admission admission(*this, owner.address);
  if (!admission) co_return too_many();
  const bool exists = !stored.empty();
  // Not crypto_pwhash_str_verify(): libsodium 1.0.18 calls it a mismatch when it gets no memory.
  const auto parsed = parse_stored(exists ? stored : decoy_);
  if (!parsed) throw std::runtime_error("a stored password cannot be checked");
  const std::string normal = opaque_string(password);
  const bool has_forms = normal != password;
  std::optional<bool> by_normal;
  std::optional<bool> by_bytes = false;
  const bool is_run = co_await pool_.run(turn_of(owner), [&] {
    by_normal = fits(normal, *parsed);
    if (has_forms && by_normal == false) by_bytes = fits(password, *parsed);
  });
  if (!is_run) co_return too_many();
  if (!by_normal || !by_bytes) co_return no_memory();
  Verdict verdict;
  verdict.right = exists && (*by_normal || *by_bytes);
  verdict.outdated = verdict.right && (*by_bytes || parsed->memory_bytes < cost_.memory_bytes ||
                                       parsed->passes < cost_.passes);
  co_return verdict;
}

Passwords::Load Passwords::load() const {
  const std::uint64_t refused = pool_.load().refused;
  const std::lock_guard lock(mutex_);
  return {.waiting = waiting_, .refused = refused_ + refused};
}

}  // namespace coffer::vault
