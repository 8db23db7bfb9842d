#include "base/seal.h"

#include <gtest/gtest.h>

#include <string>

namespace coffer {
namespace {

TEST(Seal, OnlyTheSameSecretAndContextOpenIt) {
  Entropy& entropy = system_entropy();
  const std::string secret = random_secret(entropy);
  for (const std::string& text : {std::string(), std::string("a"), std::string(70'000, 'x')}) {
    const std::string sealed = seal(entropy, secret, "reply", text);
    EXPECT_EQ(unseal(secret, "reply", sealed), text);
    EXPECT_EQ(unseal(secret + "x", "reply", sealed), std::nullopt);
    EXPECT_EQ(unseal(secret.substr(1), "reply" + secret.substr(0, 1), sealed), std::nullopt);
    EXPECT_EQ(unseal(secret, "other", sealed), std::nullopt);
    EXPECT_NE(seal(entropy, secret, "reply", text), sealed) << "never the same twice";
    for (const std::size_t at : {std::size_t{0}, sealed.size() / 2, sealed.size() - 1}) {
      std::string changed = sealed;
      changed[at] = static_cast<char>(changed[at] ^ 1);
      EXPECT_EQ(unseal(secret, "reply", changed), std::nullopt);
    }
    EXPECT_EQ(unseal(secret, "reply", sealed.substr(0, sealed.size() - 1)), std::nullopt);
  }
  EXPECT_EQ(unseal(secret, "reply", ""), std::nullopt);
}

}  // namespace
}  // namespace coffer
