#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

#include "base/text.h"
#include "server/test/test_server.h"

namespace coffer::server::test {
namespace {

constexpr char kBoundary[] = "----coffer-test-7MA4YWxkTrZu0gW";

class Connection {
 public:
  explicit Connection(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // Long: what is waited for is a machine that may have much else to do.
    const timeval patience{.tv_sec = 60, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      ::close(fd_);
      throw std::runtime_error("not connected");
    }
  }
  ~Connection() { ::close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Stops early where the server has heard enough: it has answered then.
  void send(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t count = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  // All until the server closes the connection.
  std::string receive() const {
    std::string all;
    std::array<char, 65536> buffer;
    for (;;) {
      const ssize_t count = ::recv(fd_, buffer.data(), buffer.size(), 0);
      if (count <= 0) return all;
      all.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }

 private:
  int fd_;
};

[[noreturn]] void cut_short(std::string_view reply) {
  throw std::runtime_error(fmt::format("no whole reply: {:?}", std::string(reply.substr(0, 500))));
}

// What a body in chunks carries (RFC 9112 section 7.1).
std::string from_chunks(std::string_view coded) {
  std::string body;
  for (std::string_view rest = coded;;) {
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), size, 16);
    const std::size_t line = rest.find("\r\n");
    if (error != std::errc() || line == rest.npos) cut_short(coded);
    rest.remove_prefix(line + 2);
    if (rest.size() < size + 2) cut_short(coded);
    if (size == 0) return body;
    body += rest.substr(0, size);
    rest.remove_prefix(size + 2);
  }
}

Response parse(std::string_view reply, bool is_head) {
  const std::size_t end = reply.find("\r\n\r\n");
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  if (end == reply.npos || !reply.starts_with(kVersion)) cut_short(reply);
  Response response;
  std::from_chars(reply.data() + kVersion.size(), reply.data() + end, response.status);
  std::string_view fields = reply.substr(0, end + 2);
  fields.remove_prefix(fields.find("\r\n") + 2);
  while (!fields.empty()) {
    const std::string_view line = fields.substr(0, fields.find("\r\n"));
    const std::size_t colon = line.find(':');
    response.headers.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
    fields.remove_prefix(line.size() + 2);
  }
  const std::string_view body = reply.substr(end + 4);
  if (response.header("Transfer-Encoding") == "chunked") {
    response.body = from_chunks(body);
    return response;
  }
  response.body = body;
  const auto length = response.header("Content-Length");
  if (length && !is_head && response.status != 304 && body.size() != std::stoull(*length)) {
    cut_short(reply);
  }
  return response;
}

}  // namespace

std::optional<std::string> Response::header(std::string_view name) const {
  const auto found = std::ranges::find_if(
      headers, [&](const auto& field) { return equal_ignoring_case(field.first, name); });
  if (found == headers.end()) return std::nullopt;
  return found->second;
}

boost::json::value Response::json() const {
  boost::json::error_code error;
  boost::json::value value = boost::json::parse(body, error);
  if (error) throw std::runtime_error(fmt::format("{} is no JSON: {}", status, body));
  return value;
}

Response Caller::call(std::string_view method, std::string_view target, std::string_view body,
                      const Fields& headers) const {
  std::string head = fmt::format("{} {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n",
                                 method, target, port_);
  for (const Fields* fields : {&headers_, &headers}) {
    for (const auto& [name, value] : *fields) head += fmt::format("{}: {}\r\n", name, value);
  }
  if (!body.empty() || method.starts_with('P')) {
    head += fmt::format("Content-Length: {}\r\n", body.size());
  }
  const Connection connection(port_);
  connection.send(head + "\r\n");
  connection.send(body);
  std::string reply = connection.receive();
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  if (reply.starts_with(kContinue)) reply.erase(0, kContinue.size());
  return parse(reply, method == "HEAD");
}

Response Caller::send(std::string_view method, std::string_view target,
                      const boost::json::value& json) const {
  return call(method, target, boost::json::serialize(json), {{"Content-Type", "application/json"}});
}

Response Caller::send_form(std::string_view target, const std::vector<Part>& parts,
                           std::string_view method) const {
  std::string body;
  for (const Part& part : parts) {
    body +=
        fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"", kBoundary, part.name);
    if (part.filename) body += fmt::format("; filename=\"{}\"", *part.filename);
    if (!part.content_type.empty()) body += "\r\nContent-Type: " + part.content_type;
    body += "\r\n\r\n" + part.content + "\r\n";
  }
  body += fmt::format("--{}--\r\n", kBoundary);
  return call(method, target, body,
              {{"Content-Type", fmt::format("multipart/form-data; boundary={}", kBoundary)}});
}

Caller Caller::with(std::string name, std::string value) const {
  Caller other = *this;
  other.headers_.emplace_back(std::move(name), std::move(value));
  return other;
}

}  // namespace coffer::server::test
