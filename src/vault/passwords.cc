#include "vault/passwords.h"

#include <sodium.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

namespace coffer::vault {
namespace {

std::string base64_of_random(std::size_t bytes) {
  std::string random(bytes, '\0');
  randombytes_buf(random.data(), random.size());
  std::string text(sodium_base64_ENCODED_LEN(bytes, sodium_base64_VARIANT_ORIGINAL_NO_PADDING),
                   '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(random.data()),
                    random.size(), sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
  text.pop_back();
  return text;
}

// Written rather than computed, so that the start of the program does not pay for a hash.
std::string decoy_of(const Passwords::Cost& cost) {
  constexpr std::size_t kSaltBytes = 16;
  constexpr std::size_t kHashBytes = 32;
  return fmt::format("$argon2id$v=19$m={},t={},p=1${}${}", cost.memory_bytes / 1024, cost.passes,
                     base64_of_random(kSaltBytes), base64_of_random(kHashBytes));
}

}  // namespace

// One place among those that may hash or wait. Not admitted: too many are before this one.
class Passwords::Admission {
 public:
  explicit Admission(Passwords& passwords)
      : passwords_(passwords),
        admitted_(passwords.waiting_.fetch_add(1) <
                  passwords.cost_.waiting + passwords.cost_.parallel) {}
  ~Admission() { passwords_.waiting_.fetch_sub(1); }
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  explicit operator bool() const noexcept { return admitted_; }

 private:
  Passwords& passwords_;
  bool admitted_;
};

namespace {
std::unexpected<Failure> too_many() {
  return fail(FailureCode::kBusy, "too many log-ins at once, please try again in a moment");
}
}  // namespace

Passwords::Passwords(Cost cost) : cost_(cost), pool_("passwords", cost.parallel) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium cannot be initialised");
  decoy_ = decoy_of(cost_);
}

Passwords::~Passwords() = default;

Task<Result<std::string>> Passwords::hash(std::string password) {
  const Admission admission(*this);
  if (!admission) co_return too_many();
  auto work = [&] {
    std::array<char, crypto_pwhash_STRBYTES> stored{};
    if (crypto_pwhash_str_alg(stored.data(), password.data(), password.size(), cost_.passes,
                              cost_.memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0) {
      throw std::runtime_error("a password cannot be hashed: no memory");
    }
    return std::string(stored.data());
  };
  co_return co_await pool_.run(work);
}

Task<Result<bool>> Passwords::verify(std::string password, std::string stored) {
  const Admission admission(*this);
  if (!admission) co_return too_many();
  const bool exists = !stored.empty();
  const std::string& against = exists ? stored : decoy_;
  auto work = [&] {
    errno = 0;
    if (crypto_pwhash_str_verify(against.c_str(), password.data(), password.size()) == 0) {
      return true;
    }
    // libsodium tells a mismatch from a failure by errno alone, and calls a string of another
    // kind a mismatch.
    if (errno != EINVAL || !against.starts_with(crypto_pwhash_argon2id_STRPREFIX)) {
      throw std::runtime_error("a stored password cannot be checked");
    }
    return false;
  };
  const bool right = co_await pool_.run(work);
  co_return exists&& right;
}

}  // namespace coffer::vault
