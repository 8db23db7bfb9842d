#include "vault/sharing/share_links.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/bytes.h"
#include "base/text.h"
#include "vault/identity/passwords.h"
#include "vault/model/checks.h"
#include "vault/model/quota.h"
#include "vault/model/sql.h"
#include "vault/tree/collection_rows.h"
#include "vault/tree/entries.h"
#include "vault/tree/entry_rows.h"
#include "vault/tree/tree.h"

namespace coffer::vault {
namespace {

constexpr std::uint64_t kDeep = 1000;  // offsets above are read off the serving core
constexpr std::chrono::hours kUnlockedFor{12};
constexpr ShareLinkId kBehindAll{std::numeric_limits<std::int64_t>::max()};

constexpr char kColumns[] =
    "id, owner_id, token, entry_id, collection_id, password, expires_at, max_downloads, downloads,"
    " allow_download, created_at, updated_at";
constexpr auto kFindText =
    sql("SELECT ", kColumns, " FROM share_link WHERE id = $1 AND owner_id = $2");
constexpr db::Statement kFind{kFindText.data()};
constexpr auto kOpenText = sql("SELECT ", kColumns,
                               " FROM share_link WHERE token = $1"
                               " AND (expires_at IS NULL OR expires_at > $2) AND EXISTS"
                               " (SELECT 1 FROM account AS a WHERE a.id = share_link.owner_id"
                               " AND a.disabled_at IS NULL)");
constexpr db::Statement kOpen{kOpenText.data()};
constexpr db::Statement kByToken{"SELECT id FROM share_link WHERE token = $1"};
constexpr auto kListText =
    sql("SELECT ", kColumns,
        " FROM share_link WHERE owner_id = $1 AND id < $4 ORDER BY id DESC LIMIT $2 OFFSET $3");
constexpr db::Statement kList{kListText.data()};
constexpr auto kListOfFileText =
    sql("SELECT ", kColumns,
        " FROM share_link WHERE owner_id = $1 AND id < $4 AND entry_id = $5"
        " ORDER BY id DESC LIMIT $2 OFFSET $3");
constexpr db::Statement kListOfFile{kListOfFileText.data()};
constexpr auto kListOfCollectionText =
    sql("SELECT ", kColumns,
        " FROM share_link WHERE owner_id = $1 AND id < $4 AND collection_id = $5"
        " ORDER BY id DESC LIMIT $2 OFFSET $3");
constexpr db::Statement kListOfCollection{kListOfCollectionText.data()};
constexpr db::Statement kCount{"SELECT count(*) FROM share_link WHERE owner_id = $1"};
constexpr db::Statement kCountOfFile{
    "SELECT count(*) FROM share_link WHERE owner_id = $1 AND entry_id = $2"};
constexpr db::Statement kCountOfCollection{
    "SELECT count(*) FROM share_link WHERE owner_id = $1 AND collection_id = $2"};

constexpr db::Statement kInsert{
    "INSERT INTO share_link (owner_id, token, entry_id, collection_id, password, expires_at,"
    " max_downloads, allow_download, created_at, updated_at)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)"};
constexpr db::Statement kUpdate{
    "UPDATE share_link SET password = $2, expires_at = $3, max_downloads = $4, allow_download = $5,"
    " updated_at = $6 WHERE id = $1"};
constexpr db::Statement kRevoke{"DELETE FROM share_link WHERE id = $1 AND owner_id = $2"};

constexpr auto kCollectionText =
    sql("SELECT ", kCollectionColumns, " FROM collection WHERE id = $1 AND owner_id = $2");
constexpr db::Statement kCollection{kCollectionText.data()};
constexpr auto kFileInText = sql("SELECT ", kEntryColumns,
                                 " FROM entry WHERE id = $1 AND owner_id = $2 AND EXISTS"
                                 " (SELECT 1 FROM collection_entry AS c"
                                 " WHERE c.collection_id = $3 AND c.entry_id = entry.id)",
                                 kIsLive);
constexpr db::Statement kFileIn{kFileInText.data()};

// Where the link is as it was seen, and not used up.
constexpr db::Statement kCountDownload{
    "UPDATE share_link SET downloads = downloads + 1"
    " WHERE id = $1 AND (expires_at IS NULL OR expires_at > $2)"
    " AND (max_downloads IS NULL OR downloads < max_downloads)"};
constexpr db::Statement kUncount{
    "UPDATE share_link SET downloads = downloads - 1 WHERE id = $1 AND downloads > 0"};
// Of a download that was counted after $4, for which less than $5 bytes were sent.
constexpr db::Statement kReceipt{
    "SELECT at FROM share_download WHERE share_id = $1 AND entry_id = $2 AND client = $3"
    " AND at > $4 AND sent < $5"};
constexpr db::Statement kPutReceipt{
    "INSERT INTO share_download (share_id, entry_id, client, at, sent)"
    " VALUES ($1, $2, $3, $4, $5)"
    " ON CONFLICT (share_id, entry_id, client) DO UPDATE SET at = $4, sent = $5"};
constexpr db::Statement kAddSent{
    "UPDATE share_download SET sent = sent + $5"
    " WHERE share_id = $1 AND entry_id = $2 AND client = $3 AND at = $4"};
constexpr db::Statement kDropReceipt{
    "DELETE FROM share_download WHERE share_id = $1 AND entry_id = $2 AND client = $3 AND at = $4"};
constexpr db::Statement kOldReceipts{
    "SELECT share_id, entry_id, client, at FROM share_download WHERE at <= $1 ORDER BY at"
    " LIMIT $2"};

ShareLinkId id_from(const db::Row& row) { return row.id<ShareLinkId>(0); }

ShareLink link_from(const db::Row& row) {
  ShareLink link;
  link.id = row.id<ShareLinkId>(0);
  link.owner = row.id<AccountId>(1);
  link.token = Uuid::from_bytes(row.bytes(2)).value();
  if (row.is_null(3)) {
    link.target = row.id<CollectionId>(4);
  } else {
    link.target = row.id<EntryId>(3);
  }
  link.password = row.text(5);
  link.expires_at = row.optional_time(6);
  if (const auto max = row.optional_integer(7)) {
    link.max_downloads = static_cast<std::uint64_t>(*max);
  }
  link.downloads = static_cast<std::uint64_t>(row.integer(8));
  link.allow_download = row.integer(9) != 0;
  link.created_at = row.time(10);
  link.updated_at = row.time(11);
  return link;
}

CountedDownload receipt_from(const db::Row& row) {
  return {.link = row.id<ShareLinkId>(0),
          .file = row.id<EntryId>(1),
          .client = Sha256Digest::from_bytes(row.bytes(2)).value(),
          .counted_at = row.time(3)};
}

std::uint64_t count_from(const db::Row& row) { return static_cast<std::uint64_t>(row.integer(0)); }

std::optional<EntryId> file_of(const Shareable& target) {
  const auto* file = std::get_if<EntryId>(&target);
  return file ? std::optional(*file) : std::nullopt;
}
std::optional<CollectionId> collection_of(const Shareable& target) {
  const auto* collection = std::get_if<CollectionId>(&target);
  return collection ? std::optional(*collection) : std::nullopt;
}

std::unexpected<Failure> no_such_link() {
  return fail(FailureCode::kNotFound, "there is no such share");
}
std::unexpected<Failure> nothing_shared() {
  return fail(FailureCode::kNotFound, "nothing is shared under this token");
}
std::unexpected<Failure> no_such_file_here() {
  return fail(FailureCode::kNotFound, "there is no such file in this share");
}

void check_share_password(std::string_view password, Faults& faults) {
  if (!is_utf8(password)) {
    faults.add("password", "must be UTF-8 text");
  } else if (password.empty() || password.size() > kPasswordMax) {
    faults.add("password", fmt::format("must have 1 to {} bytes", kPasswordMax));
  }
}

void check_expiry(Time expires_at, Time now, Faults& faults) {
  if (expires_at <= now) faults.add("expires_at", "must be in the future");
}

void check_max_downloads(std::uint64_t max, Faults& faults) {
  if (max == 0 || max > kShareDownloadsMax) {
    faults.add("max_downloads", fmt::format("must be from 1 to {}", kShareDownloadsMax));
  }
}

void check_share_fields(const ShareLinkChanges& changes, Time now, Faults& faults) {
  if (changes.password && *changes.password) check_share_password(**changes.password, faults);
  if (changes.expires_at && *changes.expires_at) check_expiry(**changes.expires_at, now, faults);
  if (changes.max_downloads && *changes.max_downloads) {
    check_max_downloads(**changes.max_downloads, faults);
  }
}

// Whether `owner` has what is to be shared.
Task<Result<void>> check_target(db::Transaction& tx, AccountId owner, Shareable target) {
  if (const auto file = file_of(target)) {
    const auto found = co_await find_file(tx, owner, *file);
    if (!found) co_return no_such_file();
    co_return Result<void>{};
  }
  const auto found = co_await tx.find(kCollection, collection_from, *collection_of(target), owner);
  if (!found) co_return fail(FailureCode::kNotFound, "there is no such collection");
  co_return Result<void>{};
}

Task<std::uint64_t> count_links(db::Transaction& tx, AccountId owner,
                                const std::optional<Shareable>& target) {
  std::optional<std::uint64_t> count;
  if (!target) {
    count = co_await tx.find(kCount, count_from, owner);
  } else if (const auto file = file_of(*target)) {
    count = co_await tx.find(kCountOfFile, count_from, owner, *file);
  } else {
    count = co_await tx.find(kCountOfCollection, count_from, owner, *collection_of(*target));
  }
  co_return count.value();
}

Sha256Digest digest_of(const ShareLink& link, const std::string& client) {
  const std::string who = link.token.str() + ' ' + client;
  return Sha256::of(as_bytes(who));
}

// When the download of the file was counted that a request for a part belongs to, made now by the
// client of `download`. Nothing where there is none.
Task<std::optional<Time>> find_receipt(db::Transaction& tx, const CountedDownload& download,
                                       const Entry& file, Time now) {
  const Time began = now - kShareDownloadLasts;
  const std::uint64_t max_sent =
      std::min<std::uint64_t>(file.size, INT64_MAX / kShareDownloadSends) * kShareDownloadSends;
  auto at = co_await tx.find(
      kReceipt, [](const db::Row& row) { return row.time(0); }, download.link, download.file,
      ByteView(download.client.bytes), began, max_sent);
  co_return at;
}

Task<void> add_sent(db::Transaction& tx, const CountedDownload& download, std::int64_t bytes) {
  co_await tx.execute(kAddSent, download.link, download.file, ByteView(download.client.bytes),
                      download.counted_at, bytes);
}

// The link's number in an entry's place: derived tokens hold a check of the token too, which tells
// them from those of a folder with the same number.
EntryId derived_from(const ShareLink& link) { return EntryId{link.id.value}; }

}  // namespace

Task<Result<ShareLink>> ShareLinks::create(Actor actor, Shareable target, ShareLinkPolicy policy) {
  const AccountId owner = actor.account();
  const Time now = context_.clock.now();
  Faults faults;
  const ShareLinkChanges given{.password = policy.password,
                               .expires_at = policy.expires_at,
                               .max_downloads = policy.max_downloads};
  check_share_fields(given, now, faults);
  if (faults.any()) co_return faults.failure();
  ShareLink made;
  if (policy.password) {
    const PasswordOwner hashed_for{.account = owner.value};
    auto hash = co_await context_.passwords.hash(std::move(*policy.password), hashed_for);
    if (!hash) co_return std::unexpected(std::move(hash.error()));
    made.password = std::move(*hash);
  }
  made.owner = owner;
  made.token = make_token(now, context_.entropy);
  made.target = target;
  made.expires_at = policy.expires_at;
  made.max_downloads = policy.max_downloads;
  made.allow_download = policy.allow_download;
  made.created_at = made.updated_at = now;
  auto body = [&](db::Transaction& tx) -> Task<Result<ShareLinkId>> {
    const auto known = co_await check_target(tx, owner, target);
    if (!known) co_return std::unexpected(known.error());
    const std::uint64_t others = co_await count_links(tx, owner, target);
    if (others >= kShareLinksMax) {
      co_return fail(
          FailureCode::kQuotaExceeded,
          fmt::format("a file or collection has at most {} shares; revoke one", kShareLinksMax));
    }
    const auto fits = co_await charge_account(tx, owner, cost_of_secrets(1));
    if (!fits) co_return std::unexpected(fits.error());
    const auto id = co_await tx.insert<ShareLinkId>(
        kInsert, owner, made.token, file_of(target), collection_of(target), made.password,
        made.expires_at, made.max_downloads, made.allow_download, now);
    co_return id.value();
  };
  const auto id = co_await context_.database.write(actor, body);
  if (!id) co_return std::unexpected(id.error());
  made.id = *id;
  co_return made;
}

std::vector<FieldFault> ShareLinks::faults_of(const ShareLinkChanges& changes) const {
  Faults faults;
  check_share_fields(changes, context_.clock.now(), faults);
  return faults.take();
}

std::string ShareLink::state_tag() const {
  const std::string numbers = fmt::format(
      "{} {} {} {}", id.value, to_micros(updated_at), expires_at ? to_micros(*expires_at) : -1,
      max_downloads ? static_cast<std::int64_t>(*max_downloads) : -1);
  return tag_of({numbers, allow_download ? "download" : "look", has_password() ? "password" : ""});
}

Task<Result<ShareLink>> ShareLinks::find(AccountId owner, ShareLinkId id) {
  auto body = [&](db::Transaction& tx) -> Task<std::optional<ShareLink>> {
    co_return co_await tx.find(kFind, link_from, id, owner);
  };
  auto link = co_await context_.database.read(body);
  if (!link) co_return no_such_link();
  co_return std::move(*link);
}

Task<ShareLinkPage> ShareLinks::list(AccountId owner, ShareLinkQuery query) {
  auto body = [&](db::Transaction& tx) -> Task<ShareLinkPage> {
    ShareLinkPage page;
    page.total = co_await count_links(tx, owner, query.target);
    if (query.offset >= page.total) co_return page;
    const ShareLinkId before = query.before.value_or(kBehindAll);
    if (!query.target) {
      page.links = co_await tx.all(kList, link_from, owner, query.limit, query.offset, before);
    } else if (const auto file = file_of(*query.target)) {
      page.links =
          co_await tx.all(kListOfFile, link_from, owner, query.limit, query.offset, before, *file);
    } else {
      page.links = co_await tx.all(kListOfCollection, link_from, owner, query.limit, query.offset,
                                   before, *collection_of(*query.target));
    }
    co_return page;
  };
  if (query.offset > kDeep) co_return co_await context_.database.scan(owner.value, body);
  co_return co_await context_.database.read(body);
}

Task<Result<ShareLink>> ShareLinks::update(Actor actor, ShareLinkId id, ShareLinkChanges changes,
                                           Precondition precondition) {
  const AccountId owner = actor.account();
  const Time now = context_.clock.now();
  Faults faults;
  check_share_fields(changes, now, faults);
  if (faults.any()) co_return faults.failure();
  std::optional<std::string> password;
  if (changes.password) {
    password.emplace();
    if (*changes.password) {
      const PasswordOwner hashed_for{.account = owner.value};
      auto hash = co_await context_.passwords.hash(std::move(**changes.password), hashed_for);
      if (!hash) co_return std::unexpected(std::move(hash.error()));
      password = std::move(*hash);
    }
  }
  auto body = [&](db::Transaction& tx) -> Task<Result<ShareLink>> {
    auto link = co_await tx.find(kFind, link_from, id, owner);
    if (!link) co_return no_such_link();
    const auto allowed = check_precondition(precondition, link->state_tag());
    if (!allowed) co_return std::unexpected(allowed.error());
    if (password) link->password = *password;
    if (changes.expires_at) link->expires_at = *changes.expires_at;
    if (changes.max_downloads) link->max_downloads = *changes.max_downloads;
    if (changes.allow_download) link->allow_download = *changes.allow_download;
    link->updated_at = now;
    co_await tx.execute(kUpdate, id, link->password, link->expires_at, link->max_downloads,
                        link->allow_download, now);
    co_return std::move(*link);
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Result<void>> ShareLinks::revoke(Actor actor, ShareLinkId id, Precondition precondition) {
  const AccountId owner = actor.account();
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const auto link = co_await tx.find(kFind, link_from, id, owner);
    if (!link) co_return no_such_link();
    const auto allowed = check_precondition(precondition, link->state_tag());
    if (!allowed) co_return std::unexpected(allowed.error());
    co_await tx.execute(kRevoke, id, owner);
    co_await vault::give_back(tx, owner, cost_of_secrets(1));
    co_return Result<void>{};
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Result<OpenShareLink>> ShareLinks::open(Uuid token) {
  const Time now = context_.clock.now();
  bool has_ended = false;
  auto body = [&](db::Transaction& tx) -> Task<std::optional<OpenShareLink>> {
    auto link = co_await tx.find(kOpen, link_from, token, now);
    if (!link) {
      const auto ended = co_await tx.find(kByToken, id_from, token);
      has_ended = ended.has_value();
      co_return std::nullopt;
    }
    if (const auto id = file_of(link->target)) {
      auto file = co_await vault::find_file(tx, link->owner, *id);
      if (!file) co_return std::nullopt;
      Entry shown = for_reader(*link, std::move(*file));
      co_return OpenShareLink{.link = std::move(*link), .shared = std::move(shown)};
    }
    auto collection =
        co_await tx.find(kCollection, collection_from, *collection_of(link->target), link->owner);
    if (!collection) co_return std::nullopt;
    co_return OpenShareLink{.link = std::move(*link), .shared = std::move(*collection)};
  };
  auto found = co_await context_.database.read(body);
  if (has_ended) ++ended_;
  if (!found) co_return nothing_shared();
  co_return std::move(*found);
}

Task<Result<ShareLinks::Key>> ShareLinks::unlock(const ShareLink& link, std::string password,
                                                 std::string address) {
  const PasswordCheck check{.account = std::to_string(link.id.value),
                            .address = address,
                            .kind = PasswordCheck::Kind::kLink};
  PasswordAttempts& attempts = *context_.password_attempts;
  const auto attempt =
      attempts.begin(context_.clock.now(), context_.policy.password_attempts, check);
  if (!attempt) co_return std::unexpected(attempt.error());
  const PasswordOwner visitor{.address = address};
  const auto verdict =
      co_await context_.passwords.verify(std::move(password), link.password, visitor);
  if (!verdict) {
    attempts.withdraw(*attempt);
    co_return std::unexpected(verdict.error());
  }
  if (!verdict->right) {
    ++wrong_passwords_;
    co_return fail(FailureCode::kWrongPassword, "this is not the password");
  }
  attempts.succeeded(context_.clock.now(), check, *attempt);
  const Time until = context_.clock.now() + kUnlockedFor;
  co_return Key{.text = cipher_->unlock_key(link.token, until, link.password),
                .lasts = kUnlockedFor};
}

bool ShareLinks::is_unlocked(const ShareLink& link, std::string_view key) const {
  return !link.has_password() ||
         cipher_->unlocks(key, link.token, context_.clock.now(), link.password);
}

Task<Result<Entry>> ShareLinks::find_file(const ShareLink& link, Uuid ref) {
  const auto derived = cipher_->read_derived_token(ref);
  const auto collection = collection_of(link.target);
  if (!derived || !collection || derived->shared != derived_from(link) ||
      derived->check != LinkCipher::check_of(link.token)) {
    co_return no_such_file_here();
  }
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Entry>> {
    co_return co_await tx.find(kFileIn, entry_from, derived->entry, link.owner, *collection);
  };
  auto file = co_await context_.database.read(body);
  if (!file) co_return no_such_file_here();
  co_return for_reader(link, std::move(*file));
}

Entry ShareLinks::for_reader(const ShareLink& link, Entry file) const {
  const bool is_shared = file_of(link.target) == file.id;
  file.uuid = file.share =
      is_shared ? link.token : cipher_->derived_token(derived_from(link), link.token, file.id);
  file.share_expires_at.reset();
  return file;
}

Task<bool> ShareLinks::is_open_to(const ShareLink& link, const Entry& file,
                                  ShareDownload download) {
  if (!link.is_used_up()) co_return true;
  const CountedDownload one{
      .link = link.id, .file = file.id, .client = digest_of(link, download.client)};
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Time>> {
    auto at = co_await find_receipt(tx, one, file, context_.clock.now());
    co_return at;
  };
  std::optional<Time> counted_at;
  if (download.is_range) counted_at = co_await context_.database.read(body);
  if (!counted_at) ++used_up_;
  co_return counted_at.has_value();
}

Task<Result<CountedDownload>> ShareLinks::count(const ShareLink& link, const Entry& file,
                                                ShareDownload download) {
  CountedDownload counted{.link = link.id, .file = file.id};
  if (!link.max_downloads) co_return counted;
  counted.client = digest_of(link, download.client);
  counted.bytes = download.bytes;
  const Time now = context_.clock.now();
  auto body = [&](db::Transaction& tx) -> Task<Result<CountedDownload>> {
    CountedDownload one = counted;
    if (download.is_range) one.counted_at = co_await find_receipt(tx, one, file, now);
    if (one.counted_at) {
      co_await add_sent(tx, one, static_cast<std::int64_t>(one.bytes));
      co_return one;
    }
    const auto rows = co_await tx.execute(kCountDownload, link.id, now);
    if (rows == 0) co_return nothing_shared();
    one.counted_at = now;
    one.is_first = true;
    co_await tx.execute(kPutReceipt, link.id, file.id, ByteView(one.client.bytes), now, one.bytes);
    co_return one;
  };
  auto result = co_await context_.database.write(Actor::Anyone{}, body);
  if (!result) ++used_up_;
  co_return result;
}

Task<void> ShareLinks::settle(CountedDownload counted, std::uint64_t sent, bool is_lost) {
  if (!counted.counted_at || !is_lost || sent >= counted.bytes) co_return;
  auto body = [&](db::Transaction& tx) -> Task<void> {
    if (counted.is_first && sent == 0) {
      co_await tx.execute(kUncount, counted.link);
      co_await tx.execute(kDropReceipt, counted.link, counted.file, ByteView(counted.client.bytes),
                          *counted.counted_at);
      co_return;
    }
    co_await add_sent(tx, counted, -static_cast<std::int64_t>(counted.bytes - sent));
  };
  co_await context_.database.write(Actor::System{}, body);
}

Task<bool> ShareLinks::prune(std::size_t limit) {
  const Time before = context_.clock.now() - kShareDownloadLasts;
  auto look = [&](db::Transaction& tx) -> Task<std::vector<CountedDownload>> {
    co_return co_await tx.all(kOldReceipts, receipt_from, before, limit);
  };
  const auto old = co_await context_.database.read(look);
  if (old.empty()) co_return false;
  auto body = [&](db::Transaction& tx) -> Task<void> {
    for (const CountedDownload& each : old) {
      co_await tx.execute(kDropReceipt, each.link, each.file, ByteView(each.client.bytes),
                          *each.counted_at);
    }
  };
  co_await context_.database.write(Actor::System{}, body);
  co_return old.size() == limit;
}

}  // namespace coffer::vault
