#include <iterator>
#include <utility>

#include "apis/kit/schema.h"
#include "apis/mediavault/description.h"
#include "vault/media/pictures.h"

namespace coffer::apis::mediavault {
namespace {

using namespace schema;

constexpr char kMedia[] = "Media";
constexpr char kMismatch[] = "The bytes are not those of the checksum or digest";

Schema checksum() { return pattern("^sha256:[0-9a-fA-F]{64}$"); }

Schema checksums() {
  Schema some = list(checksum());
  some["maxItems"] = 1000;
  return some;
}

std::vector<Parameter> media_list_parameters() {
  std::vector<Parameter> parameters = page_parameters();
  parameters.push_back(
      query("type", "Of that kind only", one_of({"image", "video", "audio", "document", "other"})));
  add_media_filters(parameters);
  parameters.push_back(query("collection", "In that collection", like(text(), "col_3")));
  parameters.push_back(query("sort", "With `-` in front: backwards; `relevance` with `q` only",
                             one_of({"created_at", "taken_at", "filename", "size", "-created_at",
                                     "-taken_at", "-filename", "-size", "relevance"})));
  parameters.push_back(query("order", "", one_of({"asc", "desc"})));
  return parameters;
}

Operation download() {
  Operation operation{.routes = {"GET /media/{id}/content"},
                      .id = "download_media",
                      .tag = kMedia,
                      .summary = "The bytes"};
  operation.parameters = file_parameters();
  operation.parameters.push_back(media_id_parameter());
  operation.answers = file_answers("The bytes, with the type of the medium");
  return operation;
}

constexpr char kShared[] =
    "Needs no credentials where `id` is the share token of a file. Kept by the caller alone: for "
    "good under an address with `v`, which `thumbnail_url` has.";

std::vector<Answer> picture_answers(std::string about) {
  std::vector<Content> forms;
  for (const char* type : {"image/webp", "image/avif", "image/jpeg"}) {
    forms.push_back(raw_content(type));
  }
  return content_answers(std::move(about), std::move(forms));
}

Operation thumbnail() {
  return {.routes = {"GET /media/{id}/thumbnail"},
          .id = "show_thumbnail",
          .tag = kMedia,
          .summary = "A small picture",
          .about = std::string("WebP of at most 320 pixels on an edge, upright, in sRGB, without "
                               "metadata: of a picture, of a scene of a film, of the cover or the "
                               "waveform of a sound; where the server makes them, of the first "
                               "page of a PDF and of an SVG drawing. ") +
                   kShared,
          .parameters = {media_id_parameter()},
          .answers = picture_answers("The picture"),
          .errors = {{404,
                      "There is no such file; there is nothing to see in it; or, as "
                      "`thumbnail_not_ready` with `Retry-After`, not yet"}}};
}

Operation image() {
  return {
      .routes = {"GET /media/{id}/image"},
      .id = "show_image",
      .tag = kMedia,
      .summary = "A picture of a size on request",
      .about = std::string("Upright, in sRGB, without metadata. Without credentials, the next "
                           "larger of a few sizes (64, 128, 256, 320, 480, 640, 960, 1280, 1920, "
                           "2560, 4096) and qualities (50, 80, 95) is sent. ") +
               kShared,
      .parameters = {media_id_parameter(),
                     query("w", "Pixels; this or `h` is needed",
                           integer(1, vault::PictureSpec::kMaxEdge)),
                     query("h", "Pixels", integer(1, vault::PictureSpec::kMaxEdge)),
                     query("fit",
                           "`inside`: both edges at most as asked, never enlarged, unless it is a "
                           "PDF or SVG file, which has no pixels; `contain`: one edge as asked; "
                           "`cover`: both as asked, what stands out is cut off, "
                           "needs `w` and `h`",
                           or_else(one_of({"inside", "contain", "cover"}), "inside")),
                     query("format", "", or_else(one_of({"webp", "avif", "jpeg"}), "webp")),
                     query("q", "Quality", or_else(integer(1, 100), 80))},
      .answers = picture_answers("The picture"),
      .errors = {{400},
                 {404, "There is no such file, or nothing to see in it"},
                 {503, "Too many pictures are being made, or none can be made now"}}};
}

}  // namespace

Operations describe_media() {
  return {
      {.routes = {"POST /media/upload"},
       .id = "upload_media",
       .tag = kMedia,
       .summary = "Upload one or more files",
       .about =
           "One part `file` gives an object in `data`, several an array. The other fields hold "
           "for all files of the form, but for `checksum`, which is that of the file right before "
           "it; where that has one already, or there is none, of the next.",
       .body = {form_content(object({{"file", list(file())},
                                     optional("checksum", list(checksum())),
                                     optional("title", text()),
                                     optional("description", text()),
                                     optional("tags", about(text(), "Separated by commas"))}))},
       .answers = {answer("The media, once they are safe on the disk",
                          any_of({ref("Media"), list(ref("Media"))}), 201)},
       .errors = {{415, "The body is no form"},
                  {422, kMismatch},
                  {507, "The server's disk is full"}}},
      {.routes = {"POST /media/exists"},
       .id = "find_existing_media",
       .tag = kMedia,
       .summary = "Which bytes are there already",
       .about = "Of the caller's own media; nothing is told of those of others.",
       .body = {json_content(object({{"checksums", checksums()}}))},
       .answers = {answer("Each checksum, with a medium that has these bytes or null",
                          map(nullable(like(text(), "media_12"))))},
       .errors = {{415}}},
      {.routes = {"GET /media"},
       .id = "list_media",
       .tag = kMedia,
       .summary = "List media",
       .parameters = media_list_parameters(),
       .answers = {page_answer("A page of them", ref("Media"))}},
      {.routes = {"GET /media/{id}"},
       .id = "show_media",
       .tag = kMedia,
       .summary = "One medium",
       .parameters = {media_id_parameter()},
       .answers = {tagged(answer("The medium", ref("Media")))}},
      {.routes = {"PATCH /media/{id}"},
       .id = "update_media",
       .tag = kMedia,
       .summary = "Change what is said of a medium",
       .parameters = {media_id_parameter(), if_match_parameter()},
       .body = {json_content(changes({{"filename", text(1, 255)},
                                      {"title", nullable(text(0, 255))},
                                      {"description", nullable(text(0, 10'000))},
                                      {"tags", list(text(0, 64))}}),
                             {{"title", "Sea"}, {"tags", {"summer"}}})},
       .answers = {tagged(answer("The medium", ref("Media")))},
       .errors = {{415}}},
      {.routes = {"DELETE /media/{id}"},
       .id = "delete_media",
       .tag = kMedia,
       .summary = "Delete a medium",
       .about = "It goes to the trash, unless `permanent` says otherwise or there is none.",
       .parameters = {media_id_parameter(), if_match_parameter(),
                      query("permanent", "Whether it is gone for good", boolean())},
       .answers = {answer("What it was", ref("DeletedMedia"))}},
      download(),
      thumbnail(),
      image(),
      {.routes = {"PUT /media/{id}/content"},
       .id = "replace_content",
       .tag = kMedia,
       .summary = "Replace the bytes",
       .about = "Id, links, filename and texts stay; the type is worked out anew.",
       .parameters = {media_id_parameter(), if_match_parameter()},
       .body = {raw_content(),
                form_content(object({{"file", file()}, optional("checksum", checksum())}))},
       .answers = {tagged(answer("The medium, once the bytes are safe on the disk", ref("Media")),
                          "Strong; the new bytes' own")},
       .errors = {{422, kMismatch}, {507, "The server's disk is full"}}},
  };
}

}  // namespace coffer::apis::mediavault
