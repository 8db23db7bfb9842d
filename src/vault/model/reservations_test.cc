#include "vault/model/reservations.h"

#include <atomic>

#include "vault/test/fixture.h"

namespace coffer::vault::test {
namespace {

// For ten files of 1000 bytes whose names have one.
constexpr std::uint64_t kCharge = kEntryCharge + 1;
constexpr std::uint64_t kQuota = 10 * (1000 + kCharge);

class ReservationsTest : public VaultTest {
 protected:
  ReservationsTest() : VaultTest(with_quota()) {}

  static Policy with_quota() {
    Policy policy;
    policy.quota = kQuota;
    return policy;
  }

  std::uint64_t left() { return run(vault_->accounts().space_left(anna_.id)).value(); }

  Result<StagedBlob> announce(std::uint64_t size, const std::string& content) {
    TextStream stream(content);
    return run(vault_->uploads().receive(anna_.id, stream, size));
  }

  const Account anna_ = make_account("anna");
};

// Asks in the middle of an upload.
class Probe final : public InputStream {
 public:
  Probe(std::string text, std::function<void(std::size_t)> look)
      : stream_(std::move(text), 500), look_(std::move(look)) {}
  Task<std::expected<std::size_t, StreamFault>> read(ByteSpan into) override {
    look_(stream_.taken());
    co_return co_await stream_.read(into);
  }

