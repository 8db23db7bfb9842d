#include "http/content.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/hash.h"
#include "base/text.h"
#include "http/uri.h"

namespace coffer::http {
namespace {

constexpr std::size_t kMaxRanges = 16;
constexpr int kMaxOverlaps = 2;
// Bytes of a name in a head, percent-encoded; room for 255 characters of three bytes.
constexpr std::size_t kMaxEncodedName = 2300;
constexpr std::size_t kMaxExtension = 32;
// Of the form in ASCII beside it, which is for clients that know no other.
constexpr std::size_t kMaxFallback = 512;
constexpr std::uint64_t kLargest = std::numeric_limits<std::uint64_t>::max();

// A number of any length; what is larger than the type holds is its largest value, which no
// representation reaches. Nothing when it is no number.
std::optional<std::uint64_t> position(std::string_view digits) {
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  return parse_unsigned(digits).value_or(kLargest);
}

// One range-spec: what it asks for, kBeyond when that is nothing that is there; nothing when it
// is no range-spec.
using Spec = std::optional<ByteRange>;
constexpr ByteRange kBeyond{0, 0};

Spec parse_spec(std::string_view text, std::uint64_t size) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view before = text.substr(0, dash);
  const std::string_view after = text.substr(dash + 1);
  if (before.empty()) {
    const auto suffix = position(after);
    // The end of nothing is there, yet no Content-Range can say so: the whole says it.
    if (!suffix || (size == 0 && *suffix > 0)) return std::nullopt;
    if (*suffix == 0) return kBeyond;
    return ByteRange{size - std::min(size, *suffix), size};
  }
  const auto first = position(before);
  const auto last = after.empty() ? std::optional(kLargest) : position(after);
  if (!first || !last || *last < *first) return std::nullopt;
  if (*first >= size) return kBeyond;
  return ByteRange{*first, std::min(*last, size - 1) + 1};
}

int overlaps_in(const std::vector<ByteRange>& ranges) {
  int count = 0;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (ranges[i].first < ranges[j].end && ranges[j].first < ranges[i].end) ++count;
    }
  }
  return count;
}

// An entity tag: `"x"` or `W/"x"`.
struct Tag {
  bool weak = false;
  std::string_view opaque;  // with its quotes
};

// Takes a tag from the start of `text`; leaves `text` as it is when there is none.
std::optional<Tag> take_tag(std::string_view& text) {
  const bool weak = text.starts_with("W/");
  const std::size_t open = weak ? 2 : 0;
  if (open >= text.size() || text[open] != '"') return std::nullopt;
  const std::size_t close = text.find('"', open + 1);
  if (close == std::string_view::npos) return std::nullopt;
  const Tag tag{weak, text.substr(open, close - open + 1)};
  text.remove_prefix(close + 1);
  return tag;
}

// Whether a field such as If-Match has a tag that `matches`, or is `*`, which names all there is.
// An element that is no tag names nothing.
template <class Matches>
bool names_any(std::string_view field, Matches matches) {
  std::string_view rest = trim(field);
  if (rest == "*") return true;
  while (!rest.empty()) {
    if (const auto tag = take_tag(rest); tag && matches(*tag)) return true;
    const std::size_t comma = rest.find(',');
    if (comma == std::string_view::npos) break;
    rest = trim(rest.substr(comma + 1));
  }
  return false;
}

// Whether it names `etag`, which is strong.
bool names(std::string_view field, std::string_view etag, bool weak_counts) {
  return names_any(
      field, [&](const Tag& tag) { return tag.opaque == etag && (weak_counts || !tag.weak); });
}

// Fields carry dates by the second.
auto second_of(Time time) { return std::chrono::floor<std::chrono::seconds>(time); }

std::optional<Time> date_in(const Request& request, std::string_view name) {
  const auto field = request.header(name);
  return field ? from_http_date(trim(*field)) : std::nullopt;
}

bool is_read(const Request& request) {
  return request.method == Method::kGet || request.method == Method::kHead;
}

