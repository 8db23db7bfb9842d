#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <utility>
#include <vector>

#include "apis/boxes/asset_fields.h"
#include "apis/boxes/errors.h"
#include "apis/boxes/handlers.h"
#include "apis/boxes/lookup.h"
#include "apis/boxes/wire.h"
#include "apis/kit/form.h"
#include "apis/kit/json.h"
#include "apis/kit/rest_framework.h"
#include "base/log.h"
#include "base/text.h"
#include "base/unavailable.h"
#include "vault/boxes/asset_files.h"
#include "vault/model/checks.h"

namespace coffer::apis::boxes {
namespace {

constexpr std::string_view kFilePart = "file";
constexpr char kUnknownType[] =
    "\"{}\" is of a type that is not taken: its name has to end in .jpg, .jpeg, .png, .gif, .webp, "
    ".bmp, .svg, .mp4, .mov, .avi, .mkv, .webm, .flv or .wmv";

// A form as far as it has come.
struct UploadForm {
  boost::json::object fields;
  std::vector<vault::AssetFile> files;
};

// What an upload with `optimize` has made of one of its files.
struct OptimizedFile {
  std::uint64_t original_size = 0;
  std::string why_not;            // empty: it is smaller
  bool is_original_kept = false;  // as the file behind it
};

// Has a part's bytes received, where its name can be that of an asset.
Task<std::optional<Problem>> take_file(RequestContext& context, InputStream& content,
                                       std::string name, UploadForm& form) {
  // What a browser sends of a form in which nothing was chosen.
  if (name.empty()) co_return std::nullopt;
  vault::Faults faults;
  vault::check_file_name(name, faults);
  if (faults.any()) co_return translate(faults.failure().error());
  if (!vault::asset_kind(name)) {
    co_return Problem::field(std::string(kFilePart), fmt::format(kUnknownType, name));
  }
  auto staged = co_await context.vault.uploads().receive(
      context.account().id, content, std::nullopt, 0, context.request.body->length());
  if (!staged) {
    Problem problem = translate(staged.error());
    if (problem.kind == ProblemKind::kPayloadTooLarge) problem.message = "File is too large";
    co_return problem;
  }
  vault::AssetFile& file = form.files.emplace_back(std::move(*staged), std::move(name));
  // Not only when the files behind it have come, too.
  const auto checked = context.vault.assets().check(file);
  if (!checked) co_return translate(checked.error());
  co_return std::nullopt;
}

std::optional<Problem> take_field(std::string_view name, std::string_view text, UploadForm& form) {
  if (!is_utf8(name)) return Problem::field("non_field_errors", "Field names must be UTF-8.");
  if (!is_utf8(text)) return Problem::field(std::string(name), "Not a valid string.");
  form.fields[name] = text;
  return std::nullopt;
}

// Why a form is refused: its files in the document's words, its fields in the framework's.
using Refusal = std::optional<Reply>;

Task<Refusal> read_parts(RequestContext& context, std::string boundary, UploadForm& form) {
  FormReader reader(context.request, std::move(boundary));
  for (;;) {
    auto next = co_await reader.next();
    if (!next) co_return refuse_upload(std::move(next.error()));
    if (!*next) co_return std::nullopt;
    FormReader::Part& part = **next;
    if (!part.filename) {
      auto problem = take_field(part.name, part.text, form);
      if (problem) co_return Reply(std::unexpected(std::move(*problem)));
    } else if (part.name == kFilePart) {
      auto problem = co_await take_file(context, reader.content(), std::move(*part.filename), form);
      if (problem) co_return refuse_upload(std::move(*problem));
    }
  }
}

// Reads the whole form. A body that is no multipart form has no file.
Task<Refusal> read_form(RequestContext& context, UploadForm& form) {
  http::Request& request = context.request;
  auto boundary = form_boundary(request);
  if (boundary) co_return co_await read_parts(context, std::move(*boundary), form);
  if (boundary.error().kind == ProblemKind::kInvalid) {
    co_return refuse_upload(std::move(boundary.error()));
  }
  request.body->set_limit(kJsonLimit);
  auto fields = co_await read_fields(request);
  if (!fields) co_return refuse_upload(std::move(fields.error()));
  form.fields = std::move(*fields);
  co_return std::nullopt;
}

// `sea.jpg` that is kept beside its smaller self is `sea (original).jpg`; a name that would be too
// long so loses the end of its stem.
std::string name_of_original(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  std::string_view stem = std::string_view(name).substr(0, dot);
  const std::string end = " (original)" + name.substr(dot);
  const std::size_t length = count_code_points(stem) + count_code_points(end);
  for (std::size_t excess = length; excess > vault::kNameMax && !stem.empty(); --excess) {
    stem = truncate_utf8(stem, stem.size() - 1);
  }
  return std::string(stem) + end;
}

// The longest that an upload waits for all its images to be made smaller.
constexpr std::chrono::seconds kOptimizing{45};

// Makes the images of the form smaller, where that is asked for and possible in time: one of the
// result for each file that was sent. An original that is to be kept comes behind its file.
Task<std::vector<OptimizedFile>> optimize(RequestContext& context, UploadForm& form,
                                          RestFields& fields) {
  const bool is_wanted = fields.optional_boolean("optimize").value_or(false);
  const bool keeps_original = fields.optional_boolean("keep_original").value_or(false);
  std::vector<OptimizedFile> results;
  if (!is_wanted || fields.problem()) co_return results;
  const auto until = std::chrono::steady_clock::now() + kOptimizing;
  std::vector<vault::AssetFile> files;
  for (vault::AssetFile& file : form.files) {
    OptimizedFile& result = results.emplace_back();
    result.original_size = file.staged.size();
    if (vault::asset_kind(file.name) != vault::FileKind::kImage) {
      result.why_not = "videos are kept as they are";
      files.push_back(std::move(file));
      continue;
    }
    auto smaller = co_await context.vault.pictures().optimize(context.account().id, file.staged,
                                                              *context.request.body, until);
    if (!smaller) {
      result.why_not = std::move(smaller.error());
      files.push_back(std::move(file));
      continue;
    }
    result.is_original_kept = keeps_original;
    files.push_back({.staged = std::move(*smaller), .name = file.name});
    if (!keeps_original) continue;
    file.name = name_of_original(file.name);
    files.push_back(std::move(file));
  }
  form.files = std::move(files);
  co_return results;
}

// The document's reply to an upload: no thumbnail yet, also where equal bytes have one.
boost::json::object new_asset_object(const FileUrls& urls, const vault::Asset& asset) {
  boost::json::object object = asset_object(urls, asset);
  object["thumbnail_url"] = "";
  return object;
}

// One object for each file that was sent; `assets` has originals that were kept behind theirs.
std::vector<boost::json::object> new_asset_objects(const FileUrls& urls,
                                                   const std::vector<vault::Asset>& assets,
                                                   const std::vector<OptimizedFile>& optimized) {
  std::vector<boost::json::object> objects;
  for (std::size_t i = 0; i < assets.size(); ++i) {
    boost::json::object& object = objects.emplace_back(new_asset_object(urls, assets[i]));
    if (optimized.empty()) continue;
    const OptimizedFile& result = optimized[objects.size() - 1];
    boost::json::value reason = nullptr;
    if (!result.why_not.empty()) reason = result.why_not;
    boost::json::value original = nullptr;
    if (result.is_original_kept) original = assets[++i].file.id.value;
    object["optimization"] = boost::json::object{{"optimized", result.why_not.empty()},
                                                 {"original_size", result.original_size},
                                                 {"original", std::move(original)},
                                                 {"reason", std::move(reason)}};
  }
  return objects;
}

// Makes assets of the form's files: one is answered as it is, several as an array.
Task<Reply> add_assets(RequestContext& context, vault::EntryId box, UploadForm form,
                       vault::AssetFields wanted, std::vector<OptimizedFile> optimized) {
  auto made =
      co_await context.vault.assets().add(context.actor(), box, std::move(form.files), wanted);
  if (!made) co_return refuse_upload(translate(made.error(), wanted));
  // A key that does not read is not told what the box and the model are called.
  if (!context.caller->scopes.read) {
    for (vault::Asset& asset : *made) {
      asset.box_name.clear();
      if (asset.ai_model) asset.ai_model->name.clear();
    }
  }
  auto objects = new_asset_objects(FileUrls(context), *made, optimized);
  if (objects.size() == 1) co_return json_response(201, std::move(objects.front()));
  boost::json::array list;
  for (boost::json::object& object : objects) list.emplace_back(std::move(object));
  co_return json_response(201, list);
}

Task<Reply> upload(RequestContext& context, vault::EntryId box) {
  UploadForm form;
  auto refused = co_await read_form(context, form);
  if (refused) co_return std::move(*refused);
  if (form.files.empty()) co_return error_response(400, "File is required");
  RestFields fields(form.fields);
  co_await resolve_ids(context, form.fields, fields, "parent_asset", Referred::kAsset);
  vault::AssetFields wanted = asset_fields(fields);
  auto optimized = co_await optimize(context, form, fields);
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  Reply reply =
      co_await add_assets(context, box, std::move(form), std::move(wanted), std::move(optimized));
  co_return reply;
}

// The same with the box in the form.
Task<Reply> create(RequestContext& context) {
  UploadForm form;
  auto refused = co_await read_form(context, form);
  if (refused) co_return std::move(*refused);
  RestFields fields(form.fields);
  co_await resolve_ids(context, form.fields, fields, "parent_asset", Referred::kAsset);
  co_await resolve_ids(context, form.fields, fields, "box", Referred::kBox);
  const std::int64_t box = fields.key("box");
  vault::AssetFields wanted = asset_fields(fields);
  if (form.files.empty()) fields.fault(kFilePart, "No file was submitted.");
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const vault::EntryId id{box};
  const auto known = co_await context.vault.boxes().find(context.account().id, id);
  if (!known) co_return std::unexpected(Problem::field("box", no_such_object(box)));
  auto optimized = co_await optimize(context, form, fields);
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  Reply reply =
      co_await add_assets(context, id, std::move(form), std::move(wanted), std::move(optimized));
  co_return reply;
}

// What failed here, as the document tells it.
Reply failed(const RequestContext& context, const std::exception& error) {
  log::error("upload failed", {{"request_id", context.request.id}, {"error", error.what()}});
  Problem problem = Problem::of(error);
  // Whatever the reason, it is the store that failed.
  if (dynamic_cast<const Unavailable*>(&error)) problem.kind = ProblemKind::kInternal;
  return refuse_upload(std::move(problem));
}

}  // namespace

Task<Reply> upload_to_box(RequestContext& context) {
  const auto box = co_await find_box(context);
  if (!box) co_return std::unexpected(box.error());
  try {
    Reply reply = co_await upload(context, box->id);
    co_return reply;
  } catch (const std::exception& error) {
    co_return failed(context, error);
  }
}

Task<Reply> create_asset(RequestContext& context) {
  try {
    Reply reply = co_await create(context);
    co_return reply;
  } catch (const std::exception& error) {
    co_return failed(context, error);
  }
}

}  // namespace coffer::apis::boxes
