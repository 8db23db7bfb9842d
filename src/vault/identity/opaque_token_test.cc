#include <gtest/gtest.h>

#include <set>

#include "vault/test/fixture.h"

namespace coffer::vault::test {
namespace {

using namespace std::chrono_literals;

class OpaqueTokenTest : public VaultTest {
 protected:
  Tokens tokens_ = begin_session(make_account("anna"));

  std::string keep(std::chrono::seconds lifetime) {
    return run(vault_->sessions().keep(tokens_.session, lifetime)).value();
  }
};

TEST_F(OpaqueTokenTest, OutlivesTheOtherTokensOfItsSession) {
  const std::string token = keep(30 * 24h);
  EXPECT_EQ(token.size(), SessionTokens::kOpaqueLength);
  EXPECT_EQ(keep(30 * 24h), token);
  clock_.advance(30 * 24h - 1s);
  EXPECT_FAILS(run(vault_->sessions().authenticate(tokens_.access)), kTokenExpired);
  const auto caller = run(vault_->sessions().authenticate(token));
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->session, tokens_.session);
  EXPECT_EQ(caller->credential, Credential::kSession);
  clock_.advance(2s);
  EXPECT_FAILS(run(vault_->sessions().authenticate(token)), kSessionGone);
}

TEST_F(OpaqueTokenTest, EndsWithItsSession) {
  const std::string token = keep(1h);
  run(vault_->sessions().end(tokens_.session));
  EXPECT_FAILS(run(vault_->sessions().authenticate(token)), kSessionGone);
  EXPECT_FALSE(run(vault_->sessions().keep(tokens_.session, 1h)));
}

TEST_F(OpaqueTokenTest, IsNoRefreshToken) {
  const std::string token = keep(1h);
  EXPECT_FAILS(run(vault_->sessions().refresh(token)), kTokenInvalid);
  EXPECT_FAILS(run(vault_->sessions().renew(token)), kTokenInvalid);
  EXPECT_FAILS(run(vault_->sessions().inspect(token)), kTokenInvalid);
}

TEST_F(OpaqueTokenTest, CannotBeMadeOfAnother) {
  const std::string token = keep(1h);
  for (std::size_t at = 0; at < token.size(); ++at) {
    std::string forged = token;
    forged[at] = forged[at] == '0' ? '1' : '0';
    EXPECT_FALSE(run(vault_->sessions().authenticate(forged))) << at;
  }
  std::string upper = token;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_FAILS(run(vault_->sessions().authenticate(upper)), kTokenInvalid);
}

// A number that is given again, after the restore of a backup, is another session.
TEST(SessionTokens, BindAnOpaqueTokenToAccountAndTime) {
  const SessionTokens signer(Bytes(32, std::byte{7}));
  const Time now = from_micros(1'700'000'000'000'000);
  std::set<std::string> tokens{
      signer.sign_opaque(SessionId{1}, AccountId{2}, now),
      signer.sign_opaque(SessionId{2}, AccountId{2}, now),
      signer.sign_opaque(SessionId{1}, AccountId{3}, now),
      signer.sign_opaque(SessionId{1}, AccountId{2}, now + 1us),
      SessionTokens(Bytes(32, std::byte{8})).sign_opaque(SessionId{1}, AccountId{2}, now)};
  EXPECT_EQ(tokens.size(), 5u);
  EXPECT_EQ(SessionTokens::read_opaque(signer.sign_opaque(SessionId{0x123456789abc}, {}, now)),
            SessionId{0x123456789abc});
  for (const char* none : {"", "x", "0123456789abcdef0123456789abcdef0123456",
                           "g123456789abcdef0123456789abcdef01234567"}) {
    EXPECT_FALSE(SessionTokens::read_opaque(none)) << none;
  }
}

}  // namespace
}  // namespace coffer::vault::test
