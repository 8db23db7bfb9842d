#include "apis/streamvault/lookup.h"

namespace coffer::apis::streamvault {
namespace {

using Found = std::expected<vault::Entry, Problem>;

Task<Found> find_by_token(RequestContext& exchange, EntryRef ref) {
  if (const auto* token = std::get_if<Uuid>(&ref)) {
    auto entry = co_await exchange.vault.shares().find(*token);
    if (entry) co_return std::move(*entry);
  }
  co_return std::unexpected(not_found(Resource::kFile));
}

}  // namespace

Task<Found> find_own(RequestContext& exchange) {
  const auto ref = parse_entry_ref(exchange.path.text("id"));
  if (!ref) co_return std::unexpected(not_found(Resource::kFile));
  const vault::AccountId owner = exchange.account().id;
  auto file = co_await find_file(exchange.vault, owner, *ref);
  if (file) co_return std::move(*file);
  auto folder = co_await find_folder(exchange.vault, owner, *ref);
  if (folder) co_return std::move(*folder);
  co_return std::unexpected(not_found(Resource::kFile));
}

Task<Found> find_shared(RequestContext& exchange) {
  const auto ref = parse_entry_ref(exchange.path.text("id"));
  if (!ref) co_return std::unexpected(not_found(Resource::kFile));
  auto shared = co_await find_by_token(exchange, *ref);
  if (shared) co_return shared;
  if (exchange.caller) {
    auto own = co_await find_own(exchange);
    co_return own;
  }
  // A UUID tells nothing to who may not read it, not even that it wants credentials.
  if (std::holds_alternative<Uuid>(*ref)) co_return shared;
  co_return std::unexpected(
      Problem(ProblemKind::kNoCredentials, "Authentication credentials were not provided."));
}

Task<Found> find_shared(RequestContext& exchange, Resource resource) {
  auto entry = co_await find_shared(exchange);
  const bool is_missing = !entry && entry.error().kind == ProblemKind::kNotFound;
  const bool is_other = entry && entry->is_folder() != (resource == Resource::kFolder);
  if (is_missing || is_other) co_return std::unexpected(not_found(resource));
  co_return entry;
}

Task<std::expected<FoundFolder, Problem>> find_wanted(RequestContext& exchange, WantedFolder wanted) {
  if (!wanted) co_return FoundFolder();
  if (!*wanted) co_return FoundFolder(std::optional<vault::EntryId>());
  const auto folder = co_await find_folder(exchange.vault, exchange.account().id, **wanted);
  if (!folder) co_return std::unexpected(not_found(Resource::kFolder));
  co_return FoundFolder(std::optional(folder->id));
}

}  // namespace coffer::apis::streamvault
