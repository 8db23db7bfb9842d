// Random work on a vault beside the simplest thing that could be right: lists in memory.
#include <algorithm>
#include <map>
#include <random>

#include "vault/test/fixture.h"

namespace coffer::vault::test {
namespace {

constexpr std::uint64_t kQuota = 50'000;

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

  std::string some_content(std::size_t max) {
    return std::string(pick(max) * 10, static_cast<char>('a' + pick(3)));
  }
  // One of the folders, or none.
  std::optional<EntryId> some_place() {
    const std::size_t at = pick(folders_.size() + 1);
    if (at == folders_.size()) return std::nullopt;
    return folders_[at].id;
  }

  void add() {
    const std::string content = some_content(40);
    auto staged = receive(anna_, content);
    ASSERT_EQ(staged.has_value(), fits(content.size() + kEntryCharge, 0));
    if (!staged) return;
    Entry wanted;
    wanted.name = one_of(names_);
    wanted.size = content.size();
    wanted.tags = some_tags();
    const auto made = commit(anna_, {.staged = std::move(*staged),
                                     .name = wanted.name,
                                     .parent = some_place(),
                                     .tags = wanted.tags});
    ASSERT_EQ(made.has_value(), fits(charge_for(wanted), 0));
    if (made) keep(made->at(0), content);
  }

  void keep(const Entry& entry, const std::string& content) {
    ++happened_;
    model_.push_back(entry);
    contents_[entry.id] = content;
  }

  void remove_one() {
    if (model_.empty()) return;
    const std::size_t at = pick(model_.size());
    ASSERT_TRUE(remove(anna_, model_[at].id));
    ASSERT_FALSE(remove(anna_, model_[at].id));
    ++happened_;
    model_.erase(model_.begin() + static_cast<std::ptrdiff_t>(at));
  }

  void replace_one() {
    if (model_.empty()) return;
    Entry& entry = model_[pick(model_.size())];
    const std::string content = some_content(40);
    TextStream stream(content);
    auto staged = run(vault_->uploads().receive(anna_.id, stream, std::nullopt, entry.charged));
    const std::uint64_t old = charge_for(entry);
    ASSERT_EQ(staged.has_value(), fits(content.size() + kEntryCharge, old));
    if (!staged) return;
    Entry wanted = entry;
    wanted.size = content.size();
    wanted.manifest.reset();
    const auto replaced = run(vault_->files().replace(as(anna_), entry.id, std::move(*staged)));
    ASSERT_EQ(replaced.has_value(), fits(charge_for(wanted), old));
    if (!replaced) return;
    ++happened_;
    EXPECT_EQ(replaced->share, entry.share);
    EXPECT_EQ(replaced->uuid, entry.uuid);
    entry = *replaced;
    contents_[entry.id] = content;
  }

  // Whether `id` is `above`, or lies below it.
  bool is_below(std::optional<EntryId> id, EntryId above) const {
    while (id && *id != above) {
      const auto folder = std::ranges::find(folders_, *id, &Entry::id);
      id = folder->parent;
    }
    return id.has_value();
  }

  void add_folder() {
    Entry wanted;
    wanted.name = one_of(names_);
    const auto made = try_folder(anna_, wanted.name, some_place());
    ASSERT_EQ(made.has_value(), fits(charge_for(wanted), 0));
    if (!made) return;
    ++happened_;
    folders_.push_back(*made);
  }

  void change_folder() {
    if (folders_.empty()) return;
    Entry& folder = folders_[pick(folders_.size())];
    FolderChanges changes;
    if (pick(2) == 0) changes.name = one_of(names_);
    if (pick(2) == 0 || !changes.name) changes.parent.emplace(some_place());
    const auto changed = run(vault_->folders().update(as(anna_), folder.id, changes));
    const bool is_cycle = changes.parent && is_below(*changes.parent, folder.id);
    Entry wanted = folder;
    if (changes.name) wanted.name = *changes.name;
    ASSERT_EQ(changed.has_value(), !is_cycle && fits(charge_for(wanted), charge_for(folder)));
    if (!changed) return;
    ++happened_;
    if (changes.name) folder.name = *changes.name;
    if (changes.parent) folder.parent = *changes.parent;
  }

  void remove_folder() {
    if (folders_.empty()) return;
    const EntryId id = folders_[pick(folders_.size())].id;
    const auto is_gone = [&](const Entry& entry) {
      return entry.id == id || is_below(entry.parent, id);
    };
    ASSERT_TRUE(run(vault_->folders().remove(as(anna_), id)));
    happened_ += std::erase_if(model_, is_gone);
    std::set<EntryId> gone;
    for (const Entry& folder : folders_) {
      if (is_gone(folder)) gone.insert(folder.id);
    }
    happened_ += std::erase_if(folders_, [&](const Entry& f) { return gone.contains(f.id); });
  }

