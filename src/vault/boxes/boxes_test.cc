#include <gmock/gmock.h>

#include <atomic>

#include "vault/test/fixture.h"

namespace coffer::vault::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr db::Statement kAssetRows{"SELECT count(*) FROM asset"};
constexpr db::Statement kBoxRows{"SELECT count(*) FROM box"};
constexpr db::Statement kProjectRows{"SELECT count(*) FROM project"};

class BoxesTest : public VaultTest {
 protected:
  BoxesTest() {
    vault_.reset();
    vault_ = run(Vault::open({.database = *stores_.database,
                              .blobs = *stores_.blobs,
                              .clock = clock_,
                              .entropy = system_entropy(),
                              .passwords = passwords_,
                              .classify = classify,
                              .policy = {}}));
  }

  static FileType classify(std::string_view name, ByteView head) {
    if (name.ends_with(".svg")) return {"image/svg+xml", FileKind::kImage};
    return classify_by_extension(name, head);
  }

  Project make_project(const Account& owner, const std::string& name = "Film") {
    return run(vault_->projects().create(as(owner), {.name = name})).value();
  }

  Result<Box> try_box(const Account& owner, SpaceId project, BoxFields fields = {.name = "Scene"}) {
    return run(vault_->boxes().create(as(owner), project, std::move(fields)));
  }
  Box make_box(const Account& owner, SpaceId project) { return try_box(owner, project).value(); }

  // Pictures with different bytes.
  Result<std::vector<Asset>> try_add(const Account& owner, EntryId box, std::size_t count,
                                     AssetFields fields = {}) {
    std::vector<AssetFile> files;
    for (std::size_t i = 0; i < count; ++i) {
      auto staged = receive(owner, fmt::format("<svg id='{}'/>", ++pictures_));
      if (!staged) return std::unexpected(staged.error());
      files.push_back({.staged = std::move(*staged), .name = fmt::format("{}.svg", i)});
    }
    return run(vault_->assets().add(as(owner), box, std::move(files), std::move(fields)));
  }
  Asset add(const Account& owner, EntryId box, AssetFields fields = {}) {
    return try_add(owner, box, 1, std::move(fields)).value().front();
  }

  std::vector<EntryId> listed(AssetQuery query) {
    std::vector<EntryId> ids;
    const auto page = run(vault_->assets().list(std::move(query)));
    for (const ListedAsset& listed : page.items) ids.push_back(listed.asset.file.id);
    return ids;
  }

  Box box(const Account& owner, EntryId id) {
    return run(vault_->boxes().find(owner.id, id)).value();
  }
  Asset asset(const Account& owner, EntryId id) {
    return run(vault_->assets().find(owner.id, id)).value();
  }
  std::uint64_t charged(const Account& owner) { return account(owner.id).charged; }

  std::size_t pictures_ = 0;
};

TEST_F(BoxesTest, ANewAssetHasWhatItWasGivenAndTheRestByDefault) {
  const Account anna = make_account("anna");
  const Box box = make_box(anna, make_project(anna).id);
  const AiModel model = run(vault_->ai_models().create(as(anna), "Painter")).value();
  const Asset first = add(anna, box.id);
  EXPECT_EQ(first.status, AssetStatus::kCompleted);
  EXPECT_EQ(first.source, AssetSource::kUploaded);
  EXPECT_EQ(first.order_index, 0);
  const Asset asset = add(anna, box.id,
                          {.prompt = "a sunset",
                           .is_favorite = true,
                           .status = AssetStatus::kPending,
                           .source = AssetSource::kFromImage,
                           .generation_config = "{\"a\":1}",
                           .seed = std::optional<std::int64_t>(-5),
                           .ai_model = std::optional(model.id),
                           .parent = std::optional(first.file.id)});
  EXPECT_EQ(asset.file.description, "a sunset");
  EXPECT_TRUE(asset.is_favorite);
  EXPECT_EQ(asset.order_index, 1);
  EXPECT_EQ(asset.seed, -5);
  EXPECT_EQ(asset.ai_model->name, "Painter");
  EXPECT_EQ(asset.parent, first.file.id);
  EXPECT_EQ(this->box(anna, box.id).assets, 2u);
  // What is gone is named no more.
  ASSERT_TRUE(run(vault_->ai_models().remove(as(anna), model.id)));
  ASSERT_TRUE(remove(anna, first.file.id));
  const Asset left = this->asset(anna, asset.file.id);
  EXPECT_FALSE(left.ai_model);
  EXPECT_FALSE(left.parent);
}

