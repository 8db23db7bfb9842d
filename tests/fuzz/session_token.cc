// Session tokens: what nobody signed is refused, what somebody signed is read.
#include <sodium.h>

#include <string>

#include "base/text.h"
#include "fuzz.h"
#include "vault/identity/session_tokens.h"

using namespace coffer;
using namespace coffer::vault;

namespace {

const Bytes& key() {
  static const Bytes bytes(crypto_auth_hmacsha256_KEYBYTES, std::byte{7});
  return bytes;
}

// A token with that payload, signed as ours are.
std::string signed_token(const std::string& header, std::string_view payload) {
  std::string token = header + to_base64url(as_bytes(payload));
  Bytes mac(crypto_auth_hmacsha256_BYTES);
  crypto_auth_hmacsha256(reinterpret_cast<unsigned char*>(mac.data()),
                         reinterpret_cast<const unsigned char*>(token.data()), token.size(),
                         reinterpret_cast<const unsigned char*>(key().data()));
  return token += '.' + to_base64url(mac);
}

}  // namespace

COFFER_FUZZ(input) {
  static const SessionTokens tokens(key());
  static const std::string header = [] {
    const std::string any = tokens.sign({});
    return any.substr(0, any.find('.') + 1);
  }();
  switch (input.byte() % 3) {
    case 0:  // any text
      COFFER_CHECK(!tokens.decode(std::string(input.rest())));
      break;
    case 1: {  // any payload
      const auto claims = tokens.decode(signed_token(header, input.rest()));
      if (claims) COFFER_CHECK(claims->account.value != 0 && claims->session.value != 0);
      break;
    }
    default: {  // a good token, damaged
      std::string token = tokens.sign({.refresh = true,
                                       .account = AccountId{1},
                                       .session = SessionId{2},
                                       .issued = 3,
                                       .expires = 4,
                                       .id = "id"});
      COFFER_CHECK(tokens.decode(token).has_value());
      const std::size_t at = (input.byte() * 256U + input.byte()) % token.size();
      const std::string_view other = input.rest();
      const std::string before = token;
      token.replace(at, other.size(), other);
      const auto claims = tokens.decode(token);
      // The last character has bits that a lenient reader of base64 passes over.
      if (claims)
        COFFER_CHECK(token.substr(0, token.size() - 1) == before.substr(0, before.size() - 1));
    }
  }
}
