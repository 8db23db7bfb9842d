// Lists of an account's folders, wherever they lie.
#include <cstdint>
#include <utility>

#include "vault/model/sql.h"
#include "vault/tree/entry_rows.h"
#include "vault/tree/folders.h"
#include "vault/tree/tree.h"

namespace coffer::vault {
namespace {

constexpr char kOfOwner[] = " FROM entry WHERE owner_id = $1 AND kind = 5 AND id < $3";
constexpr char kOrder[] = " ORDER BY id DESC LIMIT $2";
constexpr char kWithText[] = " AND search LIKE $4 ESCAPE '\\'";

constexpr auto kAllText = sql("SELECT ", kEntryColumns, kOfOwner, kOrder);
constexpr auto kVisibleText = sql("SELECT ", kEntryColumns, kOfOwner, kIsNotHidden, kOrder);
constexpr db::Statement kAll[] = {{kAllText.data()}, {kVisibleText.data()}};

constexpr auto kMatchingText = sql("SELECT ", kEntryColumns, kOfOwner, kWithText, kOrder);
constexpr auto kVisibleMatchingText =
    sql("SELECT ", kEntryColumns, kOfOwner, kWithText, kIsNotHidden, kOrder);
constexpr db::Statement kMatching[] = {{kMatchingText.data()}, {kVisibleMatchingText.data()}};

}  // namespace

Task<Result<Page<Entry>>> Folders::list(FolderQuery query) {
  std::optional<std::string> pattern;
  if (query.text) {
    pattern = search_pattern(*query.text);
    if (!pattern) co_return Page<Entry>{};
  }
  const EntryId before = query.before.value_or(EntryId{INT64_MAX});
  auto body = [&](db::Transaction& tx, bool hidden) -> Task<Page<Entry>> {
    const std::size_t which = hidden ? 1 : 0;
    if (pattern) {
      co_return co_await read_page(tx, kMatching[which], query.limit, entry_from,
                                   &Entry::text_bytes, query.owner, query.limit.to_fetch(), before,
                                   *pattern);
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