  struct Session {
    UploadSession upload;
    std::map<std::uint32_t, std::string> parts;
    Time expires_at;
  };

  void begin_session() {
    const std::string& name = one_of(names_);
    const auto upload = run(vault_->upload_sessions().begin(
        as(anna_), {.space = anna_.home, .parent = some_place(), .name = name, .parts = {}}));
    ASSERT_EQ(upload.has_value(), fits(kEntryCharge + name.size(), 0));
    if (!upload) return;
    sessions_.push_back({.upload = *upload, .parts = {}, .expires_at = upload->expires_at});
  }

  void put_into_session() {
    if (sessions_.empty()) return;
    Session& session = sessions_[pick(sessions_.size())];
    const auto number = static_cast<std::uint32_t>(1 + pick(3));
    const std::string content = some_content(15);
    const auto put = put_part(anna_, session.upload.uuid, number, content);
    const auto old = session.parts.find(number);
    const bool is_new = old == session.parts.end();
    const bool fitted =
        is_new ? fits(content.size() + kPartCharge, 0) : fits(content.size(), old->second.size());
    ASSERT_EQ(put.has_value(), fitted && clock_.now() < session.expires_at);
    if (!put) return;
    session.parts[number] = content;
    session.expires_at = clock_.now() + std::chrono::hours(24);
  }

  void end_session() {
    if (sessions_.empty()) return;
    const auto session = sessions_.begin() + static_cast<std::ptrdiff_t>(pick(sessions_.size()));
    const bool lives = clock_.now() < session->expires_at;
    if (pick(4) == 0) {
      const auto ended = run(vault_->upload_sessions().abandon(as(anna_), session->upload.uuid));
      ASSERT_EQ(ended.has_value(), lives);
      if (ended) sessions_.erase(session);
      return;
    }
    Completion completion;
    completion.parent.emplace(some_place());
    const auto made = complete(anna_, session->upload.uuid, completion);
    const bool whole =
        !session->parts.empty() && session->parts.rbegin()->first == session->parts.size();
    ASSERT_EQ(made.has_value(), lives && whole);
    if (!made) return;
    EXPECT_EQ(complete(anna_, session->upload.uuid)->id, made->id);
    std::string content;
    for (const auto& [number, part] : session->parts) content += part;
    keep(*made, content);
    parts_[made->id] = session->parts.size();
    sessions_.erase(session);
  }

  void digest_one() {
    const auto next = run(vault_->digests().next(EntryId{}));
    if (!next) return;
    const auto entry = std::ranges::find(model_, next->id, &Entry::id);
    ASSERT_NE(entry, model_.end());
    const Sha256Digest digest = Sha256::of(as_bytes(contents_[next->id]));
    ASSERT_TRUE(run(vault_->digests().settle(*next, digest)));
    const Entry known = run(vault_->entries().find(anna_.id, next->id)).value();
    EXPECT_EQ(known.content_tag(), entry->content_tag());
  }

  void collect() {
    std::erase_if(sessions_, [&](const Session& s) { return s.expires_at <= clock_.now(); });
    collect_all();
  }

  void change_one() {
    if (model_.empty()) return;
    Entry& entry = model_[pick(model_.size())];
    EntryChanges changes;
    if (pick(2) == 0) changes.name = one_of(names_);
    if (pick(2) == 0) changes.title = one_of(names_);
    if (pick(2) == 0) changes.parent.emplace(some_place());
    if (pick(2) == 0 || (!changes.name && !changes.title)) changes.tags = some_tags();
    Entry wanted = entry;
    if (changes.name) wanted.name = *changes.name;
    if (changes.title) wanted.title = *changes.title;
    if (changes.tags) wanted.tags = *changes.tags;
    const auto changed = run(vault_->entries().update(as(anna_), entry.id, changes));
    ASSERT_EQ(changed.has_value(), fits(charge_for(wanted), charge_for(entry)));
    if (!changed) return;
    const bool is_same = changed->name == entry.name && changed->title == entry.title &&
                         changed->tags == entry.tags && changed->parent == entry.parent;
    if (!is_same) ++happened_;
    if (changes.name) {
      EXPECT_EQ(changed->name, *changes.name);
    }
    entry = *changed;
  }

  // What an entry is charged.
  std::uint64_t charge_for(const Entry& entry) const {
    std::uint64_t bytes = kEntryCharge + entry.size + entry.name.size();
    if (entry.title) bytes += entry.title->size();
    for (const std::string& tag : entry.tags) bytes += tag.size();
    if (entry.manifest) bytes += kPartCharge * parts_.at(entry.id);
    return bytes;
  }

  std::uint64_t used() const {
    std::uint64_t bytes = 0;
    for (const Entry& entry : model_) bytes += entry.size;
    for (const Session& session : sessions_) {
      for (const auto& [number, part] : session.parts) bytes += part.size();
    }
    return bytes;
  }

