// Forms: parts, names and contents are the same however they are cut and asked for.
#include "http/multipart.h"

#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "fuzz.h"

using namespace coffer;
using namespace coffer::http;

namespace {

constexpr std::size_t kMaxParts = 20;

Task<std::string> transcript(InputStream& body, std::string boundary, NameEncoding names,
                             std::size_t read_size) {
  MultipartReader reader(body, std::move(boundary), {.max_parts = kMaxParts, .names = names});
  std::string out;
  Bytes buffer(read_size);
  for (std::size_t parts = 0;; ++parts) {
    const auto head = co_await reader.next();
    if (!head) co_return out + "fault " + std::to_string(static_cast<int>(reader.fault()));
    COFFER_CHECK(reader.fault() == MultipartReader::Fault::kNone);
    if (!*head) co_return out + "end";
    COFFER_CHECK(parts < kMaxParts && is_utf8((*head)->name));
    COFFER_CHECK(is_utf8((*head)->filename.value_or("")));
    out +=
        (*head)->name + '|' + (*head)->filename.value_or("-") + '|' + (*head)->content_type + '\n';
    for (;;) {
      const auto count = co_await reader.read(buffer);
      if (!count) co_return out + "fault " + std::to_string(static_cast<int>(reader.fault()));
      if (*count == 0) break;
      out += as_text(ByteView(buffer).first(*count));
    }
    out += '\n';
  }
}

}  // namespace

// A line with a Content-Type's parameters, then the body.
COFFER_FUZZ(input) {
  const std::uint32_t seed = input.byte() + 1U;
  const auto names = input.byte() % 2 == 0 ? NameEncoding::kBrowser : NameEncoding::kPercent;
  const auto boundary = multipart_boundary("multipart/form-data;" + std::string(input.line()));
  if (!boundary) return;
  COFFER_CHECK(!boundary->empty() && boundary->size() <= 70);
  const std::string_view body = input.rest();
  fuzz::PiecesStream whole(body, 0);
  fuzz::PiecesStream pieces(body, seed);
  COFFER_CHECK(fuzz::run(transcript(whole, *boundary, names, 65'536)) ==
               fuzz::run(transcript(pieces, *boundary, names, 1 + seed * 37)));
}
