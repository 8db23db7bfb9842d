// Lists of an account's folders, wherever they lie.
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "vault/model/sql.h"
#include "vault/tree/entry_rows.h"
#include "vault/tree/entry_scan.h"
#include "vault/tree/folders.h"
#include "vault/tree/tree.h"

namespace coffer::vault {
namespace {

constexpr char kOfOwner[] = " FROM entry WHERE owner_id = $1 AND kind = 5 AND id < $3";
constexpr char kOrder[] = " ORDER BY id DESC LIMIT $2";

constexpr auto kAllText = sql("SELECT ", kEntryColumns, kOfOwner, kOrder);
constexpr auto kVisibleText = sql("SELECT ", kEntryColumns, kOfOwner, kIsNotHidden, kOrder);
constexpr db::Statement kAll[] = {{kAllText.data()}, {kVisibleText.data()}};

constexpr auto kReadText = sql("SELECT ", kEntryColumns, " FROM entry WHERE id = $1");
constexpr db::Statement kRead{kReadText.data()};

// A page of those with a text.
Task<Page<Entry>> find_page(db::Transaction& tx, const FolderQuery& query,
                            const EntryFilter& filter) {
  std::vector<EntryId> found;
  const VisitEntry visit = [&](const EntryPosition& position, const db::Row* /*whole*/) {
    found.push_back(position.id);
    return found.size() < query.limit.to_fetch();
  };
  IdRange range;
  if (query.before) range.high = EntryId{query.before->value - 1};
  co_await scan_by_id(tx, filter, {}, range, std::nullopt, visit);
  Page<Entry> page;
  std::size_t bytes = 0;
  for (const EntryId id : found) {
    page.more = page.items.size() >= query.limit.rows ||
                (!page.items.empty() && bytes >= query.limit.bytes);
    if (page.more) break;
    auto folder = co_await tx.find(kRead, entry_from, id);
    bytes += page.items.emplace_back(std::move(folder.value())).text_bytes();
  }
  co_return page;
}

}  // namespace

Task<Result<Page<Entry>>> Folders::list(FolderQuery query) {
  EntryFilter filter;
  filter.owner = query.owner;
  filter.first_kind = filter.last_kind = FileKind::kFolder;
  if (query.text) {
    auto terms = SearchTerms::parse(*query.text);
    if (!terms) co_return Page<Entry>{};
    filter.terms = std::move(*terms);
  }
  const EntryId before = query.before.value_or(EntryId{INT64_MAX});
  auto body = [&](db::Transaction& tx, bool hidden) -> Task<Page<Entry>> {
    const std::size_t which = hidden ? 1 : 0;
    if (query.text) {
      filter.hidden = hidden;
      co_return co_await find_page(tx, query, filter);
    }
    co_return co_await read_page(tx, kAll[which], query.limit, entry_from, &Entry::text_bytes,
                                 query.owner, query.limit.to_fetch(), before);
  };
  try {
    const ListRead how{
        .owner = query.owner, .serving = !query.text, .on_behalf = query.owner.value};
    auto page = co_await read_list<Page<Entry>>(context_.database, how, body);
    co_return page;
  } catch (const db::Busy& busy) {
    co_return fail(FailureCode::kBusy, busy.what());
  }
}

}  // namespace coffer::vault
