#include "apis/kit/file_reply.h"

#include "base/text.h"
#include "http/content.h"
#include "http/digest_fields.h"

namespace coffer::apis {
namespace {

// Types that a browser may run script from.
bool is_active(std::string_view media_type) {
  const std::string type = to_lower_ascii(trim(media_type.substr(0, media_type.find(';'))));
  return type == "text/html" || type == "application/xml" || type == "text/xml" ||
         type.ends_with("+xml");
}

}  // namespace

bool is_download(const http::Request& request) {
  const auto value = request.uri.parameter("download");
  return value && *value != "0" && !equal_ignoring_case(*value, "false");
}

Task<Reply> file_reply(RequestContext& context, const vault::Entry& entry,
                       std::string_view disposition) {
  http::Representation representation;
  representation.content = co_await context.vault.files().open(entry);
  representation.content_type = entry.type.media_type;
  representation.etag = '"' + entry.content_tag() + '"';
  representation.last_modified = entry.written_at;
  representation.disposition = http::content_disposition(
      is_download(context.request) ? "attachment" : disposition, entry.name);
  http::Response response = http::content_response(context.request, std::move(representation));
  response.headers.add("X-Content-Type-Options", "nosniff");
  const auto wanted = context.request.headers.joined("Want-Repr-Digest");
  const bool is_file = response.status < 400;  // and no 412, 416
  if (is_file && entry.checksum && (!wanted || http::wants_sha256(*wanted))) {
    response.headers.add("Repr-Digest", http::digest_field(*entry.checksum));
  }
  if (is_active(entry.type.media_type)) response.headers.add("Content-Security-Policy", "sandbox");
  response.headers.add("Cache-Control", "private, no-cache");
  co_return response;
}

}  // namespace coffer::apis
