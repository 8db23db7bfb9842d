// The form that media come in.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apis/gateway/dialect.h"
#include "vault/transfer/uploads.h"

namespace coffer::apis::mediavault {

struct MediaForm {
  std::vector<vault::NewFile> files;
  // Fields, which hold for all of the files.
  std::optional<std::string> title;
  std::optional<std::string> description;
  std::vector<std::string> tags;
};

struct MediaFormLimits {
  std::size_t max_files = 100;
  std::uint64_t replaced = 0;  // as in Uploads::receive
  bool has_texts = true;       // false: title, description and tags are nobody's
};

// `sha256:` and 64 hexadecimal digits.
std::optional<Sha256Digest> parse_checksum(std::string_view text);

// Reads the whole form: parts named `file` are received, and each is compared with its `checksum`,
// the field of that name right behind it, or before it where it has none yet. kInvalid, before a
// file is received, with a fault of every field that has come so far and is wrong: of `file` where
// there is none, or too many; of `checksum` where that is none or has no file; of the texts and of
// `filename` as Entries::update() has them. kChecksumMismatch; what FormReader and
// Uploads::receive say.
Task<std::expected<MediaForm, Problem>> read_media_form(RequestContext& context,
                                                        std::string boundary,
                                                        MediaFormLimits limits);

}  // namespace coffer::apis::mediavault
