// The load generator of the bench: what wrk cannot do. Each kind of load prints one JSON object.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace coffer::bench {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

// Throws std::system_error with errno unless `ok`.
void check(bool ok, const char* what);

// `--name value` pairs of the command line.
class Options {
 public:
  // Throws std::invalid_argument for anything but pairs.
  Options(int count, char** arguments);

  // Throw std::invalid_argument when it is missing and there is no default, or is no number.
  std::string text(const std::string& name) const;
  std::uint64_t number(const std::string& name) const;
  std::uint64_t number(const std::string& name, std::uint64_t otherwise) const;
  double real(const std::string& name) const;
  bool has(const std::string& name) const { return values_.contains(name); }

 private:
  std::unordered_map<std::string, std::string> values_;
};

// A file descriptor, closed at the end.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();

  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

std::string read_file(const std::string& path);

// Connects to 127.0.0.1. Throws std::system_error.
Descriptor connect_to(std::uint64_t port);

// A whole request as a file, in which sixteen `@` stand for what differs from one request to
// the next, and sixteen `#`, once, for content that is made while it is sent.
class Template {
 public:
  static constexpr std::size_t kMark = 16;

  explicit Template(std::string text);

  // REQUIRES: `value` has kMark characters.
  void put(std::string& request, std::string_view value) const;
  const std::string& text() const { return text_; }
  // What follows the made content; `text()` ends before it.
  const std::string& after() const { return after_; }

 private:
  std::string text_;
  std::string after_;
  std::vector<std::size_t> marks_;
};

// 16 decimal digits.
std::string counter_text(std::uint64_t number);

// The head of a reply, as far as it matters here.
struct ReplyHead {
  std::size_t size = 0;  // with its empty line
  unsigned status = 0;
  std::uint64_t length = 0;  // of the body
};
// Nothing while it is not whole. Throws std::runtime_error for what is no reply, or chunked.
std::optional<ReplyHead> parse_reply_head(std::string_view data);

// Requests one after another on each of several connections; rate and latencies.
int run_requests(const Options& options);
// Connections that asked once and stay open until standard input ends.
int run_idle(const Options& options);
// WebSockets that are subscribed to events; with `--hold` they stay open until standard input ends.
int run_sockets(const Options& options);
// Large downloads, thrown away unread. A connection starts another while there is time.
int run_downloads(const Options& options);
// Large uploads, one a connection.
int run_uploads(const Options& options);
// Small files, each made durable as a store of one file an object has to.
int run_files(const Options& options);
// Large files, written past the page cache and synced.
int run_disk(const Options& options);

}  // namespace coffer::bench
