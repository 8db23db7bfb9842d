#include "apis/common/body.h"

#include <span>

namespace coffer::apis {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;

}  // namespace

Task<std::expected<std::string, Problem>> read_whole_body(http::Request& request) {
  std::string text;
  for (;;) {
    const std::size_t have = text.size();
    text.resize(have + kReadBytes);
    const ByteSpan room = std::as_writable_bytes(std::span(text)).subspan(have);
    const auto count = co_await request.body->read(room);
    if (!count) co_return std::unexpected(Problem::of(count.error()));
    text.resize(have + *count);
    if (*count == 0) co_return text;
  }
}

}  // namespace coffer::apis
