#include "load/load.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>

namespace coffer::bench {

void check(bool ok, const char* what) {
  if (!ok) throw std::system_error(errno, std::generic_category(), what);
}

Options::Options(int count, char** arguments) {
  for (int i = 0; i < count; i += 2) {
    const std::string_view name = arguments[i];
    if (!name.starts_with("--") || i + 1 == count) {
      throw std::invalid_argument(fmt::format("expected `--name value` at `{}`", name));
    }
    values_.insert_or_assign(std::string(name.substr(2)), arguments[i + 1]);
  }
}

std::string Options::text(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) throw std::invalid_argument(fmt::format("--{} is missing", name));
  return found->second;
}

std::uint64_t Options::number(const std::string& name) const {
  const std::string value = text(name);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc{} || end != value.data() + value.size()) {
    throw std::invalid_argument(fmt::format("--{} takes a number", name));
  }
  return number;
}

std::uint64_t Options::number(const std::string& name, std::uint64_t otherwise) const {
  return has(name) ? number(name) : otherwise;
}

double Options::real(const std::string& name) const { return std::stod(text(name)); }

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(fmt::format("cannot read {}", path));
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

namespace {
constexpr std::uint32_t kClientAddresses = 4;
}  // namespace

Descriptor connect_to(std::uint64_t port) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  check(socket.get() >= 0, "socket");
  const int on = 1;
  // Servers bound the connections of one address.
  static std::atomic<std::uint32_t> connected = 0;
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK + connected++ % kClientAddresses);
  check(::setsockopt(socket.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) == 0,
        "setsockopt");
  check(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) == 0, "bind");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  check(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
        "connect");
  check(::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "setsockopt");
  return socket;
}

Template::Template(std::string text) : text_(std::move(text)) {
  const std::string content(kMark, '#');
  if (const auto at = text_.find(content); at != std::string::npos) {
    after_ = text_.substr(at + kMark);
    text_.resize(at);
  }
  const std::string nonce(kMark, '@');
  for (auto at = text_.find(nonce); at != std::string::npos; at = text_.find(nonce, at + kMark)) {
    marks_.push_back(at);
  }
}

void Template::put(std::string& request, std::string_view value) const {
  for (const std::size_t at : marks_) std::memcpy(request.data() + at, value.data(), kMark);
}

std::string counter_text(std::uint64_t number) { return fmt::format("{:016}", number); }

std::optional<ReplyHead> parse_reply_head(std::string_view data) {
  const auto end = data.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  ReplyHead head{.size = end + 4};
  if (!data.starts_with("HTTP/1.1 ")) throw std::runtime_error("what came is no reply");
  std::from_chars(data.data() + 9, data.data() + 12, head.status);
  for (auto at = data.find("\r\n"); at < end; at = data.find("\r\n", at + 2)) {
    const std::string_view line = data.substr(at + 2, end - at - 2);
    const auto names = [line](std::string_view name) {
      return line.size() > name.size() && ::strncasecmp(line.data(), name.data(), name.size()) == 0;
    };
    if (names("transfer-encoding:")) throw std::runtime_error("a chunked reply");
    if (!names("content-length:")) continue;
    const char* digits = line.data() + 15;
    while (*digits == ' ') ++digits;
    std::from_chars(digits, data.data() + end, head.length);
  }
  return head;
}

}  // namespace coffer::bench