// RFC 9110 section 13.2.2, steps 1 to 4: the status that ends the request, or nothing.
std::optional<unsigned> failed_precondition(const Request& request,
                                            const Representation& representation) {
  if (const auto field = request.headers.joined("If-Match")) {
    if (!names(*field, representation.etag, false)) return 412;
  } else if (const auto date = date_in(request, "If-Unmodified-Since")) {
    if (second_of(representation.last_modified) > *date) return 412;
  }
  if (const auto field = request.headers.joined("If-None-Match")) {
    if (names(*field, representation.etag, true)) return is_read(request) ? 304 : 412;
  } else if (const auto date = date_in(request, "If-Modified-Since"); date && is_read(request)) {
    if (second_of(representation.last_modified) <= *date) return 304;
  }
  return std::nullopt;
}

// Step 5: whether the ranges are of the representation that the client has.
bool range_applies(const Request& request, const Representation& representation) {
  const auto field = request.header("If-Range");
  if (!field) return true;
  std::string_view value = trim(*field);
  if (const auto tag = take_tag(value)) {
    return value.empty() && !tag->weak && tag->opaque == representation.etag;
  }
  const auto date = from_http_date(value);
  return date && *date == second_of(representation.last_modified);
}

std::optional<std::vector<ByteRange>> ranges_of(const Request& request,
                                                const Representation& representation) {
  if (request.method != Method::kGet) return std::nullopt;  // RFC 9110 section 14.2
  const auto field = request.headers.joined("Range");
  if (!field || !range_applies(request, representation)) return std::nullopt;
  return parse_range(*field, representation.content->size());
}

std::string content_range(const ByteRange& range, std::uint64_t size) {
  return fmt::format("bytes {}-{}/{}", range.first, range.end - 1, size);
}

Segment section(const Representation& representation, const ByteRange& range) {
  return ContentSection{representation.content, range.first, range.end - range.first};
}

// 128 bits of a hash over what names the bytes: the same for HEAD and GET, and out of reach for
// who would write it into the content that it is computed from.
std::string boundary_for(const Representation& representation) {
  const std::string named =
      fmt::format("byteranges {} {} {}", representation.etag,
                  to_micros(representation.last_modified), representation.content->size());
  return Sha256::of(as_bytes(named)).hex().substr(0, 32);
}

void describe(Response& response, const Representation& representation) {
  if (!representation.disposition.empty()) {
    response.headers.add("Content-Disposition", representation.disposition);
  }
  if (!representation.content_type.empty()) {
    response.headers.add("Content-Type", representation.content_type);
  }
}

void add_several(Response& response, const Representation& representation,
                 const std::vector<ByteRange>& ranges) {
  const std::string boundary = boundary_for(representation);
  response.headers.set("Content-Type", "multipart/byteranges; boundary=" + boundary);
  std::string head;
  for (const ByteRange& range : ranges) {
    head += fmt::format("--{}\r\n", boundary);
    if (!representation.content_type.empty()) {
      head += fmt::format("Content-Type: {}\r\n", representation.content_type);
    }
    head += fmt::format("Content-Range: {}\r\n\r\n",
                        content_range(range, representation.content->size()));
    response.body.emplace_back(std::move(head));
    response.body.push_back(section(representation, range));
    head = "\r\n";
  }
  response.body.emplace_back(fmt::format("\r\n--{}--\r\n", boundary));
}

void add_bytes(Response& response, const Representation& representation, const ByteRange& range) {
  if (range.first < range.end) response.body.push_back(section(representation, range));
}

// The longest start of `name` of whole characters that percent-encoded has at most `max` bytes.
std::string_view fitting_start(std::string_view name, std::size_t max) {
  std::size_t taken = 0;
  for (std::size_t end = 1; end <= name.size(); ++end) {
    const bool is_whole =
        end == name.size() || (static_cast<unsigned char>(name[end]) & 0xc0U) != 0x80U;
    if (!is_whole) continue;
    const std::size_t cost = percent_encode(name.substr(taken, end - taken)).size();
    if (cost > max) break;
    max -= cost;
    taken = end;
  }
  return name.substr(0, taken);
}

