// Fields of a request, whether they come as JSON or as a form, and the file that comes with them.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "apis/gateway/dialect.h"
#include "apis/gateway/problem.h"
#include "base/stream.h"
#include "http/multipart.h"
#include "vault/transfer/uploads.h"

namespace coffer::apis {

// The body's fields, up to the route's limit. Those of a form, urlencoded or multipart, are texts;
// of one name the last counts, and files are passed over. No body: no fields. JSON that has a key
// twice is none.
// kUnsupportedMediaType, kPayloadTooLarge, kBadStream; kInvalid for what is no JSON (without a
// field), no object or no UTF-8 (a fault of `non_field_errors`, or of the field).
Task<std::expected<boost::json::object, Problem>> read_fields(http::Request& request);

// A form with a file in it, as far as it has come.
struct FileForm {
  boost::json::object fields;             // as read_fields() gives them
  std::optional<vault::StagedBlob> file;  // the part named `file`, if it has a file name
  std::string file_name;
};

// Has the bytes of the part named `file` received. Called at most once; of the form what came
// before is there. REQUIRES of it: it reads to the end, or fails.
using ReceiveFile = std::function<Task<std::expected<vault::StagedBlob, Problem>>(
    const FileForm& form, InputStream& content)>;

// The boundary of the request's form. kUnsupportedMediaType where it says to be something else;
// kInvalid where it is a form without a boundary.
std::expected<std::string, Problem> form_boundary(const http::Request& request);

// Reads a request's multipart form part by part, within the bounds of its server: 64 KiB of fields
// in all (kPayloadTooLarge), which count against the memory budget (body.h), and files as streams.
class FormReader {
 public:
  struct Part {
    std::string name;                          // UTF-8
    std::optional<std::string> filename = {};  // UTF-8; set: a file, whose bytes are content()
    std::string text = {};                     // of a field; any bytes
  };

  // REQUIRES: `boundary` is one of form_boundary(); `request` outlives it.
  FormReader(http::Request& request, std::string boundary);

  // The next part, after what is left of the one before; nothing at the end of the form. The
  // problem says what to do: kBadStream, kInvalid, kTooManyParts, kPayloadTooLarge, kTimeout,
  // kBusy.
  Task<std::expected<std::optional<Part>, Problem>> next();
  // Of the part that next() gave. REQUIRES: it is a file.
  InputStream& content() noexcept;
  // Whether next() failed because the head of a part cannot be read: its name may be at fault.
  bool has_bad_head() const noexcept;

 private:
  Problem problem(StreamFault fault) const;

  http::Request& request_;
  http::MultipartReader reader_;
  std::unique_ptr<InputStream> watched_;  // the same, where somebody watches the form
  bool is_in_file_ = false;
  std::size_t field_bytes_ = 0;
};

// The whole form, to its end: what comes after the file is as good as what comes before. A body
// that is no multipart form is read as read_fields() does. The problems are those of read_fields(),
// `receive`'s, and a fault of `file` when there are two.
Task<std::expected<FileForm, Problem>> read_file_form(RequestContext& context,
                                                      const ReceiveFile& receive);

}  // namespace coffer::apis
