#include "http/chunked.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "http/syntax.h"

namespace coffer::http {
namespace {

constexpr std::size_t kMaxDigits = 16;

void skip_blanks(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

bool take_token(std::string_view& text) {
  std::size_t length = 0;
  while (length < text.size() && is_token(text.substr(length, 1))) ++length;
  text.remove_prefix(length);
  return length > 0;
}

// RFC 9110 section 5.6.4. REQUIRES: the opening quote was taken, and is_field_text(text).
bool take_quoted_rest(std::string_view& text) {
  while (!text.empty()) {
    if (take(text, '"')) return true;
    if (text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
    text.remove_prefix(1);
  }
  return false;
}

// *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )
bool are_extensions(std::string_view text) {
  if (!is_field_text(text)) return false;
  while (!text.empty()) {
    skip_blanks(text);
    if (!take(text, ';')) return false;
    skip_blanks(text);
    if (!take_token(text)) return false;
    std::string_view behind = text;
    skip_blanks(behind);
    if (!take(behind, '=')) continue;
    skip_blanks(behind);
    if (!(take(behind, '"') ? take_quoted_rest(behind) : take_token(behind))) return false;
    text = behind;
  }
  return true;
}

struct ChunkLine {
  std::uint64_t size;
  std::size_t extension_bytes;
};

std::optional<ChunkLine> parse_chunk_line(std::string_view line) {
  std::uint64_t size = 0;
  const char* end = line.data() + line.size();
  const auto [stop, error] = std::from_chars(line.data(), end, size, 16);
  const auto digits = static_cast<std::size_t>(stop - line.data());
  if (error != std::errc{} || digits > kMaxDigits) return std::nullopt;
  if (!are_extensions(line.substr(digits))) return std::nullopt;
  return ChunkLine{size, line.size() - digits};
}

bool is_field_line(std::string_view line) {
  const std::size_t colon = line.find(':');
  return colon != std::string_view::npos && is_token(line.substr(0, colon)) &&
         is_field_text(line.substr(colon + 1));
}

}  // namespace

ChunkedFraming::Step ChunkedFraming::advance(std::string_view bytes) {
  std::size_t used = 0;
  for (;;) {
    const std::string_view rest = bytes.substr(used);
    // Known to be wrong before a line end comes, which might never.
    if (expected_ == Expected::kDataEnd && !kLineEnd.starts_with(rest.substr(0, 2))) {
      return {State::kMalformed};
    }
    const std::size_t end = rest.substr(0, kMaxLine).find('\n');
    if (end == std::string_view::npos) {
      return {rest.size() < kMaxLine ? State::kMore : State::kMalformed, used};
    }
    if (end == 0 || rest[end - 1] != '\r') return {State::kMalformed};
    used += end + 1;
    Step step = read_line(rest.substr(0, end - 1));
    step.used = used;
    if (step.state != State::kMore) return step;
  }
}

// kMore: the next line is to be read.
ChunkedFraming::Step ChunkedFraming::read_line(std::string_view line) {
  switch (expected_) {
    case Expected::kDataEnd:
      if (!line.empty()) return {State::kMalformed};
      expected_ = Expected::kSize;
      return {State::kMore};
    case Expected::kSize: {
      const auto chunk = parse_chunk_line(line);
      if (!chunk) return {State::kMalformed};
      extra_ += chunk->extension_bytes;
      if (extra_ > kMaxExtra) return {State::kMalformed};
      expected_ = chunk->size > 0 ? Expected::kDataEnd : Expected::kTrailer;
      if (chunk->size == 0) return {State::kMore};
      return {State::kData, 0, chunk->size};
    }
    case Expected::kTrailer: break;
  }
  if (line.empty()) return {State::kEnd};
  extra_ += line.size();
  if (extra_ > kMaxExtra || !is_field_line(line)) return {State::kMalformed};
  return {State::kMore};
}

}  // namespace coffer::http