TEST_F(BoxesTest, RowsGoWithWhatOthersDelete) {
  const Account anna = make_account("anna");
  const std::uint64_t before = charged(anna);
  const Project project = make_project(anna);
  const Box box = make_box(anna, project.id);
  const Box other = make_box(anna, project.id);
  const AssetFields fields{.generation_config = "{\"a\":1}"};
  const Asset asset = add(anna, box.id, fields);
  add(anna, box.id, fields);
  add(anna, other.id, fields);
  ASSERT_EQ(count(kAssetRows), 3);
  ASSERT_TRUE(remove(anna, asset.file.id));
  EXPECT_EQ(count(kAssetRows), 2);
  EXPECT_EQ(contradictions(), std::vector<std::string>());

  ASSERT_TRUE(run(vault_->folders().remove(as(anna), box.id)));
  EXPECT_EQ(count(kBoxRows), 1);
  EXPECT_FAILS(run(vault_->boxes().find(anna.id, box.id)), kNotFound);
  EXPECT_THAT(listed({.filter = {.owner = anna.id, .box = box.id}}), IsEmpty());
  clear_all();
  EXPECT_EQ(count(kAssetRows), 1);
  EXPECT_EQ(contradictions(), std::vector<std::string>());

  ASSERT_TRUE(run(vault_->projects().remove(as(anna), project.id)));
  EXPECT_FAILS(run(vault_->boxes().find(anna.id, other.id)), kNotFound);
  EXPECT_EQ(run(vault_->projects().count(anna.id)), 0u);
  EXPECT_THAT(listed({.filter = {.owner = anna.id}}), IsEmpty());
  clear_all();
  EXPECT_EQ(count(kAssetRows) + count(kBoxRows) + count(kProjectRows), 0);
  EXPECT_EQ(charged(anna), before);
}

TEST_F(BoxesTest, AnAssetInTheTrashKeepsItsRow) {
  const Account anna = make_account("anna");
  const Box box = make_box(anna, make_project(anna).id);
  const Asset asset = add(anna, box.id, {.is_favorite = true, .generation_config = "{\"a\":1}"});
  ASSERT_TRUE(run(vault_->trash().put(as(anna), asset.file.id)));
  EXPECT_FAILS(run(vault_->assets().find(anna.id, asset.file.id)), kNotFound);
  EXPECT_EQ(this->box(anna, box.id).assets, 0u);
  EXPECT_EQ(contradictions(), std::vector<std::string>());
  ASSERT_TRUE(run(vault_->trash().restore(as(anna), asset.file.id)));
  const Asset back = this->asset(anna, asset.file.id);
  EXPECT_TRUE(back.is_favorite);
  EXPECT_EQ(back.generation_config, "{\"a\":1}");
  ASSERT_TRUE(run(vault_->trash().put(as(anna), asset.file.id)));
  ASSERT_TRUE(run(vault_->trash().remove(as(anna), asset.file.id)));
  EXPECT_EQ(count(kAssetRows), 0);
}

TEST_F(BoxesTest, ARemovedAccountLeavesNothing) {
  const Account anna = make_account("anna");
  const Account bert = make_account("bert");
  const Box box = make_box(anna, make_project(anna).id);
  const Asset trashed = add(anna, box.id, {.generation_config = "{\"a\":1}"});
  add(anna, box.id, {.generation_config = "{\"a\":1}"});
  ASSERT_TRUE(run(vault_->trash().put(as(anna), trashed.file.id)));
  add(bert, make_box(bert, make_project(bert).id).id);
  ASSERT_TRUE(run(vault_->account_removal().remove(anna.id)));
  clear_all();
  EXPECT_EQ(count(kAssetRows), 1);
  EXPECT_EQ(count(kBoxRows), 1);
  EXPECT_EQ(count(kProjectRows), 1);
}

TEST_F(BoxesTest, TextsCountInTheQuota) {
  const Account anna = make_account("anna");
  const Box box = make_box(anna, make_project(anna).id);
  const Asset asset = add(anna, box.id);
  const std::uint64_t before = charged(anna);
  const std::string config = "{\"a\":\"" + std::string(1000, 'x') + "\"}";
  ASSERT_TRUE(run(vault_->assets().update(as(anna), asset.file.id, {.generation_config = config})));
  EXPECT_EQ(charged(anna), before + config.size());
  ASSERT_TRUE(run(vault_->assets().update(as(anna), asset.file.id, {.generation_config = ""})));
  EXPECT_EQ(charged(anna), before);
  ASSERT_TRUE(run(vault_->accounts().set_quota(anna.id, before + 500)));
  EXPECT_FAILS(run(vault_->assets().update(as(anna), asset.file.id, {.generation_config = config})),
               kQuotaExceeded);
  EXPECT_FAILS(run(vault_->assets().update(as(anna), asset.file.id, {.prompt = config})),
               kQuotaExceeded);
  EXPECT_EQ(this->asset(anna, asset.file.id).generation_config, "");
  EXPECT_FAILS(run(vault_->projects().create(as(anna), {.name = "Another"})), kQuotaExceeded);
}

