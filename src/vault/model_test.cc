// Random work on a vault beside the simplest thing that could be right: a list in memory.
#include <algorithm>
#include <map>
#include <random>

#include "vault/fixture.h"

namespace coffer::vault::test {
namespace {

constexpr std::uint64_t kQuota = 4000;

Policy model_policy() {
  Policy policy;
  policy.quota = kQuota;
  return policy;
}

class ModelTest : public VaultTest {
 protected:
  ModelTest() : VaultTest(model_policy()) {}

  std::size_t pick(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
  }
  template <class T>
  const T& one_of(const std::vector<T>& choices) {
    return choices[pick(choices.size())];
  }

  std::vector<std::string> some_tags() {
    std::vector<std::string> tags;
    for (const std::string& tag : tags_) {
      if (pick(3) == 0) tags.push_back(tag);
    }
    return tags;
  }

  void add() {
    const std::string& name = one_of(names_);
    const std::string content(pick(40) * 10, static_cast<char>('a' + pick(3)));
    const auto made = try_upload(anna_, name, content, some_tags());
    ASSERT_EQ(made.has_value(), used() + content.size() <= kQuota);
    if (!made) return;
    ++happened_;
    model_.push_back(*made);
    contents_[made->id] = content;
  }

  void remove_one() {
    if (model_.empty()) return;
    const std::size_t at = pick(model_.size());
    ASSERT_TRUE(remove(anna_, model_[at].id));
    ASSERT_FALSE(remove(anna_, model_[at].id));
    ++happened_;
    model_.erase(model_.begin() + static_cast<std::ptrdiff_t>(at));
  }

  void change_one() {
    if (model_.empty()) return;
    Entry& entry = model_[pick(model_.size())];
    EntryChanges changes;
    if (pick(2) == 0) changes.name = one_of(names_);
    if (pick(2) == 0) changes.title = one_of(names_);
    if (pick(2) == 0 || (!changes.name && !changes.title)) changes.tags = some_tags();
    const auto changed = run(vault_->entries().update(anna_.id, entry.id, changes));
    ASSERT_TRUE(changed);
    ++happened_;
    if (changes.name) {
      EXPECT_EQ(changed->name, *changes.name);
    }
    entry = *changed;
  }

  std::uint64_t used() const {
    std::uint64_t bytes = 0;
    for (const Entry& entry : model_) bytes += entry.size;
    return bytes;
  }

  bool selected(const Entry& entry, const EntryQuery& query) const {
    if (query.kind && entry.type.kind != *query.kind) return false;
    if (query.tag && std::ranges::find(entry.tags, *query.tag) == entry.tags.end()) return false;
    if (!query.text) return true;
    const auto has = [&](const std::string& text) {
      return fold_case(text).find(fold_case(*query.text)) != std::string::npos;
    };
    return has(entry.name) || (entry.title && has(*entry.title)) ||
           std::ranges::any_of(entry.tags, has);
  }

  std::vector<EntryId> expected(const EntryQuery& query) const {
    std::vector<Entry> entries;
    for (const Entry& entry : model_) {
      if (selected(entry, query)) entries.push_back(entry);
    }
    std::ranges::sort(entries, [&](const Entry& a, const Entry& b) {
      if (query.sort == EntrySort::kName && a.name != b.name) return a.name < b.name;
      if (query.sort == EntrySort::kSize && a.size != b.size) return a.size < b.size;
      return a.id < b.id;
    });
    if (query.descending) std::ranges::reverse(entries);
    std::vector<EntryId> ids;
    for (const Entry& entry : entries) ids.push_back(entry.id);
    return ids;
  }

  void check_list(EntryQuery query) {
    const auto ids = expected(query);
    query.owner = anna_.id;
    query.offset = pick(ids.size() + 2);
    query.limit = 1 + pick(30);
    const EntryPage page = list(query);
    EXPECT_EQ(page.total, ids.size());
    std::vector<EntryId> found;
    for (const Entry& entry : page.entries) found.push_back(entry.id);
    const std::size_t first = std::min<std::size_t>(query.offset, ids.size());
    const std::size_t last = std::min<std::size_t>(first + query.limit, ids.size());
    EXPECT_TRUE(std::equal(found.begin(), found.end(),
                           ids.begin() + static_cast<std::ptrdiff_t>(first),
                           ids.begin() + static_cast<std::ptrdiff_t>(last)));
  }

  void check_all() {
    EXPECT_EQ(account(anna_.id).used, used());
    EXPECT_EQ(events().size(), happened_ + 1);
    std::set<std::string> keys;
    for (const Entry& entry : model_) {
      const auto found = run(vault_->entries().find(anna_.id, entry.id));
      ASSERT_TRUE(found);
      EXPECT_EQ(found->name, entry.name);
      EXPECT_EQ(found->tags, entry.tags);
      EXPECT_EQ(found->title, entry.title);
      EXPECT_EQ(content_of(*found), contents_[entry.id]);
      keys.insert(found->key);
    }
    EXPECT_EQ(keys.size(), model_.size());
    for (const EntrySort sort : {EntrySort::kCreated, EntrySort::kName, EntrySort::kSize}) {
      for (const bool descending : {false, true}) {
        for (const FileKind kind : {FileKind::kImage, FileKind::kAudio, FileKind::kVideo}) {
          check_list({.kind = kind, .sort = sort, .descending = descending});
        }
        check_list({.sort = sort, .descending = descending});
        check_list({.tag = one_of(tags_), .sort = sort, .descending = descending});
        check_list({.text = "A", .sort = sort, .descending = descending});
        check_list({.kind = FileKind::kImage,
                    .text = ".",
                    .tag = one_of(tags_),
                    .sort = sort,
                    .descending = descending});
      }
    }
  }

  const Account anna_ = make_account("anna");
  const std::vector<std::string> names_{"a.jpg", "b.jpg", "A.mp3", "c.txt", "d", "x/a.jpg"};
  const std::vector<std::string> tags_{"alpha", "beta", "gamma"};
  std::mt19937 random_{20231115};
  std::vector<Entry> model_;
  std::map<EntryId, std::string> contents_;
  std::size_t happened_ = 0;
};

TEST_F(ModelTest, AVaultIsAListThatCountsAndKeepsItsBytes) {
  for (int step = 1; step <= 400 && !HasFailure(); ++step) {
    clock_.advance(std::chrono::minutes(static_cast<int>(pick(300))));
    switch (pick(8)) {
      case 0:
      case 1: remove_one(); break;
      case 2:
      case 3: change_one(); break;
      case 4: collect_all(); break;
      default: add();
    }
    if (step % 20 == 0) check_all();
  }
  while (!model_.empty()) remove_one();
  check_all();
  clock_.advance(std::chrono::hours(24));
  collect_all();
  EXPECT_EQ(stored_blobs(), 0U);
}

}  // namespace
}  // namespace coffer::vault::test
