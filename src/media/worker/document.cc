#include "media/worker/document.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "media/worker/fact_text.h"

namespace coffer::media {
namespace {

constexpr std::size_t kMaxDocumentBytes = 256u << 20;
constexpr std::size_t kMaxStreamBytes = 16u << 20;
constexpr std::size_t kMaxInflatedBytes = 128u << 20;
constexpr std::uint32_t kMaxPages = 1'000'000;

bool is_space(char c) noexcept {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == '\0';
}
bool is_delimiter(char c) noexcept {
  return is_space(c) || std::string_view("()<>[]{}/%").find(c) != std::string_view::npos;
}

std::string_view skip_space(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return text;
}

// What follows the name `key` in a dictionary's text.
std::string_view value_of(std::string_view dictionary, std::string_view key) noexcept {
  for (std::size_t at = dictionary.find(key); at != dictionary.npos;
       at = dictionary.find(key, at + 1)) {
    const std::string_view rest = dictionary.substr(at + key.size());
    if (rest.empty() || is_delimiter(rest.front())) return skip_space(rest);
  }
  return {};
}

class PageCount {
 public:
  explicit PageCount(std::string_view file) : file_(file) {}

  std::optional<std::uint32_t> find() {
    scan(file_);
    inflate_objects();
    if (tree_ && *tree_ > 0 && *tree_ <= kMaxPages) return tree_;
    if (leaves_ > 0 && leaves_ <= kMaxPages) return leaves_;
    return told_by_hint();
  }

 private:
  // Looks at every dictionary that says `/Type /Page` or `/Type /Pages`. The root of the tree
  // counts all that is below it, so the largest count is its.
  void scan(std::string_view text) {
    constexpr std::string_view kType = "/Type";
    for (std::size_t at = text.find(kType); at != text.npos; at = text.find(kType, at + 1)) {
      const std::string_view value = skip_space(text.substr(at + kType.size(), 32));
      if (!value.starts_with("/Page")) continue;
      const bool is_tree = value.starts_with("/Pages");
      const char next = value.size() > (is_tree ? 6u : 5u) ? value[is_tree ? 6 : 5] : ' ';
      if (!is_delimiter(next)) continue;
      if (!is_tree) {
        ++leaves_;
        continue;
      }
      const auto count = leading_number(value_of(dictionary_around(text, at), "/Count"), 8);
      if (count) tree_ = std::max(tree_.value_or(0), *count);
    }
  }

  // What a file that is made for reading over a network says at its beginning, also where the rest
  // is encrypted.
  std::optional<std::uint32_t> told_by_hint() const noexcept {
    constexpr std::size_t kHead = 2048;
    const std::string_view head = file_.substr(0, kHead);
    const std::size_t at = head.find("/Linearized");
    if (at == head.npos) return std::nullopt;
    const auto pages = leading_number(value_of(dictionary_around(head, at), "/N"), 8);
    return pages && *pages > 0 && *pages <= kMaxPages ? pages : std::nullopt;
  }

  // As much as belongs to the same dictionary, nested ones included: from its "<<" to its ">>".
  static std::string_view dictionary_around(std::string_view text, std::size_t at) noexcept {
    constexpr std::size_t kMaxBefore = 1u << 16;
    constexpr std::size_t kMaxAfter = 1u << 20;
    std::size_t from = at;
    int depth = 0;
    while (from > 0 && at - from < kMaxBefore) {
      --from;
      if (text.substr(from, 2) == ">>") ++depth;
      if (text.substr(from, 2) == "<<" && depth-- == 0) break;
    }
    std::size_t to = at;
    depth = 0;
    while (to < text.size() && to - at < kMaxAfter) {
      if (text.substr(to, 2) == "<<") ++depth;
      if (text.substr(to, 2) == ">>" && depth-- == 0) break;
      ++to;
    }
    return text.substr(from, to - from);
  }

  // Since PDF 1.5 objects may be in compressed streams.
  void inflate_objects() {
    constexpr std::string_view kMark = "/ObjStm";
    for (std::size_t at = file_.find(kMark); at != file_.npos && inflated_ < kMaxInflatedBytes;
         at = file_.find(kMark, at + 1)) {
      std::size_t data = file_.find("stream", at);
      if (data == file_.npos || data - at > 4096) continue;
      data += 6;
      if (file_.substr(data).starts_with("\r\n"))
        data += 2;
      else if (file_.substr(data).starts_with("\n"))
        data += 1;
      scan(inflate(file_.substr(data)));
    }
  }

  std::string inflate(std::string_view data) {
    std::string out;
    z_stream stream = {};
    if (inflateInit(&stream) != Z_OK) return out;
    // zlib's interface is older than const.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
    stream.avail_in = static_cast<uInt>(std::min<std::size_t>(data.size(), kMaxStreamBytes));
    std::array<char, 65536> piece;
    int result = Z_OK;
    while (result == Z_OK && out.size() < kMaxStreamBytes) {
      stream.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream.avail_out = piece.size();
      result = ::inflate(&stream, Z_NO_FLUSH);
      out.append(piece.data(), piece.size() - stream.avail_out);
    }
    inflateEnd(&stream);
    inflated_ += out.size();
    return out;
  }

  std::string_view file_;
  std::optional<std::uint32_t> tree_;
  std::uint32_t leaves_ = 0;
  std::size_t inflated_ = 0;
};

}  // namespace

std::optional<Facts> read_document(Source& source) {
  // Readers permit something in front of it.
  constexpr std::size_t kHead = 1024;
  const Bytes head = source.read_range(0, kHead);
  if (as_text(head).find("%PDF-") == std::string_view::npos) return std::nullopt;
  Facts facts;
  facts.kind = Kind::kDocument;
  if (const auto bytes = source.read_all(kMaxDocumentBytes)) {
    facts.pages = PageCount(as_text(*bytes)).find();
  }
  return facts;
}

}  // namespace coffer::media