TEST_F(BoxesTest, EverybodyHasTheirOwn) {
  const Account anna = make_account("anna");
  const Account bert = make_account("bert");
  const Project project = make_project(anna);
  const Box box = make_box(anna, project.id);
  const Asset asset = add(anna, box.id);
  const Box own = make_box(bert, make_project(bert).id);
  const Asset mine = add(bert, own.id);
  EXPECT_FAILS(try_box(bert, project.id), kNotFound);
  EXPECT_FAILS(try_add(bert, box.id, 1), kNotFound);
  EXPECT_FAILS(run(vault_->projects().update(as(bert), project.id, {.name = "x"})), kNotFound);
  EXPECT_FAILS(run(vault_->boxes().update(as(bert), box.id, {.name = "x"})), kNotFound);
  EXPECT_FAILS(run(vault_->boxes().reorder(as(bert), {own.id, box.id})), kNotFound);
  EXPECT_FAILS(run(vault_->boxes().set_headliner(as(bert), own.id, asset.file.id)), kNotFound);
  EXPECT_FAILS(run(vault_->assets().toggle_favorite(as(bert), asset.file.id)), kNotFound);
  EXPECT_FAILS(run(vault_->assets().reorder(as(bert), {mine.file.id, asset.file.id})), kNotFound);
  EXPECT_FAILS(run(vault_->assets().update(as(bert), mine.file.id, {.box = box.id})), kInvalid);
  EXPECT_FAILS(run(vault_->assets().update(as(bert), mine.file.id,
                                           {.parent = std::optional(asset.file.id)})),
               kInvalid);
  EXPECT_FALSE(this->asset(anna, asset.file.id).is_favorite);
}

TEST_F(BoxesTest, ListsGoFromProjectToProjectInTheOrderOfTheirBoxes) {
  const Account anna = make_account("anna");
  const SpaceId first = make_project(anna).id;
  const SpaceId second = make_project(anna).id;
  const Box late = make_box(anna, first);
  const Box early = make_box(anna, first);
  const Box other = make_box(anna, second);
  ASSERT_TRUE(run(vault_->boxes().reorder(as(anna), {early.id, late.id})));
  const EntryId a = add(anna, other.id).file.id;
  const EntryId b = add(anna, late.id).file.id;
  const EntryId c = add(anna, early.id).file.id;
  const EntryId d = add(anna, early.id).file.id;
  ASSERT_TRUE(run(vault_->assets().reorder(as(anna), {d, c})));
  const AssetFilter all{.owner = anna.id};
  EXPECT_THAT(listed({.filter = all}), ElementsAre(d, c, b, a));
  EXPECT_THAT(listed({.filter = all, .skip = 1, .limit = 2}), ElementsAre(c, b));
  // Page by page, of every size.
  for (const std::size_t rows : {1, 2, 3, 4}) {
    std::vector<EntryId> found;
    AssetQuery query{.filter = all, .limit = rows};
    for (;;) {
      const auto page = run(vault_->assets().list(query));
      for (const ListedAsset& one : page.items) found.push_back(one.asset.file.id);
      if (!page.more) break;
      query.after = page.items.back().position;
    }
    EXPECT_THAT(found, ElementsAre(d, c, b, a)) << rows;
  }
  AssetQuery in_box{.filter = {.owner = anna.id, .box = early.id}, .limit = 1};
  const auto page = run(vault_->assets().list(in_box));
  ASSERT_TRUE(page.more);
  in_box.after = page.items.front().position;
  EXPECT_THAT(listed(in_box), ElementsAre(c));
  EXPECT_EQ(run(vault_->assets().count(all)), 4u);
}

TEST_F(BoxesTest, AnAssetMovesBetweenProjects) {
  const Account anna = make_account("anna");
  const Box from = make_box(anna, make_project(anna).id);
  const Box to = make_box(anna, make_project(anna).id);
  const Asset asset = add(anna, from.id, {.prompt = "kept"});
  add(anna, to.id);
  const auto moved = run(vault_->assets().update(as(anna), asset.file.id, {.box = to.id}));
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->file.space, to.project);
  EXPECT_EQ(moved->order_index, 1);
  EXPECT_EQ(moved->file.key, "0 (2).svg") << "another file has its name there";
  EXPECT_EQ(box(anna, from.id).assets, 0u);
  EXPECT_EQ(box(anna, to.id).assets, 2u);
  EXPECT_EQ(contradictions(), std::vector<std::string>());
}