  std::uint64_t charged() const {
    std::uint64_t bytes = 0;
    for (const auto* entries : {&model_, &folders_}) {
      for (const Entry& entry : *entries) bytes += charge_for(entry);
    }
    for (const Session& session : sessions_) {
      bytes += kEntryCharge + session.upload.name.size();
      for (const auto& [number, part] : session.parts) bytes += part.size() + kPartCharge;
    }
    return bytes;
  }

  // Whether what costs `cost` may come in place of what costs `old`.
  bool fits(std::uint64_t cost, std::uint64_t old) const {
    return cost <= old || charged() + cost - old <= kQuota;
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

  void check_children(std::optional<EntryId> folder) {
    std::vector<std::string> names;
    for (const auto* entries : {&folders_, &model_}) {
      const auto first = static_cast<std::ptrdiff_t>(names.size());
      for (const Entry& entry : *entries) {
        if (entry.parent == folder) names.push_back(entry.name + (entry.is_folder() ? "/" : ""));
      }
      std::sort(names.begin() + first, names.end());
    }
    EXPECT_EQ(children(anna_.home, folder), names);
  }

  // Some of what was removed is cleared away, or all of it.
  void clear_some() {
    for (std::size_t steps = pick(6); steps > 0; --steps) {
      if (!run(vault_->clearing().clear(1 + pick(5)))) return;
    }
  }

  // What is being cleared away is seen by nothing but the events, which come as it goes.
  void check_all() {
    check_what_is_seen();
    EXPECT_LE(events().size(), happened_ + 1);
    if (pick(2) == 0) return;
    clear_all();
    EXPECT_EQ(events().size(), happened_ + 1);
    check_what_is_seen();
  }

  void check_what_is_seen() {
    EXPECT_EQ(account(anna_.id).used, used());
    EXPECT_EQ(account(anna_.id).charged, charged());
    std::set<std::pair<EntryId, std::string>> keys;
    for (const Entry& entry : model_) {
      const auto found = run(vault_->entries().find(anna_.id, entry.id));
      ASSERT_TRUE(found);
      EXPECT_EQ(found->name, entry.name);
      EXPECT_EQ(found->tags, entry.tags);
      EXPECT_EQ(found->title, entry.title);
      EXPECT_EQ(found->parent, entry.parent);
      EXPECT_EQ(content_of(*found), contents_[entry.id]);
      keys.emplace(found->parent.value_or(EntryId{}), found->key);
    }
    for (const Entry& folder : folders_) {
      const auto found = run(vault_->folders().find(anna_.id, folder.id));
      ASSERT_TRUE(found);
      EXPECT_EQ(found->parent, folder.parent);
      EXPECT_EQ(found->name, folder.name);
      keys.emplace(found->parent.value_or(EntryId{}), found->key);
      check_children(folder.id);
    }
    check_children(std::nullopt);
    EXPECT_EQ(keys.size(), model_.size() + folders_.size());
    EXPECT_EQ(contradictions(), std::vector<std::string>());
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
  std::vector<Entry> model_;  // the files
  std::vector<Entry> folders_;
  std::vector<Session> sessions_;
  std::map<EntryId, std::string> contents_;
  std::map<EntryId, std::size_t> parts_;  // how many, of files that came in parts
  std::size_t happened_ = 0;
};

TEST_F(ModelTest, AVaultIsAListThatCountsAndKeepsItsBytes) {
  for (int step = 1; step <= 1500 && !HasFailure(); ++step) {
    clock_.advance(std::chrono::minutes(static_cast<int>(pick(200))));
    switch (pick(18)) {
      case 0: remove_one(); break;
      case 1:
      case 2:
      case 3: change_one(); break;
      case 4: collect(); break;
      case 5: replace_one(); break;
      case 6:
      case 7: add_folder(); break;
      case 8:
      case 9: change_folder(); break;
      case 10:
        if (pick(3) == 0) remove_folder();
        clear_some();
        break;
      case 11: begin_session(); break;
      case 12:
      case 13:
      case 14: put_into_session(); break;
      case 15: end_session(); break;
      case 16: digest_one(); break;
      default: add();
    }
    if (step % 25 == 0) check_all();
  }
  while (!model_.empty()) remove_one();
  while (!folders_.empty()) remove_folder();
  check_all();
  clock_.advance(std::chrono::hours(25));
  collect();
  clock_.advance(std::chrono::hours(25));
  collect();
  EXPECT_EQ(account(anna_.id).used, 0U);
  EXPECT_EQ(account(anna_.id).charged, 0U);
  EXPECT_EQ(stored_blobs(), 0U);
}

}  // namespace
}  // namespace coffer::vault::test
