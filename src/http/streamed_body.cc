// Bodies that are made while they are sent. RFC 9112 section 7.1.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <utility>

#include "base/executor.h"
#include "base/log.h"
#include "http/connection.h"

namespace coffer::http {
Task<bool> Connection::send_streamed(const Request& request, std::string head, Response& response,
                                     bool chunked, MinDataRate& rate, std::uint64_t& sent) {
  std::string before = std::move(head);  // goes out in front of the piece
  std::string piece;
  for (const Segment& segment : response.body) piece += std::get<std::string>(segment);
  response.body.clear();
  bool ended = false;
  while (!ended) {
    if (piece.empty()) {
      std::string error;
      try {
        piece = co_await response.rest->next();
      } catch (const std::exception& failure) {
        error = failure.what();
      }
      if (!error.empty()) {
        log::error("reply cut short", {{"request_id", request.id}, {"error", error}});
        // Without chunks an orderly end would look like the end of the body.
        if (!chunked) transport_.reset_when_closed();
        co_return false;
      }
      ended = piece.empty();
    }
    // The last chunk is written as the others are, with a length of 0.
    if (chunked) fmt::format_to(std::back_inserter(before), "{:x}\r\n", piece.size());
    std::string after = chunked ? "\r\n" : "";
    std::array parts{iovec{before.data(), before.size()}, iovec{piece.data(), piece.size()},
                     iovec{after.data(), after.size()}};
    std::uint64_t moved = 0;
    const bool ok = co_await send_bytes(parts, false, rate, &moved);
    const std::uint64_t of_body = moved - std::min<std::uint64_t>(moved, before.size());
    sent += std::min<std::uint64_t>(of_body, piece.size());
    if (!ok) co_return false;
    before.clear();
    std::string().swap(piece);  // before the next one is made
    if (!ended) co_await yield(loop_);
  }
  co_return true;
}

}  // namespace coffer::http