 private:
  TextStream stream_;
  std::function<void(std::size_t)> look_;
};

TEST_F(ReservationsTest, WhatIsUnderWayIsTakenAndGivenBack) {
  EXPECT_EQ(left(), kQuota);
  {
    constexpr std::uint64_t kOthers = kQuota - 4000 - kEntryCharge;
    Probe known(std::string(4000, 'x'), [&](std::size_t) { EXPECT_EQ(left(), kOthers); });
    auto staged = run(vault_->uploads().receive(anna_.id, known, 4000));
    ASSERT_TRUE(staged);
    EXPECT_EQ(left(), kOthers) << "until it is committed, or gone";
    EXPECT_FAILS(announce(kOthers - kEntryCharge + 1, ""), kQuotaExceeded);
    EXPECT_TRUE(announce(kOthers - kEntryCharge, ""));
  }
  EXPECT_EQ(left(), kQuota);
  Probe growing(std::string(4000, 'y'),
                [&](std::size_t taken) { EXPECT_EQ(left(), kQuota - taken - kEntryCharge); });
  ASSERT_TRUE(run(vault_->uploads().receive(anna_.id, growing, std::nullopt)));
  EXPECT_EQ(left(), kQuota);
  TextStream broken(std::string(3000, 'z'), 100, StreamFault::kTruncated);
  EXPECT_FAILS(run(vault_->uploads().receive(anna_.id, broken, 5000)), kBadStream);
  EXPECT_EQ(left(), kQuota);
}

TEST_F(ReservationsTest, WhatIsFreedMeanwhileIsThereForWhatIsUnderWay) {
  const Entry file = upload(anna_, "f", std::string(kQuota - 2000 - kCharge, 'x'));
  bool removed = false;
  Probe growing(std::string(4000, 'y'), [&](std::size_t taken) {
    if (taken < 500 || std::exchange(removed, true)) return;
    ASSERT_TRUE(run(vault_->files().remove(as(anna_), file.id)));
  });
  EXPECT_TRUE(run(vault_->uploads().receive(anna_.id, growing, std::nullopt)));
  EXPECT_TRUE(removed);
  EXPECT_EQ(left(), kQuota);

  Probe lifted(std::string(kQuota + 500, 'z'), [&](std::size_t taken) {
    if (taken >= 500) run(vault_->accounts().set_quota(anna_.id, std::nullopt)).value();
  });
  EXPECT_TRUE(run(vault_->uploads().receive(anna_.id, lifted, std::nullopt)));
}

TEST_F(ReservationsTest, WhatIsCommittedCountsOnce) {
  auto staged = receive(anna_, std::string(4000, 'x'));
  ASSERT_TRUE(commit(anna_, {.staged = std::move(*staged), .name = "a"}));
  EXPECT_EQ(left(), kQuota - 4000 - kCharge) << "though the upload is not gone yet";
  EXPECT_EQ(account(anna_.id).used, 4000U);
  EXPECT_EQ(account(anna_.id).charged, 4000 + kCharge);
  auto refused = receive(anna_, std::string(4000, 'y'));
  EXPECT_FALSE(commit(anna_, {.staged = std::move(*refused), .name = std::string(300, 'n')}));
}

TEST_F(ReservationsTest, ReplacingNeedsTheDifference) {
  const Entry file = upload(anna_, "f", std::string(9000, 'x'));
  EXPECT_EQ(file.charged, 9000 + kCharge);
  TextStream larger(std::string(9500, 'y'));
  auto staged = run(vault_->uploads().receive(anna_.id, larger, std::nullopt, file.charged));
  ASSERT_TRUE(staged);
  EXPECT_EQ(left(), kQuota - 9500 - kEntryCharge);
  EXPECT_FAILS(announce(left() - kEntryCharge + 1, ""), kQuotaExceeded);
  ASSERT_TRUE(run(vault_->files().replace(as(anna_), file.id, std::move(*staged))));
  EXPECT_EQ(left(), kQuota - 9500 - kCharge);
}

TEST_F(ReservationsTest, PartsReserveToo) {
  const UploadSession upload = begin_parts(anna_, "film");
  const std::uint64_t begun = kQuota - kEntryCharge - 4;
  EXPECT_EQ(left(), begun);
  Probe part(std::string(7000, 'p'),
             [&](std::size_t) { EXPECT_EQ(left(), begun - 7000 - kPartCharge); });
  auto staged = run(vault_->upload_sessions().receive_part(anna_.id, upload.uuid, 1, part, 7000));
  ASSERT_TRUE(staged);
  EXPECT_FAILS(announce(left() - kEntryCharge + 1, ""), kQuotaExceeded);
  ASSERT_TRUE(
      run(vault_->upload_sessions().commit_part(as(anna_), upload.uuid, 1, std::move(*staged))));
  EXPECT_EQ(left(), begun - 7000 - kPartCharge);
  ASSERT_TRUE(run(vault_->upload_sessions().abandon(as(anna_), upload.uuid)));
  staged = std::unexpected(Failure{.code = FailureCode::kBusy, .message = {}});
  EXPECT_EQ(left(), kQuota);
}

TEST_F(ReservationsTest, ExactlyAsManyFitAsFit) {
  std::atomic<int> made = 0;
  in_parallel(20, [&](int i) {
    const std::string content(1000, static_cast<char>('a' + i));
    TextStream stream(content);
    const bool announced = i % 2 == 0;
    auto staged = run(vault_->uploads().receive(
        anna_.id, stream, announced ? std::optional<std::uint64_t>(1000) : std::nullopt));
    if (staged && commit(anna_, {.staged = std::move(*staged), .name = "f"})) ++made;
  });
  EXPECT_LE(made, 10);
  EXPECT_EQ(account(anna_.id).used, static_cast<std::uint64_t>(made) * 1000);
  EXPECT_EQ(account(anna_.id).charged, static_cast<std::uint64_t>(made) * (1000 + kCharge));
  EXPECT_EQ(left(), kQuota - account(anna_.id).charged);
  // One after the other, all that is left is filled.
  while (try_upload(anna_, "f", std::string(1000, '+'))) ++made;
  EXPECT_EQ(made, 10);
  EXPECT_EQ(left(), 0U);
}

TEST_F(ReservationsTest, AQuotaMayBeSetAndTakenAway) {
  upload(anna_, "f", std::string(5000, 'x'));
  ASSERT_TRUE(run(vault_->accounts().set_quota(anna_.id, 4000)));
  EXPECT_EQ(left(), 0U);
  EXPECT_FAILS(try_upload(anna_, "g", "x"), kQuotaExceeded);
  EXPECT_FAILS(try_upload(anna_, "empty", ""), kQuotaExceeded);
  ASSERT_TRUE(run(vault_->accounts().set_quota(anna_.id, std::nullopt)));
  EXPECT_FALSE(run(vault_->accounts().space_left(anna_.id)));
  EXPECT_TRUE(try_upload(anna_, "g", std::string(50'000, 'g')));
  EXPECT_FAILS(run(vault_->accounts().set_quota(AccountId{999}, 1)), kNotFound);
}

TEST_F(ReservationsTest, WithoutAQuotaNothingIsReserved) {
  ASSERT_TRUE(run(vault_->accounts().set_quota(anna_.id, std::nullopt)));
  auto staged = receive(anna_, "x");
  ASSERT_TRUE(staged);
}

}  // namespace
}  // namespace coffer::vault::test