// What a file of that name may be called where it is saved: no path, and short enough for a head
// that proxies take (nginx: 4 KiB in all), with its extension.
std::string saved_name(std::string_view filename) {
  std::string name(filename);
  std::ranges::replace_if(
      name, [](char c) { return c == '/' || c == '\\'; }, '_');
  if (name == "." || name == "..") name.assign(name.size(), '_');
  const bool surely_fits = name.size() * 3 <= kMaxEncodedName;
  if (surely_fits || percent_encode(name).size() <= kMaxEncodedName) return name;
  const std::size_t dot = name.rfind('.');
  std::string extension;
  if (dot != name.npos && name.size() - dot <= kMaxExtension) extension = name.substr(dot);
  const std::string_view stem = std::string_view(name).substr(0, name.size() - extension.size());
  const std::size_t left = kMaxEncodedName - percent_encode(extension).size();
  return std::string(fitting_start(stem, left)) + extension;
}

}  // namespace

bool if_match(std::string_view field, std::string_view etag) { return names(field, etag, false); }

bool if_match(std::string_view field, const std::function<bool(std::string_view tag)>& allows) {
  return names_any(field, [&](const Tag& tag) {
    return !tag.weak && allows(tag.opaque.substr(1, tag.opaque.size() - 2));
  });
}

std::optional<unsigned> failed_precondition(const Request& request, std::string_view etag) {
  if (const auto field = request.headers.joined("If-Match")) {
    if (!names(*field, etag, false)) return 412;
  }
  if (const auto field = request.headers.joined("If-None-Match")) {
    if (names(*field, etag, true)) return is_read(request) ? 304 : 412;
  }
  return std::nullopt;
}

std::optional<std::vector<ByteRange>> parse_range(std::string_view field, std::uint64_t size) {
  const std::size_t equals = field.find('=');
  if (equals == std::string_view::npos ||
      !equal_ignoring_case(trim(field.substr(0, equals)), "bytes")) {
    return std::nullopt;
  }
  std::vector<ByteRange> ranges;
  std::size_t specs = 0;
  std::string_view rest = field.substr(equals + 1);
  for (;;) {
    const std::size_t comma = rest.find(',');
    if (const std::string_view text = trim(rest.substr(0, comma)); !text.empty()) {
      const Spec spec = parse_spec(text, size);
      if (!spec || ++specs > kMaxRanges) return std::nullopt;
      if (*spec != kBeyond) ranges.push_back(*spec);
    }
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  if (specs == 0 || overlaps_in(ranges) > kMaxOverlaps) return std::nullopt;
  return ranges;
}

Response content_response(const Request& request, Representation representation) {
  Response response;
  response.headers.add("ETag", representation.etag);
  response.headers.add("Last-Modified", to_http_date(representation.last_modified));
  if (const auto status = failed_precondition(request, representation)) {
    response.status = *status;
    // What a cache keeps beside the bytes may have changed without them: name and type.
    if (*status == 304) describe(response, representation);
    return response;
  }

  const std::uint64_t size = representation.content->size();
  response.headers.add("Accept-Ranges", "bytes");
  const auto ranges = ranges_of(request, representation);
  if (ranges && ranges->empty()) {
    response.status = 416;
    response.headers.add("Content-Range", fmt::format("bytes */{}", size));
    return response;
  }
  describe(response, representation);
  if (!ranges) {
    add_bytes(response, representation, {0, size});
    return response;
  }
  response.status = 206;
  if (ranges->size() > 1) {
    add_several(response, representation, *ranges);
    return response;
  }
  response.headers.add("Content-Range", content_range(ranges->front(), size));
  add_bytes(response, representation, ranges->front());
  return response;
}

std::string content_disposition(std::string_view kind, std::string_view filename) {
  if (filename.empty()) return std::string(kind);
  const std::string name = saved_name(filename);
  std::string fallback;
  bool exact = true;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool continues = (byte & 0xc0U) == 0x80U;
    const bool harmless = byte >= 0x20 && byte < 0x7f && c != '"';
    // Some browsers take %41 in the plain form for an escape.
    exact = exact && harmless && c != '%';
    if (harmless) {
      fallback += c;
    } else if (!continues) {
      fallback += '_';
    }
  }
  if (!exact) fallback.resize(std::min(fallback.size(), kMaxFallback));
  std::string out;
  out.append(kind).append("; filename=\"").append(fallback).append("\"");
  if (!exact) out += "; filename*=UTF-8''" + percent_encode(name);
  return out;
}

}  // namespace coffer::http
