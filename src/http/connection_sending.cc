// How replies go out.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "http/connection.h"
#include "http/response_head.h"

namespace coffer::http {
namespace {

// A file's step moves up to a MiB.
constexpr std::size_t kFileSteps = 4;
// What is no longer than this goes out in one write with the head, where the store hands out copies
// of so little.
constexpr std::uint64_t kCopiedBytes = 16 * 1024;

// How a long body goes out.
struct Transfer {
  Transfer(net::EventLoop& loop, int fd) : counted(loop.transfers), corked(fd) {}

  net::ScopedCount counted;
  net::Corked corked;
};

// What a read of a stored file that gave `got` tells: 0 is its end.
std::runtime_error unreadable(ssize_t got) {
  if (got == 0) return std::runtime_error("a stored file is shorter than recorded");
  return std::runtime_error("cannot read a stored file: " + std::generic_category().message(errno));
}

// Where a file could not be sent: throws if that is the file's fault and not the client's, who
// left.
void require_readable(const FileSlice& slice) {
  char byte = 0;
  const ssize_t got = ::pread(slice.fd, &byte, 1, static_cast<off_t>(slice.offset));
  if (got <= 0) throw unreadable(got);
}

}  // namespace

Response Connection::went_wrong() {
  Response response = Response::text(500, "text/plain", "Something went wrong here\n");
  response.close = true;
  return response;
}

Task<bool> Connection::send(const Request& request, Response& response, bool keep_alive,
                            bool http_1_0, std::uint64_t& sent) {
  const std::uint64_t length = response.length();
  const bool bodiless = has_no_body(response.status);
  std::string head = response_head(response, {.now = loop_.now(),
                                              .request_id = request.id,
                                              .keep_alive = keep_alive,
                                              .http_1_0 = http_1_0});
  MinDataRate rate(shared_.limits);
  std::vector<iovec> parts{{head.data(), head.size()}};
  if (bodiless || request.method == Method::kHead) {
    const bool ok = co_await send_bytes(parts, false, rate);
    co_return ok;
  }
  if (response.rest) {
    const bool ok =
        co_await send_streamed(request, std::move(head), response, !http_1_0, rate, sent);
    co_return ok;
  }
  std::optional<Transfer> transfer;
  if (length >= kTransferBytes) transfer.emplace(loop_, socket_.native_handle());
  std::uint64_t moved = 0;  // of head and texts
  std::uint64_t head_left = head.size();
  // Also what a write that fails halfway has moved.
  const auto count_body = [&] {
    const std::uint64_t of_head = std::min(moved, head_left);
    head_left -= of_head;
    sent += std::exchange(moved, 0) - of_head;
  };
  bool ok = true;
  bool is_begun = false;
  bool is_unreadable = false;
  std::vector<Bytes> copies;  // that `parts` refer to
  try {
    for (Segment& segment : response.body) {
      if (auto* text = std::get_if<std::string>(&segment)) {
        parts.push_back({text->data(), text->size()});
        continue;
      }
      const auto& section = std::get<ContentSection>(segment);
      if (section.length <= kCopiedBytes) {
        if (section.length == 0) continue;
        auto piece = co_await section.content->piece(section.offset, section.length);
        auto* const copy = std::get_if<Bytes>(&piece);
        if (copy && copy->size() == section.length) {
          parts.push_back({copy->data(), copy->size()});
          copies.push_back(std::move(*copy));
          continue;
        }
      }
      is_begun = true;
      ok = co_await send_bytes(parts, true, rate, &moved);
      count_body();
      if (!ok) break;
      parts.clear();
      copies.clear();
      ok = co_await send_content(section, rate, sent);
      if (!ok) break;
    }
  } catch (const std::exception& error) {
    // Where the head is out, all that is left is to end the connection short of its length.
    log::error("content unreadable", {{"request_id", request.id}, {"error", error.what()}});
    ok = false;
    is_unreadable = true;
  }
  if (is_unreadable && !is_begun) {
    response = went_wrong();
    co_await send(request, response, false, http_1_0, sent);
    co_return false;
  }
  if (ok && !parts.empty()) {
    ok = co_await send_bytes(parts, false, rate, &moved);
    count_body();
  }
  co_return ok;
}

Task<bool> Connection::send_bytes(std::span<iovec> parts, bool more, MinDataRate& rate,
                                  std::uint64_t* sent) {
  while (!parts.empty()) {
    if (parts.front().iov_len == 0) {
      parts = parts.subspan(1);
      continue;
    }
    const auto step = transport_.write(parts.first(std::min<std::size_t>(parts.size(), 64)), more);
    if (step.state == State::kClosed) co_return false;
    if (step.state != State::kDone) {
      const bool is_ready = co_await ready_to_send(step.state, rate);
      if (!is_ready) co_return false;
      continue;
    }
    rate.moved(step.count);
    if (sent) *sent += step.count;
    std::size_t count = step.count;
    while (count > 0) {
      iovec& first = parts.front();
      const std::size_t taken = std::min(count, first.iov_len);
      first.iov_base = static_cast<std::byte*>(first.iov_base) + taken;
      first.iov_len -= taken;
      count -= taken;
      if (first.iov_len == 0) parts = parts.subspan(1);
    }
    if (iteration_is_over()) co_await yield(loop_);
  }
  co_return true;
}

Task<bool> Connection::send_content(const ContentSection& section, MinDataRate& rate,
                                    std::uint64_t& sent) {
  std::uint64_t offset = section.offset;
  const std::uint64_t end = section.offset + section.length;
  while (offset < end) {
    auto piece = co_await section.content->piece(offset, end - offset);
    bool ok = false;
    std::uint64_t length = 0;
    if (const auto* slice = std::get_if<FileSlice>(&piece)) {
      length = slice->length;
      ok = co_await send_file(*slice, rate, sent);
    } else {
      auto& bytes = std::get<Bytes>(piece);
      length = bytes.size();
      iovec part{bytes.data(), bytes.size()};
      ok = co_await send_bytes({&part, 1}, offset + length < end, rate, &sent);
    }
    if (!ok) co_return false;
    offset += length;
  }
  co_return true;
}

Task<bool> Connection::send_file(FileSlice slice, MinDataRate& rate, std::uint64_t& sent) {
  net::Buffer through;  // under TLS the bytes pass through the program
  while (slice.length > 0) {
    std::size_t count = 0;
    if (transport_.secure()) {
      if (!through) through = loop_.take_buffer();
      const auto want = static_cast<std::size_t>(
          std::min<std::uint64_t>(slice.length, net::EventLoop::kBufferBytes));
      const ssize_t got = ::pread(slice.fd, through.get(), want, static_cast<off_t>(slice.offset));
      if (got <= 0) throw unreadable(got);
      count = static_cast<std::size_t>(got);
      iovec part{through.get(), count};
      const bool ok = co_await send_bytes({&part, 1}, false, rate, &sent);
      if (!ok) co_return false;
    } else {
      const auto step = transport_.send_file(slice.fd, slice.offset, slice.length);
      if (step.state == State::kClosed) {
        require_readable(slice);
        co_return false;
      }
      if (step.state != State::kDone) {
        const bool is_ready = co_await ready_to_send(step.state, rate);
        if (!is_ready) co_return false;
        continue;
      }
      count = step.count;
      rate.moved(count);
      sent += count;
      if (iteration_is_over(kFileSteps)) co_await yield(loop_);
    }
    slice.offset += count;
    slice.length -= count;
  }
  if (through) loop_.give_back(std::move(through));
  co_return true;
}

}  // namespace coffer::http
