// Assets that are public objects of the store too: what makes them, and all that takes them away.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "blobs/test_placed_store.h"
#include "vault/test/fixture.h"
#include "vault/upkeep/blob_migration.h"
#include "vault/upkeep/place_ledger.h"
#include "vault/upkeep/placed_blobs.h"

namespace coffer::vault::test {
namespace {

constexpr db::Statement kPublicRows{"SELECT count(*) FROM public_object"};

class PublicObjectsTest : public VaultTest {
 protected:
  PublicObjectsTest() {
    vault_.reset();
    stores_.blobs.reset();
    ledger_ = open_place_ledger(*stores_.database);
    auto store = std::make_unique<blobs::test::PlacedStore>(bytes_, *ledger_, system_entropy());
    store_ = store.get();
    store_->is_public = true;
    stores_.blobs = std::move(store);
    vault_ = run(Vault::open({.database = *stores_.database,
                              .blobs = *stores_.blobs,
                              .clock = clock_,
                              .entropy = system_entropy(),
                              .passwords = passwords_,
                              .classify = classify,
                              .policy = {}}));
    anna_ = make_account("anna");
    project_ = run(vault_->projects().create(as(anna_), {.name = "Film"})).value().id;
    box_ = make_box().id;
  }
  ~PublicObjectsTest() override {
    vault_.reset();
    stores_.blobs.reset();
  }

  static FileType classify(std::string_view name, ByteView head) {
    if (name.ends_with(".svg")) return {"image/svg+xml", FileKind::kImage};
    return classify_by_extension(name, head);
  }

  Box make_box() {
    return run(vault_->boxes().create(as(anna_), project_, {.name = "Scene"})).value();
  }
  Result<std::vector<Asset>> try_add(std::size_t count, AssetFields fields = {}) {
    std::vector<AssetFile> files;
    for (std::size_t i = 0; i < count; ++i) {
      auto staged = receive(anna_, kDrawing);
      files.push_back({.staged = std::move(staged.value()), .name = fmt::format("{}.svg", i)});
    }
    return run(vault_->assets().add(as(anna_), box_, std::move(files), std::move(fields)));
  }
  Asset add() { return try_add(1).value().front(); }
  std::string url_of(const Asset& asset) {
    return vault_->assets().public_url(asset.public_object);
  }
  Asset asset(EntryId id) { return run(vault_->assets().find(anna_.id, id)).value(); }
  bool is_stored(const Asset& asset) {
    const std::lock_guard lock(bytes_.mutex);
    return bytes_.at.contains(asset.public_object);
  }
  // All that is to be done behind the requests.
  void clear_away() {
    collect_all();
    while (run(vault_->references().collect_leftovers(3))) {
    }
    EXPECT_EQ(find_inconsistencies_of_places(), "");
  }
  std::string find_inconsistencies_of_places() {
    std::string all;
    for (const auto& [what, count] : run(find_inconsistencies(*stores_.database))) {
      all += fmt::format("{} {}\n", count, what);
    }
    return all;
  }
  // That the asset's object goes and another's with the same bytes stays.
  void expect_gone_after(const std::function<void(const Asset&)>& change) {
    const std::int64_t before = count(kPublicRows);
    const Asset kept = add();
    const Asset changed = add();
    ASSERT_FALSE(url_of(changed).empty());
    ASSERT_NE(url_of(changed), url_of(kept));
    change(changed);
    clear_away();
    EXPECT_FALSE(is_stored(changed));
    EXPECT_TRUE(is_stored(kept));
    EXPECT_EQ(url_of(asset(kept.file.id)), url_of(kept));
    EXPECT_EQ(count(kPublicRows), before + 1);
  }

  static constexpr const char* kDrawing = "<svg/>";

