// For tests: bytes that come from a text, and what a file's bytes are.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

#include "base/stream.h"
#include "base/task.h"
#include "base/text.h"

namespace coffer::vault::test {

// Gives its text in portions, then ends, or fails with what it was told to.
class TextStream final : public InputStream {
 public:
  explicit TextStream(std::string text, std::size_t portion = 1000,
                      std::optional<StreamFault> fault = std::nullopt)
      : text_(std::move(text)), portion_(portion), fault_(fault) {}

  Task<std::expected<std::size_t, StreamFault>> read(ByteSpan into) override {
    const std::size_t count = std::min({into.size(), portion_, text_.size() - at_});
    if (count == 0 && fault_) co_return std::unexpected(*fault_);
    std::ranges::copy(as_bytes(text_).subspan(at_, count), into.begin());
    at_ += count;
    co_return count;
  }

  std::size_t taken() const { return at_; }

 private:
  std::string text_;
  std::size_t portion_;
  std::optional<StreamFault> fault_;
  std::size_t at_ = 0;
};

// What `piece` stands for. Throws when it cannot be read.
inline std::string text_of(const Content::Piece& piece) {
  if (const auto* bytes = std::get_if<Bytes>(&piece)) return std::string(as_text(*bytes));
  const auto& slice = std::get<FileSlice>(piece);
  std::string text(slice.length, '\0');
  const auto got = ::pread(slice.fd, text.data(), text.size(), static_cast<off_t>(slice.offset));
  if (got != static_cast<ssize_t>(text.size())) throw std::runtime_error("a blob cannot be read");
  return text;
}

}  // namespace coffer::vault::test
