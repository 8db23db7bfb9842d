// Descriptions of the calls about chunks, folders and files. The shapes are those of wire.cc.
#include <iterator>
#include <utility>

#include "apis/kit/schema.h"
#include "apis/streamvault/description.h"
#include "vault/model/ids.h"

namespace coffer::apis::streamvault {
namespace {

using namespace schema;

Schema kind() { return one_of({"image", "video", "audio", "document", "other"}); }

std::vector<Member> file_members() {
  return {{"id", integer(1)},
          {"file_name", text()},
          {"name", text()},
          {"folder", about(nullable(text()), "Its name")},
          {"parent", nullable(integer(1))},
          {"size", like(text(), "23 MB")},
          {"created_at", time()},
          {"updated_at", time()},
          {"uuid", uuid()},
          {"token", uuid()},
          {"file_type", kind()},
          {"type", kind()},
          {"media_type", text()},
          {"bytes", integer(0)},
          {"view_url", url()},
          {"download_url", url()},
          {"share_url", url()},
          {"thumbnail_url", about(text(), "Of a small picture; empty until there is one")},
          {"width", about(nullable(integer(1)), "Pixels")},
          {"height", nullable(integer(1))},
          {"duration", about(nullable(number()), "Seconds")}};
}

std::vector<Member> folder_members() {
  return {{"id", integer(1)},      {"name", text()},
          {"description", text()}, {"parent", nullable(integer(1))},
          {"uuid", uuid()},        {"token", uuid()},
          {"created_at", time()},  {"updated_at", time()},
          {"share_url", url()}};
}

Schema with(std::vector<Member> members, std::vector<Member> more) {
  std::move(more.begin(), more.end(), std::back_inserter(members));
  return object(std::move(members));
}

// An id, a UUID or a token. `more`: what else the text may be, as a regular expression.
Schema reference(std::string_view more = "") {
  constexpr char kReference[] =
      "[1-9][0-9]{0,14}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";
  return any_of({like(pattern("^(" + std::string(more) + kReference + ")$"),
                      "e4b1a8d7-5a21-4a32-a1c9-3e2b1a0c3f54"),
                 integer(1)});
}

// A folder, or none at all: null, or a text that is empty, as forms have it.
Schema place() { return nullable(reference("|")); }

}  // namespace

std::vector<NamedSchema> schemas() {
  std::vector<Member> root = folder_members();
  root.front().schema = uuid();
  return {
      {"File", object(file_members())},
      {"Folder", object(folder_members())},
      {"RootFolder", object(std::move(root))},
      {"FolderView", with(folder_members(), {{"folder", ref("Folder")},
                                             {"subfolders", list(ref("Folder"))},
                                             {"files", list(ref("File"))}})},
      {"FileV4", object({{"id", uuid()},
                         {"name", text()},
                         {"token", uuid()},
                         {"file_type", kind()},
                         {"folder", nullable(uuid())},
                         {"file", about(text(), "Its path under `/storage/media/`")},
                         {"size", about(integer(0), "Bytes")}})},
      {"FolderV4",
       object({{"id", uuid()}, {"name", text()}, {"token", uuid()}, {"parent", nullable(uuid())}})},
  };
}

std::vector<Operation> describe_chunks() {
  const Schema folder = place();
  const Schema upload_id = like(uuid(), "b32fb588-576f-42aa-8b91-32b477ccc4a1");
  std::vector<Member> completed = file_members();
  completed.front() = {"file_id", integer(1)};
  completed.push_back({"message", text()});
  return {
      {.routes = {"POST /storage/api/v3/chunk_init"},
       .id = "begin_chunks",
       .tag = kChunks,
       .summary = "Begin an upload",
       .body = fields(object({{"file_name", text(1, 255)},
                              {"total_chunks", integer(1, 10'000)},
                              optional("folder", folder),
                              optional("folder_id", folder)})),
       .answers = {reply("The upload",
                         object({{"upload_id", upload_id},
                                 {"message", text()},
                                 {"total_chunks", integer(0)},
                                 {"expires_at", time()}}),
                         201)},
       .errors = {{404, "There is no such folder"}}},
      {.routes = {"POST /storage/api/v3/chunk_upload"},
       .id = "upload_chunk",
       .tag = kChunks,
       .summary = "Send a chunk",
       .about =
           "As a form; or the bytes alone, with `X-Upload-ID` and `X-Chunk-Index`. A chunk that "
           "comes again takes the place of the first.",
       .parameters = {header("X-Upload-ID", "For a raw body", uuid()),
                      header("X-Chunk-Index", "For a raw body, from 0", integer(0, 9'999))},
       .body = {form_content(object({{"upload_id", upload_id},
                                     {"chunk_number", about(integer(1, 10'000), "From 1")},
                                     {"file", file()}})),
                raw_content()},
       .answers = {reply("It is safe on the disk", object({{"message", text()},
                                                           {"upload_id", uuid()},
                                                           {"chunk_number", integer(1)},
                                                           {"bytes", integer(0)}}))},
       .errors = {{404}, {409, "The upload is completed"}, {507}}},
      {.routes = {"POST /storage/api/v3/chunk_complete"},
       .id = "complete_chunks",
       .tag = kChunks,
       .summary = "Make the chunks a file",
       .about = "Again it answers the same.",
       .body = fields(object({{"upload_id", upload_id},
                              optional("file_name", text(1, 255)),
                              optional("folder", folder),
                              optional("folder_id", folder)})),
       .answers = {reply("The file", object(std::move(completed)))},
       .errors = {{400, "Chunks are missing: `missing_chunks` has their numbers"}, {404}, {409}}},
      {.routes = {"GET /storage/api/v3/chunk_status/{upload}"},
       .id = "show_chunks",
       .tag = kChunks,
       .summary = "Which chunks have arrived",
       .parameters = {in_path("upload", "Its id", text(), "b32fb588-576f-42aa-8b91-32b477ccc4a1")},
       .answers = {reply("The upload", object({{"upload_id", uuid()},
                                               {"file_name", text()},
                                               {"total_chunks", integer(0)},
                                               {"uploaded_chunks", list(integer(1))},
                                               {"missing_chunks", list(integer(1))},
                                               {"bytes", integer(0)},
                                               {"completed", boolean()},
                                               {"file_id", nullable(integer(1))},
                                               {"expires_at", time()}}))}},
  };
}

std::vector<Operation> describe_folders() {
  const Schema name = text(1, 255);

  const Schema words = nullable(text(0, 10'000));
  return {
      {.routes = {"POST /storage/api/v3/folders"},
       .id = "create_folder",
       .tag = kFolders,
       .summary = "Make a folder",
       .body = {json_content(
           object({{"name", name}, optional("description", words), optional("parent", place())}),
           {{"name", "Music"}, {"description", "My favorite tracks"}})},
       .answers = {reply("The folder", with(folder_members(), {{"message", text()}}), 201)},
       .errors = {{404, "There is no such parent"}, {409}}},
      {.routes = {"GET /storage/api/v3/folders"},
       .id = "list_folders",
       .tag = kFolders,
       .summary = "List all folders, the newest first",
       .answers = {reply("The folders", list(ref("Folder")))}},
      {.routes = {"GET /storage/api/v3/folders_search"},
       .id = "find_folders",
       .tag = kFolders,
       .summary = "Find folders by name or description",
       .parameters = {query("q", "A part of either", text(1, 255)),
                      query("name", "The same", text(1, 255))},
       .answers = {reply("The folders", list(ref("Folder")))}},
      {.routes = {"POST /storage/api/v3/folders_search"},
       .id = "search_folders",
       .tag = kFolders,
       .summary = "Find folders by name or description",
       .body = fields(object({{"name", name}})),
       .answers = {reply("The folders", list(ref("Folder")))}},
      {.routes = {"PUT /storage/api/v3/folders/update"},
       .id = "update_folder",
       .tag = kFolders,
       .summary = "Rename, describe or move a folder",
       .body = fields(object({{"token", reference()},
                              optional("name", name),
                              optional("description", words),
                              optional("parent", place())})),
       .answers = {message_reply("It is changed")},
       .errors = {{404}, {409}}},
      {.routes = {"GET /storage/api/v3/folders/{id}"},
       .id = "show_folder",
       .tag = kFolders,
       .summary = "A folder with what lies in it",
       .parameters = {query("subfolders_after", "The name behind which they begin", text()),
                      query("files_after", "The name behind which they begin", text())},
       .answers = {reply("The folder", ref("FolderView"))}},
      {.routes = {"GET /storage/api/v4/folders_root", "GET /api/v4/folders_root"},
       .id = "list_root_folders",
       .tag = kFolders,
       .summary = "List the folders that lie in no other",
       .answers = {reply("The folders", list(ref("RootFolder")))}},
      {.routes = {"PUT /storage/api/v4/folders/{id}/update", "PUT /api/v4/folders/{id}/update",
                  "PUT /storage/folders/{id}/update", "PATCH /storage/folders/{id}/update"},
       .id = "change_folder",
       .tag = kFolders,
       .summary = "Rename, describe or move a folder",
       .body = fields(changes({{"name", name}, {"parent", place()}, {"description", words}})),
       .answers = {reply("The folder", ref("FolderV4"))},
       .errors = {{400, "Among others: into itself, or below"}, {409}}},
      {.routes = {"DELETE /storage/api/v4/folders/{id}/delete",
                  "DELETE /api/v4/folders/{id}/delete", "DELETE /storage/folders/{id}/delete"},
       .id = "delete_folder",
       .tag = kFolders,
       .summary = "Delete a folder with everything in it",
       .answers = {message_reply("It is gone")}},
  };
}

std::vector<Operation> describe_files() {
  Operation media{.routes = {"GET /storage/media/uploads/{year}/{month}/{day}/{file}"},
                  .id = "download_media",
                  .tag = kFiles,
                  .summary = "The bytes of a file, by the `file` of version 4"};
  media.parameters = file_parameters();
  media.answers = file_answers("The bytes");
  const std::vector<Content> form{form_content(object({{"file", file()}}))};
  std::vector<ErrorCase> replace_errors{{507}};
  return {
      {.routes = {"GET /storage/api/v3/files/{id}"},
       .id = "show_file",
       .tag = kFiles,
       .summary = "One file",
       .answers = {reply("The file", ref("File"))}},
      {.routes = {"GET /storage/api/v3/files_preview/{id}"},
       .id = "preview_file",
       .tag = kFiles,
       .summary = "One file, with pictures of its pages",
       .answers = {reply("The file", with(file_members(), {{"view_urls", list(url())}}))}},
      {.routes = {"PUT /storage/api/v3/files/replace/{id}"},
       .id = "replace_file",
       .tag = kFiles,
       .summary = "Replace the bytes of a file",
       .about = "Its id, token and links stay.",
       .body = form,
       .answers = {message_reply("It is replaced")},
       .errors = replace_errors},
      {.routes = {"PUT /storage/api/v3/files_replace/{id}"},
       .id = "replace_and_show_file",
       .tag = kFiles,
       .summary = "Replace the bytes of a file, and show it",
       .body = form,
       .answers = {reply("The file", with(file_members(), {{"message", text()}}))},
       .errors = replace_errors},
      {.routes = {"POST /storage/api/v3/files_move", "PUT /storage/api/v3/files_move"},
       .id = "move_file",
       .tag = kFiles,
       .summary = "Move a file to another folder",
       .body = fields(object({{"file_id", reference()}, {"folder_token", place()}})),
       .answers = {message_reply("It is there")},
       .errors = {{404}, {409}}},
      {.routes = {"GET /storage/api/v3/all_files"},
       .id = "list_files",
       .tag = kFiles,
       .summary = "List all files",
       .parameters = {query("after", "The id behind which they begin", integer(0, vault::kMaxId))},
       .answers = {reply("The files", list(ref("File")))}},
      {.routes = {"PUT /storage/api/v4/files/{id}/update", "PUT /api/v4/files/{id}/update",
                  "PUT /storage/files/{id}/update", "PATCH /storage/files/{id}/update"},
       .id = "change_file",
       .tag = kFiles,
       .summary = "Rename or move a file",
       .body = fields(changes({{"name", text(1, 255)}, {"folder", place()}})),
       .answers = {reply("The file", ref("FileV4"))},
       .errors = {{409}}},
      {.routes = {"DELETE /storage/api/v4/files/{id}/delete", "DELETE /api/v4/files/{id}/delete",
                  "DELETE /storage/files/{id}/delete"},
       .id = "delete_file",
       .tag = kFiles,
       .summary = "Delete a file",
       .answers = {message_reply("It is gone")}},
      std::move(media),
  };
}

}  // namespace coffer::apis::streamvault
