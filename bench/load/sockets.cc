// WebSockets that wait for events, and how long an event takes to reach all of them.
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "load/load.h"

namespace coffer::bench {
namespace {

constexpr std::chrono::seconds kPatience{20};
constexpr std::string_view kPong("\x8a\x80\0\0\0\0", 6);
constexpr unsigned kText = 1;
constexpr unsigned kPing = 9;

void send_all(const Descriptor& socket, std::string_view data) {
  while (!data.empty()) {
    const auto sent = ::send(socket.get(), data.data(), data.size(), MSG_NOSIGNAL);
    check(sent > 0, "send");
    data.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// One socket at /realtime.
struct Subscriber {
  Descriptor socket;
  std::string unread;

  // Reads what there is; how many text messages were in it.
  std::size_t receive(int flags) {
    std::array<char, 4096> buffer;
    const auto got = ::recv(socket.get(), buffer.data(), buffer.size(), flags);
    if (got < 0 && errno == EAGAIN) return 0;
    check(got >= 0, "recv");
    if (got == 0) throw std::runtime_error("the server closed a socket");
    unread.append(buffer.data(), static_cast<std::size_t>(got));
    return take_frames();
  }

  std::size_t take_frames() {
    std::size_t texts = 0;
    while (unread.size() >= 2) {
      const unsigned opcode = static_cast<unsigned char>(unread[0]) & 0x0fU;
      std::size_t length = static_cast<unsigned char>(unread[1]) & 0x7fU;
      std::size_t head = 2;
      if (length == 127) throw std::runtime_error("a message that is too long for an event");
      if (length == 126) {
        head = 4;
        if (unread.size() < head) break;
        length = static_cast<std::size_t>(static_cast<unsigned char>(unread[2])) << 8U |
                 static_cast<unsigned char>(unread[3]);
      }
      if (unread.size() < head + length) break;
      if (opcode == kText) ++texts;
      if (opcode == kPing) send_all(socket, kPong);
      unread.erase(0, head + length);
    }
    return texts;
  }
};

class Sockets {
 public:
  explicit Sockets(const Options& options)
      : subscribers_(options.number("connections")),
        control_(connect_to(options.number("port"))),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    check(epoll_.get() >= 0, "epoll_create1");
    // The handshake, and messages that each get one reply.
    const std::string opening = read_file(options.text("opening"));
    const std::uint64_t replies = options.number("replies");
    for (Subscriber& one : subscribers_) {
      one.socket = connect_to(options.number("port"));
      send_all(one.socket, opening);
      open(one, replies);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.ptr = &one;
      check(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, one.socket.get(), &event) == 0, "epoll_ctl");
    }
  }

  // Sends the request, which makes one event, and waits until every socket has it.
  void tell(const std::string& request) {
    const auto began = Clock::now();
    send_all(control_, request);
    std::size_t left = subscribers_.size();
    std::array<epoll_event, 256> events;
    while (left > 0) {
      if (Clock::now() > began + kPatience) throw std::runtime_error("an event does not come");
      const int count =
          ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 1000);
      check(count >= 0 || errno == EINTR, "epoll_wait");
      for (int i = 0; i < count; ++i) {
        auto& one = *static_cast<Subscriber*>(events[static_cast<std::size_t>(i)].data.ptr);
        const std::size_t texts = one.receive(MSG_DONTWAIT);
        if (texts > 1) throw std::runtime_error("more than one event");
        if (texts == 0) continue;
        latencies_.push_back((Clock::now() - began).count());
        --left;
      }
    }
    last_.push_back((Clock::now() - began).count());
    read_reply();
  }

  void report() {
    const auto at = [](std::vector<Clock::rep>& all, double share) {
      if (all.empty()) return 0.0;
      std::ranges::sort(all);
      return static_cast<double>(
                 all[static_cast<std::size_t>(share * static_cast<double>(all.size() - 1))]) /
             1e6;
    };
    fmt::print(R"({{"connections": {}, "events": {}, "p50_ms": {:.3f}, "p99_ms": {:.3f}, )"
               R"("all_ms": {:.3f}}})"
               "\n",
               subscribers_.size(), last_.size(), at(latencies_, 0.5), at(latencies_, 0.99),
               at(last_, 0.5));
    std::fflush(stdout);
  }

 private:
  static void open(Subscriber& one, std::uint64_t replies) {
    std::array<char, 4096> buffer;
    std::size_t end = std::string::npos;
    while (end == std::string::npos) {
      const auto got = ::recv(one.socket.get(), buffer.data(), buffer.size(), 0);
      check(got >= 0, "recv");
      if (got == 0) throw std::runtime_error("the server closed a socket");
      one.unread.append(buffer.data(), static_cast<std::size_t>(got));
      end = one.unread.find("\r\n\r\n");
    }
    if (!one.unread.starts_with("HTTP/1.1 101 ")) throw std::runtime_error(one.unread);
    one.unread.erase(0, end + 4);
    std::size_t texts = one.take_frames();
    while (texts < replies) texts += one.receive(0);
  }

  void read_reply() {
    std::string reply;
    std::array<char, 4096> buffer;
    for (;;) {
      const auto got = ::recv(control_.get(), buffer.data(), buffer.size(), 0);
      check(got > 0, "recv");
      reply.append(buffer.data(), static_cast<std::size_t>(got));
      const auto head = parse_reply_head(reply);
      if (!head || reply.size() < head->size + head->length) continue;
      if (head->status / 100 != 2) throw std::runtime_error(reply);
      return;
    }
  }

  std::vector<Subscriber> subscribers_;
  Descriptor control_;
  Descriptor epoll_;
  std::vector<Clock::rep> latencies_;  // nanoseconds, of each event at each socket
  std::vector<Clock::rep> last_;       // until the last socket had it
};

}  // namespace

int run_sockets(const Options& options) {
  Sockets sockets(options);
  const std::uint64_t count = options.number("count", 0);
  if (count > 0) {
    const Template form(read_file(options.text("template")));
    std::string request = form.text();
    for (std::uint64_t i = 0; i < count; ++i) {
      form.put(request, counter_text(i));
      sockets.tell(request);
    }
  }
  sockets.report();
  if (!options.has("hold")) return 0;
  char byte;
  while (::read(STDIN_FILENO, &byte, 1) > 0) continue;
  return 0;
}

}  // namespace coffer::bench
