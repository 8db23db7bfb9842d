#include <boost/json/object.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "apis/kit/conditional.h"
#include "apis/kit/find_entry.h"
#include "apis/kit/json.h"
#include "apis/mediavault/handlers.h"
#include "apis/mediavault/media_list.h"
#include "apis/mediavault/pagination.h"
#include "apis/mediavault/wire.h"

namespace coffer::apis::mediavault {
namespace {

constexpr char kOneMedia[] = "media_id";
constexpr char kManyMedia[] = "media_ids";
constexpr std::string_view kBeforeExpected =
    "Must be the id of a media of the collection, or null for the end";

Problem no_such_collection() { return {ProblemKind::kNotFound, "There is no such collection"}; }

// `fields`: those that named the media.
Problem no_such_media_of_yours(const std::vector<std::string>& fields) {
  Problem problem(ProblemKind::kNotFound, "There is no such media");
  for (const std::string& field : fields) {
    problem.fields.push_back({field, field == kOneMedia
                                         ? "Must be the id of a media of yours"
                                         : "Must each be the id of a media of yours"});
  }
  return problem;
}

// A failure of a change, in the names of the fields that the caller sent.
Problem about_collection(const vault::Failure& failure) {
  Problem problem(failure);
  if (failure.code == vault::FailureCode::kNotFound && !problem.fields.empty()) {
    vault::FieldFault& fault = problem.fields.front();
    problem.message = "There is no such media in this collection";
    if (fault.field == "before") {
      fault.message = std::string(kBeforeExpected);
    } else {
      problem.fields.clear();  // the path names it
    }
  }
  return problem;
}

std::expected<vault::CollectionId, Problem> id_of(const RequestContext& context) {
  const auto id = parse_collection_id(context.path.text("id"));
  if (!id) return std::unexpected(no_such_collection());
  return *id;
}

// A file's number, which a UUID has to be looked up for. Nothing: no file of the caller's.
Task<std::optional<vault::EntryId>> number_of(RequestContext& context, std::string text) {
  const auto id = parse_media_id(text);
  if (!id) co_return std::nullopt;
  if (const auto* number = std::get_if<vault::EntryId>(&*id)) co_return *number;
  const auto entry = co_await find_file(context.vault, context.account().id, *id);
  if (!entry) co_return std::nullopt;
  co_return entry->id;
}

// The media that a request names, by the field that names them.
using NamedMedia = std::vector<std::pair<std::string, std::vector<std::string>>>;

// The fields that name what is no file of the caller's.
Task<std::vector<std::string>> fields_of_missing(RequestContext& context, const NamedMedia& named) {
  std::vector<std::string> fields;
  for (const auto& [field, texts] : named) {
    for (const std::string& text : texts) {
      const auto id = parse_media_id(text);
      if (id) {
        const auto file = co_await find_file(context.vault, context.account().id, *id);
        if (file) continue;
      }
      fields.push_back(field);
      break;
    }
  }
  co_return fields;
}

// The numbers of all; nothing where one is surely no file of the caller's.
Task<std::optional<std::vector<vault::EntryId>>> numbers_of(RequestContext& context,
                                                            const NamedMedia& named) {
  std::vector<vault::EntryId> files;
  for (const auto& [field, texts] : named) {
    for (const std::string& text : texts) {
      const auto file = co_await number_of(context, text);
      if (!file) co_return std::nullopt;
      files.push_back(*file);
    }
  }
  co_return files;
}

// A failure of an addition, in the names of the fields that the caller sent.
Task<Problem> about_addition(RequestContext& context, const vault::Failure& failure,
                             const NamedMedia& named) {
  const bool is_about_media = !failure.fields.empty() && failure.fields.front().field == "files";
  if (failure.code == vault::FailureCode::kNotFound && is_about_media) {
    const auto fields = co_await fields_of_missing(context, named);
    co_return no_such_media_of_yours(fields);
  }
  Problem problem = about_collection(failure);
  for (vault::FieldFault& fault : problem.fields) {
    if (fault.field == "files") fault.field = named.front().first;
  }
  co_return problem;
}

Reply reply_with(RequestContext& context, const vault::Result<vault::Collection>& collection,
                 unsigned status = 200) {
  if (!collection) return std::unexpected(about_collection(collection.error()));
  http::Response response = success(context, collection_object(*collection), status);
  response.headers.set("ETag", entity_tag(collection->state_tag()));
  return response;
}

vault::EntryPosition position_of(const vault::Collection& collection) {
  return {.id = {}, .number = collection.id.value, .name = {}};
}

}  // namespace

Task<Reply> create_collection(RequestContext& context) {
  const auto body = co_await read_json(context.request);
  if (!body) co_return std::unexpected(body.error());
  Fields fields(*body);
  std::string name = fields.text("name");
  auto description = fields.nullable_text("description").value_or(std::nullopt);
  fields.add(vault::Collections::faults_of({.name = name, .description = description}));
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto made = co_await context.vault.collections().create(context.actor(), std::move(name),
                                                                std::move(description));
  co_return reply_with(context, made, 201);
}

Task<Reply> list_collections(RequestContext& context) {
  const vault::AccountId owner = context.account().id;
  vault::NamedList list{.owner = owner, .name = "collections"};
  const auto page = parse_page(context, std::move(list));
  if (!page) co_return std::unexpected(page.error());
  vault::Collections& collections = context.vault.collections();
  const std::uint64_t total = co_await collections.count(owner);
  const auto read = [&collections, owner](const std::optional<vault::EntryPosition>& after,
                                          std::uint64_t skip, vault::PageLimit limit) {
    const vault::CollectionId last{after ? after->number : 0};
    return collections.list(owner, last, limit, skip);
  };
  const auto end = std::make_shared<PageEnd>();
  NextPage rows = page_rows(*page, total, end, read, position_of, collection_object);
  Reply reply = co_await page_reply(context, *page, "/collections", std::move(rows), end);
  co_return reply;
}

Task<Reply> show_collection(RequestContext& context) {
  const auto id = id_of(context);
  if (!id) co_return std::unexpected(id.error());
  const auto found = co_await context.vault.collections().find(context.account().id, *id);
  co_return reply_with(context, found);
}

Task<Reply> update_collection(RequestContext& context) {
  const auto id = id_of(context);
  if (!id) co_return std::unexpected(id.error());
  const auto body = co_await read_json(context.request);
  if (!body) co_return std::unexpected(body.error());
  Fields fields(*body);
  vault::CollectionChanges changes;
  changes.name = fields.optional_text("name");
  changes.description = fields.nullable_text("description");
  changes.precondition = if_match(context.request);
  fields.add(vault::Collections::faults_of(changes));
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto updated =
      co_await context.vault.collections().update(context.actor(), *id, std::move(changes));
  co_return reply_with(context, updated);
}

Task<Reply> delete_collection(RequestContext& context) {
  const auto id = id_of(context);
  if (!id) co_return std::unexpected(id.error());
  const auto removed =
      co_await context.vault.collections().remove(context.actor(), *id, if_match(context.request));
  if (!removed) co_return std::unexpected(removed.error());
  co_return success(context, {{"id", context.path.text("id")}, {"deleted", true}});
}

Task<Reply> add_to_collection(RequestContext& context) {
  const auto id = id_of(context);
  if (!id) co_return std::unexpected(id.error());
  const auto body = co_await read_json(context.request);
  if (!body) co_return std::unexpected(body.error());
  Fields fields(*body);
  NamedMedia named;
  auto many = fields.texts(kManyMedia);
  if (many && !many->empty()) named.emplace_back(kManyMedia, std::move(*many));
  if (auto one = fields.optional_text(kOneMedia)) {
    named.emplace_back(kOneMedia, std::vector<std::string>{std::move(*one)});
  }
  if (named.empty() && !fields.problem()) {
    fields.fault(kManyMedia, "Must name one media or more, or media_id one");
  }
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  auto files = co_await numbers_of(context, named);
  if (!files) {
    const auto missing = co_await fields_of_missing(context, named);
    co_return std::unexpected(no_such_media_of_yours(missing));
  }
  const auto changed = co_await context.vault.collections().add(
      context.actor(), *id, std::move(*files), if_match(context.request));
  if (!changed) {
    Problem problem = co_await about_addition(context, changed.error(), named);
    co_return std::unexpected(std::move(problem));
  }
  co_return reply_with(context, changed);
}

Task<Reply> list_collection(RequestContext& context) {
  const auto id = id_of(context);
  if (!id) co_return std::unexpected(id.error());
  const auto found = co_await context.vault.collections().find(context.account().id, *id);
  if (!found) co_return std::unexpected(found.error());
  auto list = parse_list(context, *id);
  if (!list) co_return std::unexpected(list.error());
  Reply reply =
      co_await list_page(context, *list, "/collections/" + context.path.text("id") + "/media");
  co_return reply;
}

Task<Reply> move_in_collection(RequestContext& context) {
  const auto id = id_of(context);
  if (!id) co_return std::unexpected(id.error());
  const auto file = co_await number_of(context, context.path.text("media"));
  const auto body = co_await read_json(context.request);
  if (!body) co_return std::unexpected(body.error());
  Fields fields(*body);
  auto before = fields.nullable_text("before");
  if (!before && !fields.problem()) {
    fields.fault("before", std::string(kBeforeExpected));
  }
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  std::optional<vault::EntryId> next;
  if (*before) next = co_await number_of(context, std::move(**before));
  if (!file) co_return std::unexpected(Problem(ProblemKind::kNotFound, "There is no such media"));
  if (*before && !next) {
    Problem problem(ProblemKind::kNotFound, "There is no such media in this collection");
    problem.fields.push_back({"before", std::string(kBeforeExpected)});
    co_return std::unexpected(std::move(problem));
  }
  const auto moved = co_await context.vault.collections().move(context.actor(), *id, *file, next,
                                                               if_match(context.request));
  co_return reply_with(context, moved);
}

Task<Reply> take_out_of_collection(RequestContext& context) {
  const auto id = id_of(context);
  if (!id) co_return std::unexpected(id.error());
  const auto file = co_await number_of(context, context.path.text("media"));
  if (!file) co_return std::unexpected(Problem(ProblemKind::kNotFound, "There is no such media"));
  const auto changed = co_await context.vault.collections().take_out(context.actor(), *id, *file,
                                                                     if_match(context.request));
  co_return reply_with(context, changed);
}

}  // namespace coffer::apis::mediavault
