#include "http/small_content.h"

#include <unistd.h>

#include <stdexcept>
#include <variant>

namespace coffer::http {

Task<std::string> read_small(const Content& content) {
  std::string text;
  while (text.size() < content.size()) {
    const auto piece = co_await content.piece(text.size(), content.size() - text.size());
    if (const auto* bytes = std::get_if<Bytes>(&piece)) {
      text += as_text(*bytes);
      continue;
    }
    const auto& slice = std::get<FileSlice>(piece);
    std::string part(slice.length, '\0');
    const auto got = ::pread(slice.fd, part.data(), part.size(), static_cast<off_t>(slice.offset));
    if (got <= 0) throw std::runtime_error("stored bytes cannot be read");
    text.append(part, 0, static_cast<std::size_t>(got));
  }
  co_return text;
}

}  // namespace coffer::http