TEST_F(BoxesTest, AFolderInABoxIsNone) {
  const Account anna = make_account("anna");
  const Box box = make_box(anna, make_project(anna).id);
  NewFolder inside{.parent = box.id, .name = "inside"};
  const Entry folder =
      run(vault_->folders().create(as(anna), box.project, std::move(inside))).value();
  EXPECT_FAILS(run(vault_->boxes().find(anna.id, folder.id)), kNotFound);
  EXPECT_FAILS(try_add(anna, folder.id, 1), kNotFound);
  add(anna, box.id);
  EXPECT_EQ(this->box(anna, box.id).assets, 1u) << "counted, where totals say more";
  // Moved out, it is one.
  FolderChanges out{.parent = std::optional<EntryId>()};
  ASSERT_TRUE(run(vault_->folders().update(as(anna), folder.id, std::move(out))));
  EXPECT_EQ(run(vault_->boxes().find(anna.id, folder.id))->name, "inside");
  EXPECT_TRUE(run(vault_->boxes().update(as(anna), folder.id, {.status = BoxStatus::kReview})));
}

TEST_F(BoxesTest, WhatIsNoPictureIsRefused) {
  const Account anna = make_account("anna");
  const Box box = make_box(anna, make_project(anna).id);
  for (const auto& [name, content] : std::vector<std::pair<std::string, std::string>>{
           {"a.txt", "<svg/>"}, {"a.svg", "text"}, {"a", "<svg/>"}, {"a.png", "<svg/>"}}) {
    std::vector<AssetFile> files;
    files.push_back({.staged = receive(anna, content).value(), .name = name});
    const auto made = run(vault_->assets().add(as(anna), box.id, std::move(files), {}));
    ASSERT_FALSE(made) << name;
    EXPECT_EQ(fields_of(made.error()), std::set<std::string>{"file"});
  }
  EXPECT_EQ(account(anna.id).used, 0u);
}

TEST_F(BoxesTest, AProjectAndABoxHoldSoManyAndNoMore) {
  const Account anna = make_account("anna");
  const SpaceId project = make_project(anna).id;
  const Box box = make_box(anna, project);
  for (std::uint64_t count = 0; count < kAssetsMax; count += 100) {
    ASSERT_TRUE(try_add(anna, box.id, 100));
  }
  EXPECT_FAILS(try_add(anna, box.id, 1), kQuotaExceeded);
  const Box other = make_box(anna, project);
  const Asset asset = add(anna, other.id);
  EXPECT_FAILS(run(vault_->assets().update(as(anna), asset.file.id, {.box = box.id})),
               kQuotaExceeded);
  EXPECT_EQ(this->box(anna, other.id).assets, 1u);
  // On several threads, so that one sync of the disk commits many.
  constexpr int kThreads = 20;
  std::atomic<std::uint64_t> boxes = 2;
  std::atomic<std::uint64_t> projects = 1;
  in_parallel(kThreads, [&](int) {
    for (std::uint64_t i = 0; i < kBoxesMax / kThreads + 1; ++i) {
      if (try_box(anna, project)) ++boxes;
      if (run(vault_->projects().create(as(anna), {.name = "Film"}))) ++projects;
    }
  });
  EXPECT_EQ(boxes, kBoxesMax);
  EXPECT_EQ(projects, kProjectsMax);
  EXPECT_EQ(run(vault_->boxes().count(anna.id, project)), kBoxesMax);
  EXPECT_EQ(run(vault_->projects().count(anna.id)), kProjectsMax);
}

TEST_F(BoxesTest, APublicFileEndsWithItsShare) {
  const Account anna = make_account("anna");
  const Box box = make_box(anna, make_project(anna).id);
  const Asset asset = add(anna, box.id);
  EXPECT_EQ(run(vault_->assets().find_public(asset.file.share))->id, asset.file.id);
  const Entry elsewhere = upload(anna, "a.svg", "<svg/>");
  EXPECT_FAILS(run(vault_->assets().find_public(elsewhere.share)), kNotFound);
  const Time end = clock_.now() + std::chrono::hours(1);
  ASSERT_TRUE(run(vault_->shares().set_expiry(as(anna), asset.file.id, end)));
  EXPECT_TRUE(run(vault_->assets().find_public(asset.file.share)));
  clock_.advance(std::chrono::hours(2));
  EXPECT_FAILS(run(vault_->assets().find_public(asset.file.share)), kNotFound);
  ASSERT_TRUE(run(vault_->shares().set_expiry(as(anna), asset.file.id, std::nullopt)));
  const Entry renewed = run(vault_->shares().rotate(as(anna), asset.file.id)).value();
  EXPECT_FAILS(run(vault_->assets().find_public(asset.file.share)), kNotFound);
  EXPECT_TRUE(run(vault_->assets().find_public(renewed.share)));
  ASSERT_TRUE(run(vault_->accounts().set_disabled(anna.id, true)));
  EXPECT_FAILS(run(vault_->assets().find_public(renewed.share)), kNotFound);
}

}  // namespace
}  // namespace coffer::vault::test
