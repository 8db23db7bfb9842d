#include <iterator>
#include <utility>

#include "apis/kit/schema.h"
#include "apis/mediavault/description.h"

namespace coffer::apis::mediavault {
namespace {

using namespace schema;

constexpr char kMedia[] = "Media";

std::vector<Parameter> list_parameters() {
  std::vector<Parameter> parameters = page_parameters();
  parameters.push_back(
      query("type", "Of that kind only", one_of({"image", "video", "audio", "document", "other"})));
  parameters.push_back(
      query("q", "With that text in filename, title, description or tags", text()));
  parameters.push_back(query("tag", "With that tag", text()));
  parameters.push_back(query("collection", "In that collection", like(text(), "col_3")));
  parameters.push_back(
      query("sort", "With `-` in front: backwards",
            one_of({"created_at", "filename", "size", "-created_at", "-filename", "-size"})));
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

}  // namespace

Operations describe_media() {
  return {
      {.routes = {"POST /media/upload"},
       .id = "upload_media",
       .tag = kMedia,
       .summary = "Upload one or more files",
       .about =
           "One part `file` gives an object in `data`, several an array. The other fields hold "
           "for all files of the form.",
       .body = {form_content(object({{"file", list(file())},
                                     optional("title", text()),
                                     optional("description", text()),
                                     optional("tags", about(text(), "Separated by commas"))}))},
       .answers = {answer("The media, once they are safe on the disk",
                          any_of({ref("Media"), list(ref("Media"))}), 201)},
       .errors = {{415, "The body is no form"}, {507, "The server's disk is full"}}},
      {.routes = {"GET /media"},
       .id = "list_media",
       .tag = kMedia,
       .summary = "List media",
       .parameters = list_parameters(),
       .answers = {page_answer("A page of them", ref("Media"))}},
      {.routes = {"GET /media/{id}"},
       .id = "show_media",
       .tag = kMedia,
       .summary = "One medium",
       .parameters = {media_id_parameter()},
       .answers = {answer("The medium", ref("Media"))}},
      {.routes = {"PATCH /media/{id}"},
       .id = "update_media",
       .tag = kMedia,
       .summary = "Change what is said of a medium",
       .parameters = {media_id_parameter()},
       .body = {json_content(changes({{"filename", text(1, 255)},
                                      {"title", nullable(text())},
                                      {"description", nullable(text())},
                                      {"tags", list(text())}}),
                             {{"title", "Sea"}, {"tags", {"summer"}}})},
       .answers = {answer("The medium", ref("Media"))},
       .errors = {{415}}},
      {.routes = {"DELETE /media/{id}"},
       .id = "delete_media",
       .tag = kMedia,
       .summary = "Delete a medium",
       .parameters = {media_id_parameter()},
       .answers = {answer("What it was", ref("DeletedMedia"))}},
      download(),
  };
}

}  // namespace coffer::apis::mediavault
