// Request targets, percent-encoding and query strings. RFC 3986; the query as
// application/x-www-form-urlencoded (WHATWG URL section 5).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::http {

// A target in origin form, `/path?query`, taken apart.
struct Target {
  // Segments between the slashes, percent-decoded once, so that `%2f` is a slash inside one.
  // A trailing slash leaves no segment: `/a/b/` and `/a/b` are equal. `//` leaves an empty one.
  std::vector<std::string> segments;
  // Names and values decoded, `+` as space, in order.
  std::vector<std::pair<std::string, std::string>> query;
  // The path as sent, without the query.
  std::string raw_path;
  // Of the absolute form; it goes before the Host field (RFC 9112 section 3.2.2). Else empty.
  std::string authority;

  // The first value of that name.
  std::optional<std::string_view> parameter(std::string_view name) const noexcept;
};

// Nothing when `target` is not in origin form (or the absolute form of RFC 9112 section 3.2.2, or
// `*`, which has no segments), an escape in it is broken, it holds a control
// character, a space or a fragment, or more than 1,000 segments or parameters. Bytes from 0x80
// on are taken as they are; nothing says that what comes out is UTF-8 or free of NUL.
std::optional<Target> parse_target(std::string_view target);

// `%41` -> `A`; nothing for a broken escape. `+` stays.
std::optional<std::string> percent_decode(std::string_view text);
// Everything but RFC 3986's unreserved characters becomes `%XX`.
std::string percent_encode(std::string_view text);

// `a=1&b=2+3`: empty pairs are left out, a pair without `=` has an empty value. Nothing for a
// broken escape.
std::optional<std::vector<std::pair<std::string, std::string>>> parse_form(std::string_view text);

// Whether `text` may stand in a Host field: a registered name, perhaps percent-encoded, or an
// address (IPv6 in brackets), and perhaps a port (RFC 3986 sections 3.2.2, 3.2.3). Empty may.
bool is_authority(std::string_view text) noexcept;

}  // namespace coffer::http
