#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <sstream>

#include "load/load.h"

namespace coffer::bench {
namespace {

constexpr std::chrono::seconds kPatience{20};

// What differs from request to request: lines of a file, over and over, or a counter.
class Values {
 public:
  explicit Values(const Options& options) : next_(options.number("first", 0)) {
    if (!options.has("values")) return;
    std::istringstream file{read_file(options.text("values"))};
    for (std::string line; std::getline(file, line);) {
      if (line.size() != Template::kMark) throw std::invalid_argument("a value of another length");
      lines_.push_back(std::move(line));
    }
  }

  std::string next() {
    const std::uint64_t number = next_++;
    return lines_.empty() ? counter_text(number) : lines_[number % lines_.size()];
  }

 private:
  std::vector<std::string> lines_;
  std::uint64_t next_;
};

struct Connection {
  Descriptor socket;
  std::string request;
  std::size_t sent = 0;
  Clock::time_point began;
  std::string head;  // of the reply, while it is not whole
  bool in_body = false;
  std::uint64_t body_left = 0;
};

// One thread drives all connections; each has one request under way.
class Requests {
 public:
  explicit Requests(const Options& options)
      : form_(read_file(options.text("template"))),
        values_(options),
        left_(options.number("count", std::numeric_limits<std::uint64_t>::max())),
        buffer_(256 * 1024) {
    epoll_ = Descriptor(::epoll_create1(EPOLL_CLOEXEC));
    check(epoll_.get() >= 0, "epoll_create1");
    connections_.resize(options.number("connections"));
    for (Connection& connection : connections_) {
      connection.socket = connect_to(options.number("port"));
      connection.request = form_.text();
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.ptr = &connection;
      check(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection.socket.get(), &event) == 0,
            "epoll_ctl");
    }
  }

  void run(double seconds) {
    began_ = Clock::now();
    end_ = began_ +
           std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    for (Connection& connection : connections_) begin(connection);
    std::vector<epoll_event> events(256);
    while (under_way_ > 0) {
      if (Clock::now() > end_ + kPatience) throw std::runtime_error("replies do not come");
      const int count =
          ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 1000);
      check(count >= 0 || errno == EINTR, "epoll_wait");
      for (int i = 0; i < count; ++i) {
        auto& connection = *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
        if (events[static_cast<std::size_t>(i)].events & EPOLLOUT) send(connection);
        if (events[static_cast<std::size_t>(i)].events & ~EPOLLOUT) receive(connection);
      }
    }
  }

  void report() {
    std::ranges::sort(latencies_);
    const auto at = [this](double share) {
      if (latencies_.empty()) return 0.0;
      const auto rank =
          static_cast<std::size_t>(share * static_cast<double>(latencies_.size() - 1));
      return static_cast<double>(latencies_[rank]) / 1e6;
    };
    const double took = std::chrono::duration<double>(last_ - began_).count();
    fmt::print(R"({{"requests": {}, "failed": {}, "first_failure": {}, "seconds": {:.6f}, )"
               R"("rate": {:.1f}, "p50_ms": {:.3f}, "p99_ms": {:.3f}, "max_ms": {:.3f}}})"
               "\n",
               latencies_.size(), failed_, first_failure_, took,
               took > 0 ? static_cast<double>(latencies_.size()) / took : 0.0, at(0.5), at(0.99),
               at(1.0));
  }

 private:
  void begin(Connection& connection) {
    connection.began = Clock::now();
    if (left_ == 0 || connection.began >= end_) return;
    --left_;
    ++under_way_;
    form_.put(connection.request, values_.next());
    connection.sent = 0;
    send(connection);
  }

  void send(Connection& connection) {
    const bool waited = connection.sent > 0;
    while (connection.sent < connection.request.size()) {
      const auto sent =
          ::send(connection.socket.get(), connection.request.data() + connection.sent,
                 connection.request.size() - connection.sent, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent < 0 && errno == EAGAIN) break;
      check(sent >= 0, "send");
      connection.sent += static_cast<std::size_t>(sent);
    }
    const bool waits = connection.sent < connection.request.size();
    if (waits == waited) return;
    epoll_event event{};
    event.events = waits ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.ptr = &connection;
    check(::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.socket.get(), &event) == 0,
          "epoll_ctl");
  }

  void receive(Connection& connection) {
    const auto got = ::recv(connection.socket.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    check(got >= 0, "recv");
    if (got == 0) throw std::runtime_error("the server closed a connection");
    std::uint64_t body = static_cast<std::uint64_t>(got);
    if (!connection.in_body) {
      connection.head.append(buffer_.data(), static_cast<std::size_t>(got));
      const auto head = parse_reply_head(connection.head);
      if (!head) return;
      if (head->status / 100 != 2) {
        if (failed_++ == 0) first_failure_ = head->status;
      }
      body = connection.head.size() - head->size;
      connection.head.clear();
      connection.in_body = true;
      connection.body_left = head->length;
    }
    if (body > connection.body_left) throw std::runtime_error("more than a reply");
    connection.body_left -= body;
    if (connection.body_left > 0) return;
    connection.in_body = false;
    last_ = Clock::now();
    latencies_.push_back((last_ - connection.began).count());
    --under_way_;
    begin(connection);
  }

  Template form_;
  Values values_;
  std::uint64_t left_;
  std::vector<char> buffer_;
  Descriptor epoll_;
  std::vector<Connection> connections_;
  Clock::time_point began_;
  Clock::time_point end_;
  Clock::time_point last_;
  std::size_t under_way_ = 0;
  std::uint64_t failed_ = 0;
  unsigned first_failure_ = 0;
  std::vector<Clock::rep> latencies_;  // nanoseconds
};

}  // namespace

int run_requests(const Options& options) {
  Requests requests(options);
  requests.run(options.real("seconds"));
  requests.report();
  return 0;
}

int run_idle(const Options& options) {
  // Patience instead of an end: each connection asks once.
  Requests requests(options);
  requests.run(60);
  requests.report();
  std::fflush(stdout);
  char byte;
  while (::read(STDIN_FILENO, &byte, 1) > 0) continue;
  return 0;
}

}  // namespace coffer::bench
