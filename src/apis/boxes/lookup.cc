#include "apis/boxes/lookup.h"

#include "apis/boxes/errors.h"
#include "apis/kit/find_entry.h"
#include "base/text.h"
#include "vault/model/ids.h"

namespace coffer::apis::boxes {
namespace {

constexpr char kNoNumber[] = "Enter a number.";

// The value of a filter; nothing when it is missing or empty.
std::optional<std::string_view> filter_value(const http::Request& request, std::string_view name) {
  const auto value = request.uri.parameter(name);
  if (!value || trim(*value).empty()) return std::nullopt;
  return trim(*value);
}

// The number of the caller's file or folder that `ref` names.
Task<std::optional<vault::EntryId>> number_of(RequestContext& context, EntryRef ref,
                                              bool is_folder) {
  if (const auto* id = std::get_if<vault::EntryId>(&ref)) co_return *id;
  const vault::AccountId owner = context.account().id;
  if (is_folder) {
    const auto folder = co_await find_folder(context.vault, owner, ref);
    if (!folder) co_return std::nullopt;
    co_return folder->id;
  }
  const auto file = co_await find_file(context.vault, owner, ref);
  if (!file) co_return std::nullopt;
  co_return file->id;
}

Task<std::optional<vault::EntryId>> number_in_path(RequestContext& context, bool is_folder) {
  const auto ref = parse_entry_ref(context.path.text("id"));
  if (!ref) co_return std::nullopt;
  co_return co_await number_of(context, *ref, is_folder);
}

}  // namespace

Task<std::expected<vault::Project, Problem>> find_project(RequestContext& context) {
  const auto id = vault::parse_id<vault::SpaceId>(context.path.text("id"));
  if (!id) co_return std::unexpected(not_found());
  auto project = co_await context.vault.projects().find(context.account().id, *id);
  if (!project) co_return std::unexpected(translate(project.error()));
  co_return std::move(*project);
}

Task<std::expected<vault::Box, Problem>> find_box(RequestContext& context) {
  const auto id = co_await number_in_path(context, true);
  if (!id) co_return std::unexpected(not_found());
  auto box = co_await context.vault.boxes().find(context.account().id, *id);
  if (!box) co_return std::unexpected(translate(box.error()));
  co_return std::move(*box);
}

Task<std::expected<vault::Asset, Problem>> find_asset(RequestContext& context) {
  const auto id = co_await number_in_path(context, false);
  if (!id) co_return std::unexpected(not_found());
  auto asset = co_await context.vault.assets().find(context.account().id, *id);
  if (!asset) co_return std::unexpected(translate(asset.error()));
  co_return std::move(*asset);
}

Task<void> resolve_ids(RequestContext& context, boost::json::object& body, RestFields& fields,
                       std::string_view name, Referred what, std::size_t max) {
  auto* value = body.if_contains(name);
  if (!value) co_return;
  // Whether it was a UUID of something.
  const auto resolve = [&](boost::json::value& one) -> Task<bool> {
    const auto uuid = one.is_string() ? Uuid::parse(trim(one.get_string())) : std::nullopt;
    if (!uuid) co_return true;
    const auto id = co_await number_of(context, EntryRef(*uuid), what == Referred::kBox);
    one = id ? id->value : 0;
    co_return id.has_value();
  };
  if (auto* list = value->if_array()) {
    if (list->size() > max) co_return;
    for (boost::json::value& one : *list) co_await resolve(one);
    co_return;
  }
  const boost::json::value given = *value;
  const bool is_known = co_await resolve(*value);
  if (!is_known) fields.fault(name, no_such_object(trim(given.get_string())));
}

std::expected<std::optional<vault::SpaceId>, Problem> project_filter(const http::Request& request) {
  const auto value = filter_value(request, "project");
  if (!value) return std::nullopt;
  const auto id = vault::parse_id<vault::SpaceId>(*value);
  if (!id) return std::unexpected(Problem::field("project", kNoNumber));
  return id;
}

Task<std::expected<std::optional<vault::EntryId>, Problem>> box_filter(RequestContext& context) {
  using Filter = std::optional<vault::EntryId>;
  const auto value = filter_value(context.request, "box");
  if (!value) co_return Filter();
  const auto ref = parse_entry_ref(*value);
  if (!ref && parse_unsigned(*value)) co_return Filter(vault::EntryId{});
  if (!ref) co_return std::unexpected(Problem::field("box", kNoNumber));
  const auto id = co_await number_of(context, *ref, true);
  co_return Filter(id.value_or(vault::EntryId{}));
}

}  // namespace coffer::apis::boxes
