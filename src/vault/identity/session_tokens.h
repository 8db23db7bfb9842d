// The tokens of sessions as text: JWTs with the claims of SimpleJWT, signed with HS256; and opaque
// ones, which say nothing but whose session it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "vault/model/failure.h"
#include "vault/model/types.h"

namespace coffer::vault {

struct SessionClaims {
  bool refresh = false;
  AccountId account;
  SessionId session;
  std::int64_t generation = 1;  // of the session's tokens
  std::int64_t rotation = 1;    // of a refresh token: how many it replaced, and 1
  std::int64_t issued = 0;      // seconds since 1970
  std::int64_t expires = 0;     // seconds since 1970
  std::string id;               // made unique by the caller; not read back
};

// Threads: any.
class SessionTokens {
 public:
  static constexpr std::size_t kMaxBytes = 4096;  // ours are shorter than 400

  explicit SessionTokens(Bytes key);

  std::string sign(const SessionClaims& claims) const;
  // kTokenInvalid unless sign() made it with this key. Does not ask whether it has expired.
  Result<SessionClaims> decode(const std::string& token) const;

  // 40 hexadecimal digits: the session's number (48 bits), and 112 bits of an HMAC-SHA256 under the
  // same key of that, the account and the moment in which the session began: so that a number that
  // is given again, after the restore of a backup, makes another token. Good for as long as the
  // session lives. REQUIRES: the number has no cell (vault/model/ids.h).
  static constexpr std::size_t kOpaqueLength = 40;
  std::string sign_opaque(SessionId session, AccountId account, Time began) const;
  // Whose session a token of that form says to be of; nothing for any other text.
  static std::optional<SessionId> read_opaque(std::string_view token) noexcept;

 private:
  Bytes key_;
  std::string header_;  // of every token of ours, with the dot after it
};

}  // namespace coffer::vault
