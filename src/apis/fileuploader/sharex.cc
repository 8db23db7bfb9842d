#include <utility>

#include "apis/fileuploader/errors.h"
#include "apis/fileuploader/handlers.h"
#include "apis/kit/json.h"

namespace coffer::apis::fileuploader {
namespace {

// `https://files.example.org:8443` -> `files.example.org:8443`
std::string_view host_of(std::string_view base_url) {
  return base_url.substr(base_url.find("://") + 3);
}

}  // namespace

// ShareX's "custom uploader" file; other programs read it too. What stands in braces is theirs to
// fill in from the reply to an upload. The key in it is made for this file: it outlives every
// log-in and ends when its owner revokes it.
Task<Reply> send_sharex(RequestContext& context) {
  // A file without a key is for guests alone, not for whoever's log-in has ended.
  const bool is_guest = !context.caller &&
                        context.auth_error->kind == ProblemKind::kNoCredentials &&
                        context.vault.accounts().guests_allowed();
  if (!context.caller && !is_guest) co_return std::unexpected(*context.auth_error);
  // A look at the link makes no key.
  if (context.request.method == http::Method::kHead) co_return refuse_head("GET, OPTIONS");
  const std::string& base = context.client.base_url;
  boost::json::object uploader{{"Version", "14.1.0"},
                               {"Name", "Coffer (" + std::string(host_of(base)) + ")"},
                               {"DestinationType", "ImageUploader, TextUploader, FileUploader"},
                               {"RequestMethod", "POST"},
                               {"RequestURL", base + "/api/upload/private"},
                               {"Body", "MultipartFormData"},
                               {"FileFormName", "file"},
                               {"URL", "{json:file_url_full}"},
                               {"DeletionURL", base + "/api/delete/{json:file_url}?key={json:key}"},
                               {"ErrorMessage", "{json:message}"}};
  if (context.caller) {
    const auto made = co_await context.vault.api_keys().create(context.actor(),
                                                               vault::KeyKind::kUpload, "ShareX");
    if (!made) co_return std::unexpected(Problem(made.error()));
    uploader["Headers"] = {{"Authorization", "Bearer " + made->secret}};
  }
  http::Response response = json_response(200, uploader);
  response.headers.set("Content-Disposition", "attachment; filename=\"coffer.sxcu\"");
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("X-Content-Type-Options", "nosniff");
  co_return response;
}

}  // namespace coffer::apis::fileuploader