  blobs::test::PlacedBytes bytes_;
  std::unique_ptr<blobs::PlaceLedger> ledger_;
  blobs::test::PlacedStore* store_ = nullptr;
  Account anna_;
  SpaceId project_ = {};
  EntryId box_ = {};
};

TEST_F(PublicObjectsTest, EachAssetHasOneOfItsOwn) {
  const auto assets = try_add(3).value();
  clear_away();
  EXPECT_EQ(bytes_.count(), 1U + 3) << "one blob, and three objects with its bytes";
  for (const Asset& one : assets) {
    EXPECT_TRUE(url_of(one).starts_with("https://public.example/"));
    EXPECT_TRUE(is_stored(one));
    EXPECT_EQ(asset(one.file.id).public_object, one.public_object);
  }
  ASSERT_TRUE(run(vault_->boxes().set_headliner(as(anna_), box_, assets[1].file.id)));
  const Box box = run(vault_->boxes().find(anna_.id, box_)).value();
  EXPECT_EQ(box.headliner->public_object, assets[1].public_object);
  const auto known = run(public_objects(*stores_.database, 0, 256));
  ASSERT_EQ(known.size(), 3U);
  EXPECT_EQ(known[0].digest, Sha256::of(as_bytes(kDrawing)));
  EXPECT_EQ(known[0].size, std::string_view(kDrawing).size());
  // The same with a store that makes none any more.
  store_->is_public = false;
  EXPECT_EQ(url_of(asset(assets[0].file.id)), "");
  EXPECT_EQ(url_of(add()), "");
  ASSERT_TRUE(remove(anna_, assets[0].file.id));
  clear_away();
  EXPECT_FALSE(is_stored(assets[0])) << "what it made goes all the same";
}

TEST_F(PublicObjectsTest, WhatComesThroughOtherApisHasNone) {
  auto staged = receive(anna_, kDrawing);
  std::vector<NewFile> files;
  files.push_back({.staged = std::move(staged.value()), .name = "a.svg", .parent = box_});
  const auto made = run(vault_->uploads().commit(as(anna_), project_, std::move(files)));
  EXPECT_EQ(url_of(asset(made.value().front().id)), "");
}

TEST_F(PublicObjectsTest, AllOrNone) {
  int copies = 0;
  store_->before_copy = [&] {
    if (++copies == 2) throw blobs::Error("it refuses the ACL");
  };
  EXPECT_THROW(try_add(3), blobs::Error);
  clear_away();
  EXPECT_EQ(bytes_.count(), 0U);
  // A refusal behind the copies.
  const auto refused = try_add(2, {.ai_model = std::optional(AiModelId{99})});
  EXPECT_FALSE(refused);
  EXPECT_EQ(copies, 4);
  clear_away();
  EXPECT_EQ(bytes_.count(), 0U);
  EXPECT_EQ(count(kPublicRows), 0);
  EXPECT_EQ(try_add(2).value().size(), 2U);
}

TEST_F(PublicObjectsTest, GoesWithTheFile) {
  expect_gone_after([&](const Asset& asset) { ASSERT_TRUE(remove(anna_, asset.file.id)); });
}

TEST_F(PublicObjectsTest, GoesWhenTheFileIsPutIntoTheTrashAndDoesNotComeBack) {
  expect_gone_after([&](const Asset& changed) {
    ASSERT_TRUE(run(vault_->trash().put(as(anna_), changed.file.id, {})));
    ASSERT_TRUE(run(vault_->trash().restore(as(anna_), changed.file.id)));
    EXPECT_EQ(url_of(asset(changed.file.id)), "");
  });
}

TEST_F(PublicObjectsTest, GoesWhenTheFileGetsOtherBytes) {
  expect_gone_after([&](const Asset& changed) {
    auto staged = receive(anna_, "<svg>other</svg>").value();
    ASSERT_TRUE(run(vault_->files().replace(as(anna_), changed.file.id, std::move(staged), {})));
    EXPECT_EQ(url_of(asset(changed.file.id)), "");
  });
}

TEST_F(PublicObjectsTest, GoesWhenTheFileGetsAnotherType) {
  expect_gone_after([&](const Asset& changed) {
    ASSERT_TRUE(run(vault_->entries().update(as(anna_), changed.file.id, {.name = "a.txt"})));
  });
}

TEST_F(PublicObjectsTest, GoesWithTheShareToken) {
  expect_gone_after([&](const Asset& changed) {
    ASSERT_TRUE(run(vault_->shares().rotate(as(anna_), changed.file.id)));
  });
  expect_gone_after([&](const Asset& changed) {
    const Time end = clock_.now() + std::chrono::hours(1);
    ASSERT_TRUE(run(vault_->shares().set_expiry(as(anna_), changed.file.id, end)));
  });
}

TEST_F(PublicObjectsTest, GoesWithTheBoxAndTheProject) {
  const Asset first = add();
  ASSERT_TRUE(run(vault_->folders().remove(as(anna_), box_)));
  clear_away();
  EXPECT_FALSE(is_stored(first));
  box_ = make_box().id;
  const Asset second = add();
  ASSERT_TRUE(run(vault_->projects().remove(as(anna_), project_)));
  clear_away();
  EXPECT_FALSE(is_stored(second));
  EXPECT_EQ(count(kPublicRows), 0);
}

TEST_F(PublicObjectsTest, GoesWithTheAccount) {
  const auto assets = try_add(3).value();
  ASSERT_TRUE(run(vault_->account_removal().remove(anna_.id)));
  clear_away();
  for (const Asset& asset : assets) EXPECT_FALSE(is_stored(asset));
  EXPECT_EQ(count(kPublicRows), 0);
}

TEST_F(PublicObjectsTest, GoesWhenTheVaultLeavesTheBucket) {
  const auto assets = try_add(3).value();
  EXPECT_TRUE(run(drop_public_objects(*stores_.database, 2)));
  EXPECT_FALSE(run(drop_public_objects(*stores_.database, 2)));
  clear_away();
  EXPECT_EQ(count(kPublicRows), 0);
  for (const Asset& made : assets) {
    EXPECT_FALSE(is_stored(made));
    EXPECT_EQ(url_of(asset(made.file.id)), "");
  }
}

TEST_F(PublicObjectsTest, StaysWithChangesThatLeaveTheFileAnAsset) {
  const Asset made = add();
  const EntryId other = make_box().id;
  ASSERT_TRUE(run(vault_->assets().update(as(anna_), made.file.id, {.prompt = "a sunset"})));
  ASSERT_TRUE(run(vault_->assets().update(as(anna_), made.file.id, {.box = other})));
  ASSERT_TRUE(run(vault_->entries().update(as(anna_), made.file.id, {.parent = box_})));
  ASSERT_TRUE(run(vault_->entries().update(as(anna_), made.file.id, {.name = "b.svg"})));
  ASSERT_TRUE(run(vault_->boxes().update(as(anna_), box_, {.name = "Other"})));
  clear_away();
  EXPECT_TRUE(is_stored(made));
  EXPECT_EQ(url_of(asset(made.file.id)), url_of(made));
}

TEST_F(PublicObjectsTest, GoesWhenTheFileOrItsBoxIsMovedAway) {
  expect_gone_after([&](const Asset& changed) {
    const std::optional<EntryId> none;
    ASSERT_TRUE(run(vault_->entries().update(as(anna_), changed.file.id, {.parent = none})));
  });
  const auto assets = try_add(2).value();
  const EntryId other = make_box().id;
  ASSERT_TRUE(run(vault_->folders().update(as(anna_), box_, {.parent = other})));
  clear_away();
  for (const Asset& asset : assets) EXPECT_FALSE(is_stored(asset));
  EXPECT_EQ(count(kPublicRows), 0);
}

}  // namespace
}  // namespace coffer::vault::test
