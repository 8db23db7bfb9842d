#include "apis/kit/schema.h"
#include "apis/mediavault/description.h"

namespace coffer::apis::mediavault {
namespace {

using namespace schema;

constexpr char kCollections[] = "Collections";

std::vector<Parameter> collection_list_parameters() {
  std::vector<Parameter> parameters = page_parameters();
  parameters.push_back(collection_id_parameter());
  parameters.push_back(
      query("type", "Of that kind only", one_of({"image", "video", "audio", "document", "other"})));
  add_media_filters(parameters);
  parameters.push_back(query(
      "sort", "With `-` in front: backwards; `relevance` with `q` only",
      one_of({"position", "added_at", "created_at", "taken_at", "filename", "size", "-position",
              "-added_at", "-created_at", "-taken_at", "-filename", "-size", "relevance"})));
  parameters.push_back(query("order", "", one_of({"asc", "desc"})));
  return parameters;
}

}  // namespace

Operations describe_collections() {
  return {
      {.routes = {"POST /collections"},
       .id = "create_collection",
       .tag = kCollections,
       .summary = "Make a collection",
       .body = {json_content(
           object({{"name", text(1, 255)}, optional("description", nullable(text()))}),
           {{"name", "Holidays"}, {"description", "By the sea"}})},
       .answers = {tagged(answer("The collection", ref("Collection"), 201))},
       .errors = {{415}}},
      {.routes = {"GET /collections"},
       .id = "list_collections",
       .tag = kCollections,
       .summary = "List the collections",
       .parameters = page_parameters(),
       .answers = {page_answer("A page of them, the oldest first", ref("Collection"))}},
      {.routes = {"GET /collections/{id}"},
       .id = "show_collection",
       .tag = kCollections,
       .summary = "One collection",
       .parameters = {collection_id_parameter()},
       .answers = {tagged(answer("The collection", ref("Collection")))}},
      {.routes = {"PATCH /collections/{id}"},
       .id = "update_collection",
       .tag = kCollections,
       .summary = "Rename or describe a collection",
       .parameters = {collection_id_parameter(), if_match_parameter()},
       .body = {json_content(changes({{"name", text(1, 255)}, {"description", nullable(text())}}))},
       .answers = {tagged(answer("The collection", ref("Collection")))},
       .errors = {{415}}},
      {.routes = {"DELETE /collections/{id}"},
       .id = "delete_collection",
       .tag = kCollections,
       .summary = "Delete a collection; its media stay",
       .parameters = {collection_id_parameter(), if_match_parameter()},
       .answers = {deleted_answer()}},
      {.routes = {"POST /collections/{id}/media"},
       .id = "add_to_collection",
       .tag = kCollections,
       .summary = "Add media",
       .about = "What is in it already stays where it is.",
       .parameters = {collection_id_parameter(), if_match_parameter()},
       .body = {json_content(changes({{"media_id", text()}, {"media_ids", list(text())}}),
                             {{"media_ids", {"media_12", "media_13"}}})},
       .answers = {tagged(answer("The collection", ref("Collection")))},
       .errors = {{415}}},
      {.routes = {"GET /collections/{id}/media"},
       .id = "list_collection_media",
       .tag = kCollections,
       .summary = "List the media of a collection",
       .parameters = collection_list_parameters(),
       .answers = {page_answer("A page of them, in the collection's order", ref("Media"))}},
      {.routes = {"PATCH /collections/{id}/media/{media}"},
       .id = "move_in_collection",
       .tag = kCollections,
       .summary = "Move a medium within the order",
       .parameters = {collection_id_parameter(), media_id_parameter("media"), if_match_parameter()},
       .body = {json_content(
           object({{"before", about(nullable(text()), "A medium of it; null: to the end")}}),
           {{"before", "media_12"}})},
       .answers = {tagged(answer("The collection", ref("Collection")))},
       .errors = {{415}}},
      {.routes = {"DELETE /collections/{id}/media/{media}"},
       .id = "take_out_of_collection",
       .tag = kCollections,
       .summary = "Take a medium out",
       .parameters = {collection_id_parameter(), media_id_parameter("media"), if_match_parameter()},
       .answers = {tagged(answer("The collection", ref("Collection")))}},
  };
}

}  // namespace coffer::apis::mediavault
