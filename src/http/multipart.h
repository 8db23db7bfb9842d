// multipart/form-data as a stream. RFC 7578, RFC 2046 section 5.1.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/stream.h"
#include "base/task.h"
#include "http/message.h"

namespace coffer::http {

// Why a Content-Type field gives no boundary.
enum class NoBoundary {
  kNotAForm,  // it is not multipart/form-data
  kInvalid,   // it is, without a boundary of 1 to 70 characters
};
std::expected<std::string, NoBoundary> multipart_boundary(std::string_view content_type);

// The head of a part. Names are UTF-8, and may hold anything that UTF-8 can, NUL included.
struct PartHead {
  std::string name;                     // of the form's field
  std::optional<std::string> filename;  // set: the part is a file. As sent, never a path to use
  std::string content_type;             // empty: not given
};

// How file names come, where `filename="…"` alone does not tell.
enum class NameEncoding {
  kBrowser,  // as browsers and curl write them
  kPercent,  // percent-encoded throughout, as by aiohttp
};

// Reads the parts of a body in order, one at a time. An InputStream over the current part's
// content. Holds a window of 16 KiB, which may grow to 64 KiB where small parts follow each
// other; reads of 4 KiB and more go past it, straight into the caller's buffer. While
// ready() waits it holds what is at hand alone.
// Threads: one at a time. A fault is final, but for kStalled.
class MultipartReader final : public InputStream {
 public:
  // What is wrong with a form.
  enum class Fault {
    kNone,        // nothing, or what is wrong is the body's (too large, too slow, cut short)
    kNoBoundary,  // the boundary does not occur in the body: it is another's, most likely
    kHead,        // a part's head cannot be read: its names, most likely
    kTooManyParts,
    kNoEnd,   // the closing boundary is missing
    kExcess,  // too much in a part's head, or behind the closing boundary
  };
  struct Options {
    std::size_t max_parts = 1000;
    NameEncoding names = NameEncoding::kBrowser;
  };

  // REQUIRES: `body` outlives the reader; `boundary` is one of multipart_boundary().
  MultipartReader(InputStream& body, std::string boundary, Options options);
  ~MultipartReader() override;

  // Skips what is left of the current part and reads the next one's head; nothing after the
  // last part, once the body was read to its end, so that a body cut short after its closing
  // boundary is found too: what was received counts only then. A body without its closing
  // boundary is kTruncated.
  //
  // Names come quoted, bare, or as RFC 8187's `filename*` and `name*` in UTF-8 or ISO-8859-1,
  // which win. In quotes `%22`, `%0D` and `%0A` are escapes, as of browsers, and `\"` is a quote,
  // as of older curl, unless the name ends there; any other backslash is one. A file name that
  // reads as percent-encoded UTF-8 throughout and is not ASCII then is decoded; with
  // NameEncoding::kPercent also one that is.
  // kMalformed: more than Options::max_parts, a head without a name, a name that is not UTF-8,
  // folded or bare line ends in a head, a transfer encoding that would have to be undone, more than
  // 16 KiB before the first boundary or 64 KiB after the last.
  Task<std::expected<std::optional<PartHead>, StreamFault>> next();
  // Why a call failed, where the form itself is at fault.
  Fault fault() const noexcept;

  // Content of the current part; 0 at its end, and where there is no current part.
  Task<std::expected<std::size_t, StreamFault>> read(ByteSpan into) override;
  Task<std::expected<std::size_t, StreamFault>> read_within(
      ByteSpan into, std::chrono::milliseconds patience) override;
  Task<void> ready() override;
  Task<bool> wait(OneShotEvent& event, std::chrono::milliseconds max_wait) override;
  std::string_view sender() const noexcept override;

  // The whole content of the current part, for fields. kTooLarge above `max` bytes.
  Task<std::expected<std::string, StreamFault>> read_text(std::size_t max);

 private:
  class Window;
  std::unique_ptr<Window> window_;
};

}  // namespace coffer::http
