// A head that is refused is not used; but a browser tells a page of the refusal only if the answer
// names the page's origin, and that field may stand behind what is wrong.
#include <algorithm>
#include <optional>
#include <string>

#include "base/text.h"
#include "http/connection.h"
#include "http/syntax.h"

namespace coffer::http {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kOrigin = "origin:";
// Of the rest of the head, from when on the refusal does not wait for it.
constexpr std::size_t kRestBytes = std::size_t{64} << 10U;
constexpr std::chrono::milliseconds kRestTime{250};

// The value of the first line of `head` that is an Origin.
std::optional<std::string> origin_in(std::string_view head) {
  while (!head.empty()) {
    const std::size_t end = std::min(head.find(kLineEnd), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + kLineEnd.size(), head.size()));
    if (!equal_ignoring_case(line.substr(0, kOrigin.size()), kOrigin)) continue;
    const std::string_view value = trim(line.substr(kOrigin.size()));
    if (is_field_text(value)) return std::string(value);
  }
  return std::nullopt;
}

}  // namespace

Task<void> Connection::find_origin(Request& request, BadMessage why) {
  if (request.header("Origin")) co_return;
  if (why != BadMessage::kHeadTooLarge && why != BadMessage::kTargetTooLong) {
    const std::string_view head = as_text(input_.unread());
    if (auto origin = origin_in(head.substr(0, head.find(kHeadEnd)))) {
      request.headers.add("Origin", *origin);
    }
    co_return;
  }
  const std::size_t max = shared_.limits.head_bytes + kRestBytes;
  if (!hold(max)) co_return;
  std::string head;
  MinDataRate rate(shared_.limits);
  const auto deadline = Clock::now() + kRestTime;
  for (;;) {
    head += as_text(input_.unread());
    input_.consume(input_.unread().size());
    if (head.find(kHeadEnd) != std::string::npos || head.size() >= max) break;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    const auto more = co_await receive_more(rate, left);
    if (!more) break;
  }
  if (auto origin = origin_in(std::string_view(head).substr(0, head.find(kHeadEnd)))) {
    request.headers.add("Origin", *origin);
  }
}

}  // namespace coffer::http
