// How often passwords may be tried: guessing is bounded by the account that is guessed at and by
// the address that guesses, whichever call checks the password.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "vault/model/failure.h"

namespace coffer::vault {

// Who checks which password.
struct PasswordCheck {
  // Wrong ones of one kind do not hold up the checks of another from the same address: anybody can
  // make a link with a password, and have others follow it.
  enum class Kind { kAccount, kLink };

  std::string account;  // names it, or the link, the same by whichever name it is called
  std::string address;  // of the client, as rate limits count it; empty: not known
  Kind kind = Kind::kAccount;
};

// Counts the checks that failed, and those under way, in any minute. An address from which the
// account was logged in to lately is counted apart from the others: who guesses from elsewhere does
// not lock the owner out. Forgets everything with the program. Threads: any.
class PasswordAttempts {
 public:
  // One check that was let through.
  struct Attempt {
    std::string by_account;  // the key that it counts under
    std::string by_address;  // empty: under none
    std::int64_t slice = 0;  // when it was counted
  };

  // Counts one more. kRateLimited, with the time to wait, where the account or link, or the address
  // by checks of that kind, has had `per_minute` (nothing: no limit) in the last minute; kBusy
  // where too many accounts and addresses are being counted.
  Result<Attempt> begin(Time now, std::optional<std::uint32_t> per_minute,
                        const PasswordCheck& check);
  // The attempt failed for another reason than its password, and counts no more.
  void withdraw(const Attempt& attempt);
  // The password was right: the same, and the address is known as the account's from now on.
  void succeeded(Time now, const PasswordCheck& check, const Attempt& attempt);

  // Of how many accounts and addresses something is counted, at most, in each shard.
  static constexpr std::size_t kShardMax = 4096;

 private:
  static constexpr std::size_t kSlices = 7;  // a minute, and the slice that has just begun
  // A minute that slides in steps of a slice.
  struct Window {
    std::array<std::uint32_t, kSlices> counts{};
    std::int64_t last = 0;  // the slice that was counted in last

    void move_to(std::int64_t slice);
    std::uint64_t total() const;
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::string, Window> windows;
    std::int64_t swept = 0;                               // slice
    std::unordered_map<std::string, std::int64_t> known;  // until which slice
  };
  Shard& shard_of(std::string_view key);
  Result<void> count(const std::string& key, std::int64_t slice, Time now, std::uint32_t max);
  void uncount(const std::string& key, std::int64_t slice);
  bool is_known(const std::string& pair, std::int64_t slice);

  std::array<Shard, 16> shards_;
};

}  // namespace coffer::vault
