// Cookies of share pages: what a request carries, and the keys that unlock a share.
#include <chrono>
#include <string>

#include "base/clock.h"
#include "base/ids.h"
#include "base/text.h"
#include "fuzz.h"
#include "http/cookie.h"
#include "vault/sharing/link_cipher.h"

using namespace coffer;
using namespace coffer::vault;

namespace {

constexpr std::string_view kName = "coffer_share";
constexpr std::string_view kPassword = "as it is stored";

const Uuid& token() {
  static const Uuid uuid = Uuid::parse("0f8fad5b-d9cb-469f-a165-70867728950e").value();
  return uuid;
}

const LinkCipher& cipher() {
  static const LinkCipher made(Bytes(LinkCipher::kKeyBytes, std::byte{7}));
  return made;
}

// Whether a text says what `key` says: its number may have leading zeros, its code capitals.
bool is_same(std::string_view text, const std::string& key) {
  while (text.size() > key.size() && text.front() == '0') text.remove_prefix(1);
  return equal_ignoring_case(text, key);
}

// What http::cookie() gives, of every pair in turn.
std::string_view first_of_that_name(const http::Headers& headers) {
  for (const auto [name, field] : headers) {
    if (!equal_ignoring_case(name, "Cookie")) continue;
    std::size_t begin = 0;
    for (std::size_t at = 0; at <= field.size(); ++at) {
      if (at < field.size() && field[at] != ';') continue;
      const std::string_view pair = trim(field.substr(begin, at - begin));
      const std::size_t equals = pair.find('=');
      if (equals != pair.npos && pair.substr(0, equals) == kName) return pair.substr(equals + 1);
      begin = at + 1;
    }
  }
  return {};
}

}  // namespace

COFFER_FUZZ(input) {
  const Time now = from_micros(1'685'440'800'123'456);
  const Time until = now + std::chrono::hours(1);
  const std::string key = cipher().unlock_key(token(), until, kPassword);
  COFFER_CHECK(cipher().unlocks(key, token(), now, kPassword));
  COFFER_CHECK(!cipher().unlocks(key, token(), until, kPassword));
  COFFER_CHECK(!cipher().unlocks(key, Uuid(), now, kPassword));
  COFFER_CHECK(!cipher().unlocks(key, token(), now, "another"));

  http::Headers headers;
  switch (input.byte() % 3) {
    case 0: {  // any fields
      for (unsigned fields = input.byte() % 4U; fields > 0; --fields) {
        headers.add(input.byte() % 4 == 0 ? "Accept" : "Cookie", input.line());
      }
      const std::string_view value = http::cookie(headers, kName);
      COFFER_CHECK(value == first_of_that_name(headers));
      COFFER_CHECK(!cipher().unlocks(value, token(), now, kPassword) || is_same(value, key));
      break;
    }
    case 1: {  // the key, among other cookies
      std::string before(input.line());
      const std::string after(input.line());
      if (before.find(kName) != std::string::npos) before.clear();
      headers.add("Cookie", before + "; " + std::string(kName) + '=' + key + ';' + after);
      COFFER_CHECK(http::cookie(headers, kName) == key);
      break;
    }
    default: {  // the key, damaged
      std::string damaged = key;
      const std::size_t at = input.byte() % key.size();
      const std::string_view other = input.rest();
      damaged.replace(at, other.size(), other);
      const bool opens = cipher().unlocks(damaged, token(), now, kPassword);
      COFFER_CHECK(!opens || is_same(damaged, key));
      if (damaged == key) COFFER_CHECK(opens);
    }
  }
}
