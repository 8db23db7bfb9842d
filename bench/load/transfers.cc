#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <cstring>
#include <exception>
#include <functional>
#include <mutex>
#include <random>
#include <thread>

#include "load/load.h"

namespace coffer::bench {
namespace {

constexpr std::size_t kPiece = 256 * 1024;  // fits a core's own cache

void send_all(int socket, std::string_view data) {
  while (!data.empty()) {
    const auto sent = ::send(socket, data.data(), data.size(), MSG_NOSIGNAL);
    check(sent >= 0, "send");
    data.remove_prefix(static_cast<std::size_t>(sent));
  }
}

struct Reply {
  ReplyHead head;
  std::string data;  // the head and what came with it
};

// Throws unless it is a 2xx.
Reply read_reply_head(int socket) {
  std::string data;
  char piece[4096];
  while (true) {
    const auto got = ::recv(socket, piece, sizeof piece, 0);
    check(got >= 0, "recv");
    if (got == 0) throw std::runtime_error("the server closed a connection");
    data.append(piece, static_cast<std::size_t>(got));
    const auto head = parse_reply_head(data);
    if (!head) continue;
    if (head->status / 100 != 2) throw std::runtime_error("refused: " + data);
    return {*head, std::move(data)};
  }
}

// TCP drops what it is told to, without copying it.
void drop(int socket, std::uint64_t length) {
  while (length > 0) {
    const auto got = ::recv(socket, nullptr, std::min<std::uint64_t>(length, 1 << 20), MSG_TRUNC);
    check(got >= 0, "recv");
    if (got == 0) throw std::runtime_error("the server closed a connection");
    length -= static_cast<std::uint64_t>(got);
  }
}

// Calls `transfer(i, connection)` for each connection on a thread of its own, all at once; the
// bytes that they moved in all, and the time from the first to the last, as a JSON object.
int run_at_once(const Options& options,
                const std::function<std::uint64_t(std::size_t, int)>& transfer) {
  const std::size_t count = options.number("connections");
  std::vector<Descriptor> connections;
  for (std::size_t i = 0; i < count; ++i) connections.push_back(connect_to(options.number("port")));

  std::atomic<std::uint64_t> bytes = 0;
  std::mutex mutex;
  std::exception_ptr error;
  Clock::time_point began;
  std::barrier start(static_cast<std::ptrdiff_t>(count), [&]() noexcept { began = Clock::now(); });
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < count; ++i) {
      threads.emplace_back([&, i] {
        start.arrive_and_wait();
        try {
          bytes += transfer(i, connections[i].get());
        } catch (...) {
          const std::scoped_lock lock(mutex);
          error = std::current_exception();
        }
      });
    }
  }
  const double took = seconds_since(began);
  if (error) std::rethrow_exception(error);
  fmt::print(R"({{"bytes": {}, "seconds": {:.6f}, "rate": {:.0f}}})"
             "\n",
             bytes.load(), took, static_cast<double>(bytes) / took);
  return 0;
}

}  // namespace

int run_downloads(const Options& options) {
  const Template form(read_file(options.text("template")));
  const double seconds = options.real("seconds");
  return run_at_once(options, [&](std::size_t, int socket) {
    const auto began = Clock::now();
    std::uint64_t bytes = 0;
    do {
      send_all(socket, form.text());
      const Reply reply = read_reply_head(socket);
      drop(socket, reply.head.length - (reply.data.size() - reply.head.size));
      bytes += reply.head.length;
    } while (seconds_since(began) < seconds);
    return bytes;
  });
}

int run_uploads(const Options& options) {
  const Template form(read_file(options.text("template")));
  const std::uint64_t size = options.number("size");
  const std::uint64_t first = options.number("first", 0);
  std::string noise(kPiece, '\0');
  std::mt19937_64 random(first);
  for (std::size_t at = 0; at < noise.size(); at += 8) {
    const std::uint64_t word = random();
    std::memcpy(noise.data() + at, &word, sizeof word);
  }
  return run_at_once(options, [&](std::size_t number, int socket) {
    const std::string name = counter_text(first + number);
    std::string request = form.text();
    form.put(request, name);
    send_all(socket, request);
    std::string piece = noise;
    std::memcpy(piece.data(), name.data(), name.size());
    std::uint64_t left = size;
    for (; left > 0; left -= std::min<std::uint64_t>(left, kPiece)) {
      // No two pieces are equal, in this upload or another.
      std::memcpy(piece.data() + name.size(), &left, sizeof left);
      send_all(socket, std::string_view(piece).substr(0, std::min<std::uint64_t>(left, kPiece)));
    }
    send_all(socket, form.after());
    const Reply reply = read_reply_head(socket);
    drop(socket, reply.head.length - (reply.data.size() - reply.head.size));
    return size;
  });
}

}  // namespace coffer::bench
