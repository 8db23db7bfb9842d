#include "base/seal.h"

#include <sodium.h>

#include <array>

namespace coffer {
namespace {

using Key = std::array<unsigned char, crypto_secretbox_KEYBYTES>;

const unsigned char* raw(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* raw(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

Key key_of(std::string_view secret, std::string_view context) {
  Key key;
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, key.size());
  // Its length first, so that no two pairs are the same bytes.
  const std::string head = std::to_string(context.size()) + ' ';
  for (const std::string_view part : {std::string_view(head), context, secret}) {
    crypto_generichash_update(&state, raw(part), part.size());
  }
  crypto_generichash_final(&state, key.data(), key.size());
  return key;
}

}  // namespace

std::string seal(Entropy& entropy, std::string_view secret, std::string_view context,
                 std::string_view text) {
  Bytes nonce(crypto_secretbox_NONCEBYTES);
  entropy.fill(nonce);
  std::string sealed(as_text(nonce));
  sealed.resize(nonce.size() + crypto_secretbox_MACBYTES + text.size());
  const Key key = key_of(secret, context);
  crypto_secretbox_easy(raw(sealed) + nonce.size(), raw(text), text.size(), raw(as_text(nonce)),
                        key.data());
  return sealed;
}

std::optional<std::string> unseal(std::string_view secret, std::string_view context,
                                  std::string_view sealed) {
  if (sealed.size() < crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES) return std::nullopt;
  const std::string_view nonce = sealed.substr(0, crypto_secretbox_NONCEBYTES);
  sealed.remove_prefix(nonce.size());
  std::string text(sealed.size() - crypto_secretbox_MACBYTES, '\0');
  const Key key = key_of(secret, context);
  const int failed =
      crypto_secretbox_open_easy(raw(text), raw(sealed), sealed.size(), raw(nonce), key.data());
  if (failed != 0) return std::nullopt;
  return text;
}

}  // namespace coffer
