#include <gtest/gtest.h>

#include "vault/test/fixture.h"

namespace coffer::vault::test {
namespace {

const Sha256Digest kKey = Sha256::of(as_bytes("key"));
const Sha256Digest kFingerprint = Sha256::of(as_bytes("request"));

class IdempotencyTest : public VaultTest {
 protected:
  std::unique_ptr<IdempotencyClaim> claim(const Sha256Digest& key = kKey) {
    return std::make_unique<IdempotencyClaim>(
        key, [] { return kFingerprint; }, clock_);
  }
  Result<Collection> create(const Account& owner, IdempotencyClaim& with,
                            const std::string& name = "Summer") {
    return run(vault_->collections().create(as(owner).claiming(&with), name, std::nullopt));
  }
  bool keep(const Account& owner, const IdempotencyClaim& with, std::string body) {
    return run(
        vault_->idempotency_keys().keep(as(owner), with, {201, "A: b\r\n", std::move(body)}));
  }
  std::optional<KeptRequest> find(const Account& owner, const Sha256Digest& key = kKey) {
    return run(vault_->idempotency_keys().find(owner.id, key));
  }
  std::size_t collections(const Account& owner) {
    return run(vault_->collections().list(owner.id, {})).items.size();
  }

  Account anna_ = make_account("anna");
  Account bert_ = make_account("bert");
};

TEST_F(IdempotencyTest, AChangeAndItsKeyAreCommittedTogether) {
  const auto first = claim();
  EXPECT_FALSE(find(anna_));
  const auto made = create(anna_, *first);
  ASSERT_TRUE(made);
  EXPECT_TRUE(first->is_committed());
  auto kept = find(anna_);
  ASSERT_TRUE(kept) << "before any reply is known";
  EXPECT_EQ(kept->fingerprint, kFingerprint);
  EXPECT_FALSE(kept->reply);
  EXPECT_EQ(kept->first_event, kept->last_event);
  const auto page = run(vault_->events().read(EventId{kept->first_event.value - 1}, 1));
  EXPECT_EQ(page.events.at(0).collection, made->id);

  EXPECT_TRUE(keep(anna_, *first, "made"));
  kept = find(anna_);
  EXPECT_EQ(kept->reply->status, 201U);
  EXPECT_EQ(kept->reply->headers, "A: b\r\n");
  EXPECT_EQ(kept->reply->body, "made");
  EXPECT_FALSE(keep(anna_, *first, "made again")) << "the first reply stands";
  EXPECT_EQ(find(anna_)->reply->body, "made");
}

TEST_F(IdempotencyTest, ASecondRequestWithTheKeyChangesNothing) {
  const auto first = claim();
  const auto second = claim();
  ASSERT_TRUE(create(anna_, *first));
  EXPECT_FAILS(create(anna_, *second), kRequestInProgress);
  EXPECT_FALSE(second->is_committed());
  EXPECT_EQ(collections(anna_), 1U);
  const auto third = claim();
  EXPECT_TRUE(create(bert_, *third)) << "another account's key is another key";
}

TEST_F(IdempotencyTest, ARefusedChangeLeavesNoKey) {
  const auto first = claim();
  const Result<void> refused =
      run(vault_->collections().remove(as(anna_).claiming(first.get()), CollectionId{99}));
  EXPECT_FAILS(refused, kNotFound);
  EXPECT_FALSE(first->is_committed());
  EXPECT_FALSE(find(anna_));
  EXPECT_TRUE(create(anna_, *first)) << "it is free";
}

TEST_F(IdempotencyTest, FurtherChangesOfTheRequestGoOn) {
  const auto first = claim();
  ASSERT_TRUE(create(anna_, *first, "one"));
  ASSERT_TRUE(create(anna_, *first, "two"));
  EXPECT_EQ(collections(anna_), 2U);
}

TEST_F(IdempotencyTest, ARequestThatChangedNothingIsKeptWithItsReply) {
  const auto first = claim();
  EXPECT_TRUE(keep(anna_, *first, "nothing to do"));
  const auto kept = find(anna_);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->reply->body, "nothing to do");
  EXPECT_LT(kept->last_event, kept->first_event);
  const auto second = claim();
  EXPECT_FALSE(keep(anna_, *second, "another"));
  EXPECT_EQ(find(anna_)->reply->body, "nothing to do");
}

TEST_F(IdempotencyTest, KeysAreChargedAndGivenBack) {
  const auto before = account(anna_.id).charged;
  const auto first = claim();
  const auto second = claim(Sha256::of(as_bytes("another")));
  ASSERT_TRUE(create(anna_, *first));
  const auto collection = run(vault_->collections().list(anna_.id, {})).items.at(0);
  ASSERT_TRUE(keep(anna_, *first, std::string(1000, 'x')));
  ASSERT_TRUE(keep(anna_, *second, "y"));
  ASSERT_TRUE(run(vault_->collections().remove(as(anna_), collection.id)));
  EXPECT_EQ(account(anna_.id).charged, before + 2 * 256 + 1000 + 1 + 2 * 6);
  EXPECT_EQ(contradictions(), std::vector<std::string>());

  clock_.advance(kIdempotencyLifetime);
  EXPECT_FALSE(find(anna_)) << "a day later it is forgotten,";
  const auto third = claim();
  ASSERT_TRUE(create(anna_, *third)) << "and free";
  EXPECT_EQ(run(vault_->idempotency_keys().prune(100)), 1U) << "the other one";
  EXPECT_EQ(run(vault_->idempotency_keys().prune(100)), 0U);
  EXPECT_TRUE(find(anna_)) << "the new one stays";
}

TEST_F(IdempotencyTest, LongRepliesAndThoseBeyondTheQuotaAreNotKept) {
  const auto first = claim();
  ASSERT_TRUE(create(anna_, *first));
  EXPECT_FALSE(keep(anna_, *first, std::string(kKeptReplyMax, 'x')));
  const auto charged = account(anna_.id).charged;
  ASSERT_TRUE(run(vault_->accounts().set_quota(anna_.id, charged + 10)));
  EXPECT_FALSE(keep(anna_, *first, "more than ten"));
  EXPECT_TRUE(find(anna_)) << "that it was carried out stays known";
  const auto second = claim(Sha256::of(as_bytes("another")));
  EXPECT_FAILS(create(anna_, *second), kQuotaExceeded);
  EXPECT_EQ(collections(anna_), 1U);
}

}  // namespace
}  // namespace coffer::vault::test
