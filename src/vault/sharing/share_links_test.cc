#include "vault/sharing/share_links.h"

#include <atomic>
#include <chrono>

#include "vault/test/fixture.h"

using namespace std::chrono_literals;

namespace coffer::vault::test {
namespace {

const std::string kAddress = "192.0.2.1";

class ShareLinksTest : public VaultTest {
 protected:
  Result<ShareLink> try_share(const Account& owner, Shareable target, ShareLinkPolicy policy = {}) {
    return run(vault_->share_links().create(as(owner), target, std::move(policy)));
  }
  ShareLink share(const Account& owner, Shareable target, ShareLinkPolicy policy = {}) {
    return try_share(owner, target, std::move(policy)).value();
  }
  Result<OpenShareLink> open_link(const ShareLink& link) {
    return run(vault_->share_links().open(link.token));
  }
  Result<ShareLinks::Key> unlock(const ShareLink& link, const std::string& password,
                                 const std::string& address = kAddress) {
    return run(vault_->share_links().unlock(link, password, address));
  }
  Result<CountedDownload> download(const ShareLink& link, const Entry& file,
                                   const std::string& client = "curl") {
    ShareDownload download;
    download.client = client;
    download.bytes = file.size;
    return run(vault_->share_links().count(link, file, download));
  }
  Result<CountedDownload> download_part(const ShareLink& link, const Entry& file,
                                        const std::string& client, std::uint64_t bytes = 0) {
    ShareDownload download;
    download.client = client;
    download.is_range = true;
    download.bytes = bytes;
    return run(vault_->share_links().count(link, file, download));
  }
  bool is_open_to(const ShareLink& link, const Entry& file, const std::string& client,
                  bool is_range = true) {
    const ShareLink now = open_link(link)->link;
    ShareDownload download;
    download.client = client;
    download.is_range = is_range;
    return run(vault_->share_links().is_open_to(now, file, download));
  }
  std::uint64_t downloads_of(const ShareLink& link) {
    return run(vault_->share_links().find(link.owner, link.id))->downloads;
  }
  Collection make_collection(const Account& owner, std::vector<EntryId> files) {
    const auto made = run(vault_->collections().create(as(owner), "Summer", std::nullopt));
    return run(vault_->collections().add(as(owner), made->id, std::move(files))).value();
  }

