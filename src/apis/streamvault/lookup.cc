#include "apis/streamvault/lookup.h"

#include "apis/kit/find_entry.h"

namespace coffer::apis::streamvault {
namespace {

using Found = std::expected<vault::Entry, Problem>;

}  // namespace

Task<Found> find_own(RequestContext& context) {
  const auto ref = parse_entry_ref(context.path.text("id"));
  if (!ref) co_return std::unexpected(not_found(Resource::kFile));
  const vault::AccountId owner = context.account().id;
  auto file = co_await find_file(context.vault, owner, *ref);
  if (file) co_return std::move(*file);
  auto folder = co_await find_folder(context.vault, owner, *ref);
  if (folder) co_return std::move(*folder);
  co_return std::unexpected(not_found(Resource::kFile));
}

Task<std::expected<Readable, Problem>> find_shared(RequestContext& context) {
  const auto ref = parse_entry_ref(context.path.text("id"));
  if (!ref) co_return std::unexpected(not_found(Resource::kFile));
  if (context.caller) {
    auto own = co_await find_own(context);
    if (own) co_return Readable{std::move(*own), std::nullopt};
  }
  if (const auto* token = std::get_if<Uuid>(&*ref)) {
    auto shared = co_await context.vault.shares().find(*token);
    if (shared) co_return Readable{std::move(shared->entry), shared->share};
  } else if (!context.caller) {
    // A caller that may not read a UUID learns nothing from it, not even that it needs credentials.
    co_return std::unexpected(
        Problem(ProblemKind::kNoCredentials, "Authentication credentials were not provided."));
  }
  co_return std::unexpected(not_found(Resource::kFile));
}

Task<std::expected<Readable, Problem>> find_shared(RequestContext& context, Resource resource) {
  auto found = co_await find_shared(context);
  const bool is_missing = !found && found.error().kind == ProblemKind::kNotFound;
  const bool is_other = found && found->entry.is_folder() != (resource == Resource::kFolder);
  if (is_missing || is_other) co_return std::unexpected(not_found(resource));
  co_return found;
}

void drop_null_of_patch(const http::Request& request, boost::json::object& fields,
                        std::string_view name) {
  if (request.method != http::Method::kPatch) return;
  const auto* value = fields.if_contains(name);
  if (value && value->is_null()) fields.erase(name);
}

Task<std::expected<FoundFolder, Problem>> find_wanted(RequestContext& context,
                                                      WantedFolder wanted) {
  if (!wanted) co_return FoundFolder();
  if (!*wanted) co_return FoundFolder(std::optional<vault::EntryId>());
  const auto folder = co_await find_folder(context.vault, context.account().id, **wanted);
  if (!folder) co_return std::unexpected(not_found(Resource::kFolder));
  co_return FoundFolder(std::optional(folder->id));
}

Task<vault::SpaceId> space_for(RequestContext& context, std::optional<vault::EntryId> folder) {
  if (folder) {
    const auto found = co_await context.vault.folders().find(context.account().id, *folder);
    if (found) co_return found->space;
  }
  co_return context.account().home;
}

}  // namespace coffer::apis::streamvault
