#include "vault/identity/session_tokens.h"

#include <jwt.h>
#include <sodium.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "base/bytes.h"

namespace coffer::vault {
namespace {

constexpr std::size_t kOpaqueNumberBytes = 6;
constexpr std::size_t kOpaqueMacBytes = 14;
// What no JWT begins with: a MAC of one kind of token is none of the other.
constexpr std::string_view kOpaquePurpose = "opaque token of session ";

struct FreeToken {
  void operator()(jwt_t* token) const noexcept { jwt_free(token); }
};
using Token = std::unique_ptr<jwt_t, FreeToken>;

// A whole number, or nothing when the claim is missing or of another type, for which libjwt
// gives 0. No claim of ours is ever 0.
std::optional<std::int64_t> integer_claim(jwt_t* token, const char* name) {
  errno = 0;
  const std::int64_t value = jwt_get_grant_int(token, name);
  if (errno != 0 || value == 0) return std::nullopt;
  return value;
}

std::string_view text_claim(jwt_t* token, const char* name) {
  const char* value = jwt_get_grant(token, name);
  return value ? value : std::string_view();
}

const unsigned char* raw(ByteView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

std::unexpected<Failure> token_invalid() {
  return fail(FailureCode::kTokenInvalid, "the token is not valid");
}

}  // namespace

SessionTokens::SessionTokens(Bytes key) : key_(std::move(key)) {
  const std::string any = sign({});
  header_ = any.substr(0, any.find('.') + 1);
}

std::string SessionTokens::sign(const SessionClaims& claims) const {
  jwt_t* made = nullptr;
  if (jwt_new(&made) != 0) throw std::bad_alloc();
  const Token token(made);
  int failed = jwt_set_alg(made, JWT_ALG_HS256, raw(key_), static_cast<int>(key_.size()));
  failed |= jwt_add_grant(made, "token_type", claims.refresh ? "refresh" : "access");
  failed |= jwt_add_grant(made, "jti", claims.id.c_str());
  failed |= jwt_add_grant_int(made, "iat", claims.issued);
  failed |= jwt_add_grant_int(made, "exp", claims.expires);
  failed |= jwt_add_grant_int(made, "user_id", claims.account.value);
  failed |= jwt_add_grant_int(made, "sid", claims.session.value);
  failed |= jwt_add_grant_int(made, "gen", claims.generation);
  if (claims.refresh) failed |= jwt_add_grant_int(made, "rot", claims.rotation);
  // File Uploader's web client looks for the end of an access token here.
  if (!claims.refresh) failed |= jwt_add_grant_int(made, "ExpiresAt", claims.expires);
  if (failed != 0) throw std::runtime_error("a session token cannot be made");
  const std::unique_ptr<char, decltype(&std::free)> text(jwt_encode_str(made), &std::free);
  if (!text) throw std::runtime_error("a session token cannot be signed");
  return text.get();
}

std::string SessionTokens::sign_opaque(SessionId session, AccountId account, Time began) const {
  Bytes token;
  for (std::size_t i = kOpaqueNumberBytes; i-- > 0;) {
    token.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(session.value) >> (8 * i)));
  }
  const std::string bound = std::string(kOpaquePurpose) + std::to_string(session.value) + ' ' +
                            std::to_string(account.value) + ' ' + std::to_string(to_micros(began));
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> mac;
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, raw(key_), key_.size());
  crypto_auth_hmacsha256_update(&state, raw(as_bytes(bound)), bound.size());
  crypto_auth_hmacsha256_final(&state, mac.data());
  const ByteView bytes = std::as_bytes(std::span(mac)).first(kOpaqueMacBytes);
  token.insert(token.end(), bytes.begin(), bytes.end());
  return to_hex(token);
}

std::optional<SessionId> SessionTokens::read_opaque(std::string_view token) noexcept {
  if (token.size() != kOpaqueLength) return std::nullopt;
  std::int64_t number = 0;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const char c = token[i];
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_digit && (c < 'a' || c > 'f')) return std::nullopt;
    if (i < 2 * kOpaqueNumberBytes) number = number * 16 + (is_digit ? c - '0' : c - 'a' + 10);
  }
  return SessionId{number};
}

Result<SessionClaims> SessionTokens::decode(const std::string& token) const {
  if (token.size() > kMaxBytes) return token_invalid();
  // libjwt takes text that ends at the first zero.
  if (token.find('\0') != std::string::npos) return token_invalid();
  // A token that names another algorithm is none of ours and must not get as far as that
  // algorithm's code.
  if (!token.starts_with(header_)) return token_invalid();
  jwt_t* decoded = nullptr;
  if (jwt_decode(&decoded, token.c_str(), raw(key_), static_cast<int>(key_.size())) != 0) {
    return token_invalid();
  }
  const Token owner(decoded);

  const std::string_view type = text_claim(decoded, "token_type");
  const auto account = integer_claim(decoded, "user_id");
  const auto session = integer_claim(decoded, "sid");
  const auto generation = integer_claim(decoded, "gen");
  const auto issued = integer_claim(decoded, "iat");
  const auto expires = integer_claim(decoded, "exp");
  const bool whole = account && session && generation && issued && expires;
  if ((type != "access" && type != "refresh") || !whole) return token_invalid();
  SessionClaims claims;
  claims.refresh = type == "refresh";
  if (claims.refresh) {
    const auto rotation = integer_claim(decoded, "rot");
    if (!rotation) return token_invalid();
    claims.rotation = *rotation;
  }
  claims.account = AccountId{*account};
  claims.session = SessionId{*session};
  claims.generation = *generation;
  claims.issued = *issued;
  claims.expires = *expires;
  return claims;
}

}  // namespace coffer::vault
