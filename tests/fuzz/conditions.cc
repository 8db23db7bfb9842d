// Ranges, conditions and dates of a request for stored bytes, and names in replies.
#include <array>
#include <memory>
#include <string>
#include <variant>

#include "base/clock.h"
#include "base/text.h"
#include "fuzz.h"
#include "http/content.h"

using namespace coffer;
using namespace coffer::http;

namespace {

class Stored final : public Content {
 public:
  explicit Stored(std::uint64_t size) : size_(size) {}
  std::uint64_t size() const noexcept override { return size_; }
  Task<Piece> piece(std::uint64_t, std::uint64_t) const override { co_return Bytes(); }

 private:
  std::uint64_t size_;
};

constexpr std::array kFields{"Range",         "If-Range",          "If-Match",
                             "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"};

bool is_good_status(unsigned status) {
  return status == 200 || status == 206 || status == 304 || status == 412 || status == 416;
}

}  // namespace

// A line for each of some fields; what is left is a file's name.
COFFER_FUZZ(input) {
  Request request;
  request.method = input.byte() % 2 == 0 ? Method::kGet : Method::kHead;
  const std::uint64_t size = std::uint64_t{1} << (input.byte() % 64U) >> 1U;
  for (unsigned named = input.byte(), i = 0; i < kFields.size(); ++i) {
    if ((named >> i & 1U) != 0) request.headers.add(kFields[i], input.line());
  }
  std::string name(input.rest());
  if (!is_utf8(name)) name = "x";

  const std::string disposition = content_disposition("attachment", name);
  COFFER_CHECK(disposition.size() < 3000);
  for (const char c : disposition) COFFER_CHECK(c >= ' ' && c <= '~' && c != '/' && c != '\\');

  const auto modified = from_micros(1'685'440'800'123'456);
  const Response response = content_response(request, {.content = std::make_shared<Stored>(size),
                                                       .content_type = "text/plain",
                                                       .etag = "\"tag\"",
                                                       .last_modified = modified,
                                                       .disposition = disposition});
  COFFER_CHECK(is_good_status(response.status));
  COFFER_CHECK(response.body.empty() || response.status == 200 || response.status == 206);
  for (const Segment& segment : response.body) {
    if (const auto* section = std::get_if<ContentSection>(&segment)) {
      COFFER_CHECK(section->offset <= size && section->length <= size - section->offset);
      COFFER_CHECK(section->length > 0);
    }
  }
  if (response.status == 200) COFFER_CHECK(response.length() == size);

  for (const auto& field : request.headers) {
    if (const auto date = from_http_date(field.value)) {
      if (*date >= from_micros(0)) COFFER_CHECK(from_http_date(to_http_date(*date)) == *date);
    }
    if (const auto date = from_iso8601(field.value)) {
      COFFER_CHECK(from_iso8601(to_iso8601(*date)) ==
                   std::chrono::floor<std::chrono::seconds>(*date));
    }
  }
}
