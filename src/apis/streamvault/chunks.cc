#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <limits>

#include "apis/kit/form.h"
#include "apis/kit/json.h"
#include "apis/kit/rest_framework.h"
#include "apis/streamvault/errors.h"
#include "apis/streamvault/handlers.h"
#include "apis/streamvault/lookup.h"
#include "apis/streamvault/wire.h"
#include "base/text.h"
#include "http/multipart.h"

namespace coffer::apis::streamvault {
namespace {

constexpr FieldNames kNames{.name = "file_name", .parent = "folder"};
constexpr char kUploadHeader[] = "X-Upload-ID";
constexpr char kIndexHeader[] = "X-Chunk-Index";

// Which chunk of which upload a request brings.
struct Chunk {
  Uuid upload;
  std::uint32_t number = 0;  // from 1
};

// The folder that `folder_id` or `folder` names; an empty optional inside for none at all.
WantedFolder wanted_folder(RestFields& fields) {
  const WantedFolder by_id = fields.optional_reference("folder_id");
  const WantedFolder by_name = fields.optional_reference("folder");
  return by_id ? by_id : by_name;
}

http::Response chunk_response(const Chunk& chunk, const vault::Part& part) {
  return json_response(200,
                       {{"message", fmt::format("Chunk {} uploaded successfully", chunk.number)},
                        {"upload_id", chunk.upload.str()},
                        {"chunk_number", chunk.number},
                        {"bytes", part.size}});
}

// From the headers of a raw body; the index counts from 0.
std::expected<Chunk, Problem> chunk_of_headers(const http::Request& request) {
  boost::json::object headers;
  for (const char* name : {kUploadHeader, kIndexHeader}) {
    const auto value = request.header(name);
    if (value && is_utf8(*value)) headers[name] = *value;
  }
  RestFields fields(headers);
  Chunk chunk;
  chunk.upload = fields.uuid(kUploadHeader);
  chunk.number =
      static_cast<std::uint32_t>(fields.integer(kIndexHeader, 0, vault::kPartsMax - 1)) + 1;
  if (auto problem = fields.problem()) return std::unexpected(std::move(*problem));
  return chunk;
}

std::expected<Chunk, Problem> chunk_of_form(const boost::json::object& form, bool has_file) {
  RestFields fields(form);
  Chunk chunk;
  chunk.upload = fields.uuid("upload_id");
  chunk.number = static_cast<std::uint32_t>(fields.integer("chunk_number", 1, vault::kPartsMax));
  if (!has_file) fields.fault("file", no_file(fields.has("file")));
  if (auto problem = fields.problem()) return std::unexpected(std::move(*problem));
  return chunk;
}

// The bytes may come before the fields that say what they are.
Task<std::expected<vault::StagedBlob, Problem>> receive_chunk(RequestContext& context,
                                                              const FileForm& form,
                                                              InputStream& content) {
  const vault::AccountId owner = context.account().id;
  if (!form.fields.contains("upload_id") || !form.fields.contains("chunk_number")) {
    auto staged = co_await context.vault.uploads().receive(owner, content, std::nullopt, 0,
                                                           context.request.body->length());
    if (!staged) co_return std::unexpected(translate(staged.error(), Resource::kUpload, kNames));
    co_return std::move(*staged);
  }
  const auto chunk = chunk_of_form(form.fields, true);
  if (!chunk) co_return std::unexpected(chunk.error());
  auto staged = co_await context.vault.upload_sessions().receive_part(
      owner, chunk->upload, chunk->number, content, std::nullopt);
  if (!staged) co_return std::unexpected(translate(staged.error(), Resource::kUpload, kNames));
  co_return std::move(*staged);
}

Task<Reply> upload_form(RequestContext& context) {
  const ReceiveFile receive = [&](const FileForm& form, InputStream& content) {
    return receive_chunk(context, form, content);
  };
  auto form = co_await read_file_form(context, receive);
  if (!form) co_return std::unexpected(std::move(form.error()));
  const auto chunk = chunk_of_form(form->fields, form->file.has_value());
  if (!chunk) co_return std::unexpected(chunk.error());
  const auto part = co_await context.vault.upload_sessions().commit_part(
      context.actor(), chunk->upload, chunk->number, std::move(*form->file));
  if (!part) co_return std::unexpected(translate(part.error(), Resource::kUpload, kNames));
  co_return chunk_response(*chunk, *part);
}

Task<Reply> upload_raw(RequestContext& context) {
  const auto chunk = chunk_of_headers(context.request);
  if (!chunk) co_return std::unexpected(chunk.error());
  http::RequestBody& body = *context.request.body;
  const auto part = co_await context.vault.upload_sessions().put_part(
      context.actor(), chunk->upload, chunk->number, body, body.length());
  if (!part) {
    Problem problem = translate(part.error(), Resource::kUpload, kNames);
    for (vault::FieldFault& fault : problem.fields) {
      fault = {kIndexHeader, "Must be less than the number of chunks."};
    }
    co_return std::unexpected(std::move(problem));
  }
  co_return chunk_response(*chunk, *part);
}

boost::json::object status_object(const vault::UploadSessionStatus& status) {
  const vault::UploadSession& upload = status.upload;
  boost::json::array arrived;
  boost::json::array missing;
  const std::uint32_t total = upload.parts.value_or(0);
  auto part = status.parts.begin();
  for (std::uint32_t number = 1; number <= total; ++number) {
    const bool is_there = upload.entry || (part != status.parts.end() && part->number == number);
    if (is_there && !upload.entry) ++part;
    (is_there ? arrived : missing).emplace_back(number);
  }
  boost::json::value file_id;
  if (upload.entry) file_id = upload.entry->value;
  return {{"upload_id", upload.uuid.str()},
          {"file_name", upload.name},
          {"total_chunks", total},
          {"uploaded_chunks", std::move(arrived)},
          {"missing_chunks", std::move(missing)},
          {"bytes", upload.bytes},
          {"completed", upload.entry.has_value()},
          {"file_id", std::move(file_id)},
          {"expires_at", to_iso8601(upload.expires_at)}};
}

}  // namespace

Task<Reply> begin_chunks(RequestContext& context) {
  const auto body = co_await read_fields(context.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  vault::NewUploadSession wanted;
  wanted.name = fields.text("file_name", kNameMax);
  wanted.parts = static_cast<std::uint32_t>(fields.integer("total_chunks", 1, vault::kPartsMax));
  const WantedFolder folder = wanted_folder(fields);
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto place = co_await find_wanted(context, folder);
  if (!place) co_return std::unexpected(place.error());
  wanted.parent = place->value_or(std::nullopt);
  wanted.space = co_await space_for(context, wanted.parent);
  const auto upload =
      co_await context.vault.upload_sessions().begin(context.actor(), std::move(wanted));
  if (!upload) co_return std::unexpected(translate(upload.error(), Resource::kFolder, kNames));
  co_return json_response(201, {{"upload_id", upload->uuid.str()},
                                {"message", "Upload session initialized successfully"},
                                {"total_chunks", upload->parts.value_or(0)},
                                {"expires_at", to_iso8601(upload->expires_at)}});
}

Task<Reply> upload_chunk(RequestContext& context) {
  const http::Request& request = context.request;
  const auto boundary = http::multipart_boundary(request.header("Content-Type").value_or(""));
  const bool is_form = boundary || boundary.error() == http::NoBoundary::kInvalid;
  const bool has_headers = request.header(kUploadHeader) || request.header(kIndexHeader);
  const bool is_raw = has_headers && !is_form;
  if (is_raw) co_return co_await upload_raw(context);
  co_return co_await upload_form(context);
}

Task<Reply> complete_chunks(RequestContext& context) {
  const auto body = co_await read_fields(context.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  const Uuid id = fields.uuid("upload_id");
  vault::Completion completion;
  completion.name = fields.optional_text("file_name", kNameMax);
  const WantedFolder folder = wanted_folder(fields);
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto place = co_await find_wanted(context, folder);
  if (!place) co_return std::unexpected(place.error());
  completion.parent = *place;
  const auto file =
      co_await context.vault.upload_sessions().complete(context.actor(), id, std::move(completion));
  if (!file) {
    auto missing = missing_chunks_response(file.error());
    if (missing) co_return std::move(*missing);
    co_return std::unexpected(translate(file.error(), Resource::kUpload, kNames));
  }
  const auto parent = co_await context.vault.folders().parent_of(*file);
  boost::json::object reply{{"file_id", file->id.value},
                            {"file_name", file->name},
                            {"message", "File successfully assembled"}};
  // A key that does not read is not told what the folder is called.
  const std::string* folder_name = parent && context.caller->scopes.read ? &parent->name : nullptr;
  const boost::json::object object = file_object(context.client.base_url, *file, folder_name);
  for (const auto& field : object) {
    if (field.key() != "id") reply.insert(field);
  }
  co_return json_response(200, reply);
}

Task<Reply> show_chunks(RequestContext& context) {
  const auto id = Uuid::parse(context.path.text("upload"));
  if (!id) co_return std::unexpected(not_found(Resource::kUpload));
  const auto status = co_await context.vault.upload_sessions().status(context.account().id, *id);
  if (!status) co_return std::unexpected(translate(status.error(), Resource::kUpload, kNames));
  co_return json_response(200, status_object(*status));
}

}  // namespace coffer::apis::streamvault
