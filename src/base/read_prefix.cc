#include "base/read_prefix.h"

#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <variant>

namespace coffer {

Task<Bytes> read_prefix(const Content& content, std::size_t max) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(content.size(), max));
  Bytes prefix;
  prefix.reserve(wanted);
  while (prefix.size() < wanted) {
    const auto piece = co_await content.piece(prefix.size(), wanted - prefix.size());
    if (const auto* bytes = std::get_if<Bytes>(&piece)) {
      prefix.insert(prefix.end(), bytes->begin(), bytes->end());
      continue;
    }
    const auto& slice = std::get<FileSlice>(piece);
    Bytes part(static_cast<std::size_t>(slice.length));
    const auto got = ::pread(slice.fd, part.data(), part.size(), static_cast<off_t>(slice.offset));
    if (got <= 0) throw std::runtime_error("stored bytes cannot be read");
    prefix.insert(prefix.end(), part.begin(), part.begin() + got);
  }
  co_return prefix;
}

}  // namespace coffer