  Account anna_ = make_account("anna");
};

TEST_F(ShareLinksTest, OpensWhatItIsOfAndTellsNothingElse) {
  const Entry file = upload(anna_, "a.jpg", "bytes");
  const Collection collection = make_collection(anna_, {file.id});
  const ShareLink of_file = share(anna_, file.id);
  const ShareLink of_collection = share(anna_, collection.id);
  const Entry seen = std::get<Entry>(open_link(of_file)->shared);
  EXPECT_EQ(seen.id, file.id);
  EXPECT_EQ(seen.uuid, of_file.token);
  EXPECT_EQ(seen.share, of_file.token);
  EXPECT_EQ(std::get<Collection>(open_link(of_collection)->shared).name, "Summer");
  const Entry below = vault_->share_links().for_reader(of_collection, file);
  EXPECT_NE(below.uuid, file.uuid);
  EXPECT_NE(below.share, file.share);
  EXPECT_EQ(run(vault_->share_links().find_file(of_collection, below.uuid))->id, file.id);
  EXPECT_FAILS(run(vault_->share_links().find_file(of_collection, file.uuid)), kNotFound);
  EXPECT_FAILS(run(vault_->share_links().find_file(of_file, below.uuid)), kNotFound);
  EXPECT_FAILS(run(vault_->share_links().find_file(share(anna_, collection.id), below.uuid)),
               kNotFound);
  // It opens nothing as the token of a folder's share.
  EXPECT_FAILS(run(vault_->shares().find(below.uuid)), kNotFound);
  EXPECT_FAILS(run(vault_->shares().find(of_file.token)), kNotFound);
  EXPECT_FAILS(run(vault_->share_links().open(file.share)), kNotFound);
}

TEST_F(ShareLinksTest, BelongsToItsOwnerAlone) {
  const Account bert = make_account("bert");
  const Entry file = upload(anna_, "a.jpg", "bytes");
  const Collection collection = make_collection(anna_, {});
  EXPECT_FAILS(try_share(bert, file.id), kNotFound);
  EXPECT_FAILS(try_share(bert, collection.id), kNotFound);
  EXPECT_FAILS(try_share(anna_, make_folder(anna_, "folder").id), kNotFound);
  const ShareLink link = share(anna_, file.id);
  EXPECT_FAILS(run(vault_->share_links().find(bert.id, link.id)), kNotFound);
  EXPECT_FAILS(run(vault_->share_links().update(as(bert), link.id, {.allow_download = false})),
               kNotFound);
  EXPECT_FAILS(run(vault_->share_links().revoke(as(bert), link.id)), kNotFound);
  EXPECT_EQ(run(vault_->share_links().list(bert.id, {.target = file.id})).total, 0U);
}

TEST_F(ShareLinksTest, IsListedChangedAndRevoked) {
  const Entry file = upload(anna_, "a.jpg", "bytes");
  const Collection collection = make_collection(anna_, {file.id});
  const std::uint64_t charged = account(anna_.id).charged;
  const ShareLink first = share(anna_, file.id);
  const ShareLink second = share(anna_, collection.id);
  EXPECT_EQ(account(anna_.id).charged, charged + 2 * kSecretCharge);
  const ShareLinkPage all = run(vault_->share_links().list(anna_.id, {}));
  ASSERT_EQ(all.total, 2U);
  EXPECT_EQ(all.links[0].id, second.id);
  EXPECT_EQ(run(vault_->share_links().list(anna_.id, {.offset = 1})).links.at(0).id, first.id);
  EXPECT_EQ(run(vault_->share_links().list(anna_.id, {.target = file.id})).links.at(0).id,
            first.id);
  EXPECT_EQ(run(vault_->share_links().list(anna_.id, {.target = collection.id})).total, 1U);

  ShareLinkChanges changes;
  changes.max_downloads = std::optional<std::uint64_t>(3);
  changes.allow_download = false;
  changes.expires_at = std::optional<Time>(clock_.now() + 1h);
  const auto changed = run(vault_->share_links().update(as(anna_), first.id, changes));
  EXPECT_EQ(changed->max_downloads, 3U);
  EXPECT_FALSE(changed->allow_download);
  EXPECT_EQ(changed->token, first.token);
  EXPECT_EQ(run(vault_->share_links().find(anna_.id, first.id))->expires_at, clock_.now() + 1h);

  ASSERT_TRUE(run(vault_->share_links().revoke(as(anna_), first.id)));
  EXPECT_FAILS(open_link(first), kNotFound);
  EXPECT_FAILS(run(vault_->share_links().revoke(as(anna_), first.id)), kNotFound);
  EXPECT_EQ(account(anna_.id).charged, charged + kSecretCharge);
}

TEST_F(ShareLinksTest, ChecksItsPolicy) {
  const Entry file = upload(anna_, "a.jpg", "bytes");
  const auto refused =
      try_share(anna_, file.id, {.password = "", .expires_at = clock_.now(), .max_downloads = 0});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, FailureCode::kInvalid);
  EXPECT_EQ(fields_of(refused.error()),
            (std::set<std::string>{"password", "expires_at", "max_downloads"}));
  EXPECT_FAILS(try_share(anna_, file.id, {.password = std::string(1025, 'x')}), kInvalid);
  for (std::uint64_t i = 0; i < kShareLinksMax; ++i) share(anna_, file.id);
  EXPECT_FAILS(try_share(anna_, file.id), kQuotaExceeded);
}

TEST_F(ShareLinksTest, ExpiresAndEndsWithItsOwner) {
  const Entry file = upload(anna_, "a.jpg", "bytes");
  const ShareLink link = share(anna_, file.id, {.expires_at = clock_.now() + 1h});
  clock_.advance(1h - 1us);
  EXPECT_TRUE(open_link(link));
  clock_.advance(1us);
  EXPECT_FAILS(open_link(link), kNotFound);
  ShareLinkChanges longer;
  longer.expires_at = std::optional<Time>(clock_.now() + 1h);
  ASSERT_TRUE(run(vault_->share_links().update(as(anna_), link.id, longer)));
  EXPECT_TRUE(open_link(link));
  ASSERT_TRUE(run(vault_->accounts().set_disabled(anna_.id, true)));
  EXPECT_FAILS(open_link(link), kNotFound);
  ASSERT_TRUE(run(vault_->accounts().set_disabled(anna_.id, false)));
  ASSERT_TRUE(run(vault_->account_removal().remove(anna_.id)));
  EXPECT_FAILS(open_link(link), kNotFound);
}

TEST_F(ShareLinksTest, EndsWithWhatItIsOf) {
  const Entry trashed = upload(anna_, "a.jpg", "bytes");
  const Entry removed = upload(anna_, "b.jpg", "bytes");
  const Entry folder = make_folder(anna_, "folder");
  const Entry below = upload_into(anna_, folder.id, "c.jpg", "bytes");
  const Collection collection = make_collection(anna_, {trashed.id, removed.id, below.id});
  const std::uint64_t charged = account(anna_.id).charged;
  std::vector<ShareLink> links;
  for (const Entry& file : {trashed, removed, below}) links.push_back(share(anna_, file.id));
  links.push_back(share(anna_, collection.id));
  ASSERT_TRUE(run(vault_->trash().put(as(anna_), trashed.id)));
  ASSERT_TRUE(remove(anna_, removed.id));
  ASSERT_TRUE(run(vault_->folders().remove(as(anna_), folder.id)));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_FAILS(open_link(links[i]), kNotFound);
  ASSERT_TRUE(run(vault_->trash().restore(as(anna_), trashed.id)));
  EXPECT_FAILS(open_link(links[0]), kNotFound);
  EXPECT_TRUE(open_link(links[3]));
  ASSERT_TRUE(run(vault_->collections().remove(as(anna_), collection.id)));
  EXPECT_FAILS(open_link(links[3]), kNotFound);
  clear_all();
  EXPECT_EQ(run(vault_->share_links().list(anna_.id, {})).total, 0U);
  EXPECT_LT(account(anna_.id).charged, charged);
}

TEST_F(ShareLinksTest, FollowsItsCollection) {
  const Entry one = upload(anna_, "a.jpg", "bytes");
  const Entry two = upload(anna_, "b.jpg", "bytes");
  const Collection collection = make_collection(anna_, {one.id});
  const ShareLink link = share(anna_, collection.id);
  const Uuid ref_one = vault_->share_links().for_reader(link, one).uuid;
  const Uuid ref_two = vault_->share_links().for_reader(link, two).uuid;
  EXPECT_FAILS(run(vault_->share_links().find_file(link, ref_two)), kNotFound);
  ASSERT_TRUE(run(vault_->collections().add(as(anna_), collection.id, {two.id})));
  EXPECT_TRUE(run(vault_->share_links().find_file(link, ref_two)));
  ASSERT_TRUE(run(vault_->collections().take_out(as(anna_), collection.id, one.id)));
  EXPECT_FAILS(run(vault_->share_links().find_file(link, ref_one)), kNotFound);
}

TEST_F(ShareLinksTest, AsksForItsPassword) {
  const Entry file = upload(anna_, "a.jpg", "bytes");
  const ShareLink open = share(anna_, file.id);
  EXPECT_TRUE(vault_->share_links().is_unlocked(open, ""));
  const ShareLink link = share(anna_, file.id, {.password = "open sesame"});
  const ShareLink other = share(anna_, file.id, {.password = "open sesame"});
  EXPECT_EQ(link.password.find("sesame"), std::string::npos);
  for (const std::string& key : {std::string(), std::string("."), std::string("1.x"),
                                 "9223372036854775807." + link.token.str()}) {
    EXPECT_FALSE(vault_->share_links().is_unlocked(link, key)) << key;
  }
  EXPECT_FAILS(unlock(link, "wrong"), kWrongPassword);
  const auto key = unlock(link, "open sesame");
  ASSERT_TRUE(key);
  EXPECT_TRUE(vault_->share_links().is_unlocked(link, key->text));
  EXPECT_FALSE(vault_->share_links().is_unlocked(other, key->text));
  clock_.advance(key->lasts - 1s);
  EXPECT_TRUE(vault_->share_links().is_unlocked(link, key->text));
  clock_.advance(1s);
  EXPECT_FALSE(vault_->share_links().is_unlocked(link, key->text));
}

TEST_F(ShareLinksTest, ANewPasswordLocksOthersOut) {
  const Entry file = upload(anna_, "a.jpg", "bytes");
  const ShareLink link = share(anna_, file.id, {.password = "old"});
  const std::string key = unlock(link, "old")->text;
  ShareLinkChanges changes;
  changes.password = std::optional<std::string>("new");
  const ShareLink changed = run(vault_->share_links().update(as(anna_), link.id, changes)).value();
  EXPECT_FALSE(vault_->share_links().is_unlocked(changed, key));
  EXPECT_FAILS(unlock(changed, "old"), kWrongPassword);
  EXPECT_TRUE(unlock(changed, "new"));
  changes.password = std::optional<std::string>();
  const ShareLink freed = run(vault_->share_links().update(as(anna_), link.id, changes)).value();
  EXPECT_FALSE(freed.has_password());
  EXPECT_TRUE(vault_->share_links().is_unlocked(freed, ""));
}

TEST_F(ShareLinksTest, BoundsWrongPasswords) {
  Policy policy;
  policy.password_attempts = 5;
  open(policy);
  const Entry file = upload(anna_, "a.jpg", "bytes");
  const ShareLink link = share(anna_, file.id, {.password = "secret"});
  for (int i = 0; i < 5; ++i) EXPECT_FAILS(unlock(link, "wrong"), kWrongPassword);
  EXPECT_FAILS(unlock(link, "secret"), kRateLimited);
  EXPECT_FAILS(unlock(link, "secret", "198.51.100.7"), kRateLimited);
  EXPECT_TRUE(run(vault_->sessions().log_in({"anna", "correct horse"}))) << "the account is not";
  // From the address where they were tried, no other link's is let through, but every account's.
  const ShareLink other = share(anna_, file.id, {.password = "secret"});
  EXPECT_FAILS(unlock(other, "secret"), kRateLimited);
  EXPECT_TRUE(run(vault_->sessions().log_in({"anna", "correct horse", kAddress})));
  clock_.advance(2min);
  EXPECT_TRUE(unlock(link, "secret"));
}

TEST_F(ShareLinksTest, CountsWholeDownloads) {
  const Entry file = upload(anna_, "a.jpg", "bytes");
  const ShareLink link = share(anna_, file.id, {.max_downloads = 2});
  EXPECT_TRUE(download(link, file));
  EXPECT_TRUE(download(link, file));
  EXPECT_FAILS(download(link, file), kNotFound);
  EXPECT_EQ(downloads_of(link), 2U);
  EXPECT_TRUE(open_link(link)->link.is_used_up());
  ShareLinkChanges more;
  more.max_downloads = std::optional<std::uint64_t>(3);
  ASSERT_TRUE(run(vault_->share_links().update(as(anna_), link.id, more)));
  EXPECT_TRUE(download(link, file));
}

TEST_F(ShareLinksTest, PartsBelongToTheDownloadOfTheirClient) {
  const Entry file = upload(anna_, "a.mp3", "bytes");
  const Entry other = upload(anna_, "b.mp3", "bytes");
  const Collection collection = make_collection(anna_, {file.id, other.id});
  const ShareLink link = share(anna_, collection.id, {.max_downloads = 3});
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(download_part(link, file, "player"));
  EXPECT_EQ(downloads_of(link), 1U);
  EXPECT_TRUE(is_open_to(link, file, "somebody")) << "there are more";
  EXPECT_TRUE(download_part(link, file, "another player"));
  EXPECT_TRUE(download_part(link, other, "player"));
  EXPECT_EQ(downloads_of(link), 3U);
  EXPECT_FAILS(download_part(link, other, "another player"), kNotFound);
  EXPECT_TRUE(download_part(link, other, "player")) << "it goes on";
  EXPECT_TRUE(is_open_to(link, other, "player"));
  EXPECT_FALSE(is_open_to(link, file, "somebody"));
  EXPECT_FALSE(is_open_to(link, other, "another player")) << "who was counted for another file";
  EXPECT_FALSE(is_open_to(link, other, "player", /*is_range=*/false)) << "that is another download";
  // The whole of it is another one.
  EXPECT_FAILS(download(link, other, "player"), kNotFound);
  clock_.advance(kShareDownloadLasts);
  EXPECT_FAILS(download_part(link, other, "player"), kNotFound);
  EXPECT_FALSE(is_open_to(link, other, "player"));
  EXPECT_FALSE(run(vault_->share_links().prune(16)));
  static constexpr db::Statement kRows{"SELECT count(*) FROM share_download"};
  EXPECT_EQ(count(kRows), 0);
}

TEST_F(ShareLinksTest, ADownloadThatWasNotSentIsGivenBack) {
  const Entry file = upload(anna_, "a.jpg", "bytes");
  const ShareLink link = share(anna_, file.id, {.max_downloads = 1});
  const auto counted = download(link, file);
  ASSERT_TRUE(counted);
  run(vault_->share_links().settle(*counted, 0, /*is_lost=*/true));
  EXPECT_EQ(downloads_of(link), 0U);
  const auto again = download(link, file);
  ASSERT_TRUE(again);
  run(vault_->share_links().settle(*again, 1, /*is_lost=*/true));
  EXPECT_EQ(downloads_of(link), 1U) << "a byte of it was sent";
}

TEST_F(ShareLinksTest, ADownloadSendsTheFileTwiceAndNoMore) {
  const Entry file = upload(anna_, "a.mp3", "0123456789");
  const ShareLink link = share(anna_, file.id, {.max_downloads = 2});
  EXPECT_TRUE(download_part(link, file, "player", 10));
  EXPECT_TRUE(download_part(link, file, "player", 9));
  EXPECT_TRUE(download_part(link, file, "player", 10)) << "less than twice were sent before";
  EXPECT_EQ(downloads_of(link), 1U);
  EXPECT_TRUE(download_part(link, file, "player", 10));
  EXPECT_EQ(downloads_of(link), 2U) << "it counted anew";
  EXPECT_TRUE(is_open_to(link, file, "player"));
  EXPECT_TRUE(download_part(link, file, "player", 10));
  EXPECT_FALSE(is_open_to(link, file, "player"));
  EXPECT_FAILS(download_part(link, file, "player", 1), kNotFound);
}

TEST_F(ShareLinksTest, WhatAPlayerLeavesUnreadIsNotSent) {
  const Entry file = upload(anna_, "a.mp3", "0123456789");
  const ShareLink link = share(anna_, file.id, {.max_downloads = 1});
  for (int i = 0; i < 10; ++i) {
    const auto counted = download_part(link, file, "player", 10);
    ASSERT_TRUE(counted);
    run(vault_->share_links().settle(*counted, 1, /*is_lost=*/true));
  }
  // Ten bytes by now. What is under way counts too.
  EXPECT_TRUE(download_part(link, file, "player", 10));
  EXPECT_FAILS(download_part(link, file, "player", 10), kNotFound);
  EXPECT_EQ(downloads_of(link), 1U);
}

TEST_F(ShareLinksTest, CountsNothingWithoutAMaximum) {
  const Entry file = upload(anna_, "a.jpg", "bytes");
  const ShareLink link = share(anna_, file.id);
  EXPECT_FALSE(download(link, file)->counted_at);
  EXPECT_EQ(downloads_of(link), 0U);
}

TEST_F(ShareLinksTest, OfManyAtOnceSoManySucceed) {
  const Entry file = upload(anna_, "a.jpg", "bytes");
  const ShareLink link = share(anna_, file.id, {.max_downloads = 10});
  std::atomic<int> sent = 0;
  in_parallel(32, [&](int i) {
    if (download(link, file, "client " + std::to_string(i))) ++sent;
  });
  EXPECT_EQ(sent, 10);
  EXPECT_EQ(downloads_of(link), 10U);
}

}  // namespace
}  // namespace coffer::vault::test
