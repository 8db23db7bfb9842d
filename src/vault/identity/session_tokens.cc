#include "vault/identity/session_tokens.h"

#include <jwt.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace coffer::vault {
namespace {

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
