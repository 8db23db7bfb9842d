#include "client/web_socket.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "base/bytes.h"
#include "base/entropy.h"
#include "base/text.h"
#include "client/error.h"

namespace coffer::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kConnectTimeout{15'000};
constexpr milliseconds kWriteTimeout{30'000};
constexpr std::size_t kHeadMax = std::size_t{16} << 10U;
constexpr std::size_t kMessageMax = std::size_t{1} << 20U;
constexpr std::size_t kPiece = std::size_t{16} << 10U;
constexpr std::string_view kMagic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr unsigned kNoCloseCode = 1005;

// Bits and opcodes of RFC 6455, section 5.2.
constexpr std::uint8_t kFinal = 0x80;
constexpr std::uint8_t kReserved = 0x70;
constexpr std::uint8_t kOpcode = 0x0f;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::uint8_t kContinuation = 0;
constexpr std::uint8_t kText = 1;
constexpr std::uint8_t kClose = 8;
constexpr std::uint8_t kPing = 9;
constexpr std::uint8_t kPong = 10;
constexpr std::uint8_t kLength16 = 126;
constexpr std::uint8_t kLength64 = 127;

std::string base64(std::string_view data) {
  std::string out(4 * ((data.size() + 2) / 3) + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(data.data()),
                                     static_cast<int>(data.size()));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

std::string accept_of(const std::string& key) {
  const std::string text = key + std::string(kMagic);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha1(), nullptr) != 1) {
    throw Error("libcrypto has no SHA-1");
  }
  return base64({reinterpret_cast<const char*>(digest.data()), length});
}

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  system_entropy().fill(ByteSpan(reinterpret_cast<std::byte*>(bytes.data()), count));
  return bytes;
}

std::uint8_t byte_at(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

// The value of a field of a head; empty where it is missing.
std::string field_of(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && equal_ignoring_case(line.substr(0, colon), name)) {
      return std::string(trim(line.substr(colon + 1)));
    }
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
  }
  return {};
}

[[noreturn]] void break_off(const char* why) {
  throw ConnectionLost(fmt::format("the connection for events was lost: {}", why));
}

}  // namespace

struct WebSocket::Connection {
  Connection() : easy(curl_easy_init()) {
    if (!easy) throw std::bad_alloc();
  }
  ~Connection() { curl_easy_cleanup(easy); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Whether it is ready for `events` in time.
  bool wait(short events, milliseconds timeout) const {
    curl_socket_t socket = CURL_SOCKET_BAD;
    curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &socket);
    if (socket == CURL_SOCKET_BAD) break_off("it is closed");
    ::pollfd one{.fd = socket, .events = events, .revents = 0};
    return ::poll(&one, 1, static_cast<int>(timeout.count())) > 0;
  }

  CURL* easy;
};

WebSocket::WebSocket(const std::string& url) : connection_(std::make_unique<Connection>()) {
  CURL* easy = connection_->easy;
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(kConnectTimeout.count()));
  curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
  const CURLcode code = curl_easy_perform(easy);
  if (code != CURLE_OK) throw ConnectionLost(fmt::format("{}: {}", url, curl_easy_strerror(code)));
  shake_hands(url);
}

WebSocket::~WebSocket() = default;

void WebSocket::shake_hands(const std::string& url) {
  const std::string key = base64(random_bytes(16));
  const std::size_t host = url.find("//") + 2;
  const std::size_t path = std::min(url.find('/', host), url.size());
  write(fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: {}\r\nSec-WebSocket-Version: 13\r\nUser-Agent: coffer\r\n\r\n",
      path == url.size() ? "/" : url.substr(path), url.substr(host, path - host), key));
  const auto end = steady_clock::now() + kConnectTimeout;
  std::size_t length = std::string::npos;
  while ((length = input_.find("\r\n\r\n")) == std::string::npos) {
    const auto left = std::chrono::duration_cast<milliseconds>(end - steady_clock::now());
    if (input_.size() > kHeadMax) break_off("its head is too long");
    if (left.count() <= 0 || (!read_more(left) && steady_clock::now() >= end)) {
      break_off("no reply came in time");
    }
  }
  const std::string head = input_.substr(0, length);
  input_.erase(0, length + 4);
  const std::string line = head.substr(0, head.find("\r\n"));
  const auto status = parse_unsigned(line.size() > 12 ? line.substr(9, 3) : std::string());
  if (!line.starts_with("HTTP/1.1 ") || !status) break_off("the reply is not HTTP");
  if (*status != 101) {
    std::optional<std::chrono::seconds> retry_after;
    if (const auto wait = parse_unsigned(field_of(head, "Retry-After")); wait && *wait < 86'400) {
      retry_after = std::chrono::seconds(*wait);
    }
    throw ApiError(static_cast<unsigned>(*status), "",
                   fmt::format("{} answers with status {}", url, *status), retry_after);
  }
  if (field_of(head, "Sec-WebSocket-Accept") != accept_of(key)) break_off("it is no WebSocket");
}

void WebSocket::send(std::string_view text) { send_frame(kText, text); }

void WebSocket::ping() {
  is_quiet_ = true;
  send_frame(kPing, {});
}

void WebSocket::send_frame(std::uint8_t opcode, std::string_view payload) {
  std::string frame(1, static_cast<char>(kFinal | opcode));
  const auto add_length = [&frame, &payload](int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
      frame += static_cast<char>((payload.size() >> static_cast<unsigned>(shift)) & 0xffU);
    }
  };
  if (payload.size() < kLength16) {
    frame += static_cast<char>(kMasked | payload.size());
  } else if (payload.size() <= 0xffff) {
    frame += static_cast<char>(kMasked | kLength16);
    add_length(2);
  } else {
    frame += static_cast<char>(kMasked | kLength64);
    add_length(8);
  }
  const std::string mask = random_bytes(4);
  frame += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) {
    frame += static_cast<char>(payload[i] ^ mask[i % mask.size()]);
  }
  write(frame);
}

void WebSocket::write(std::string_view data) {
  const auto end = steady_clock::now() + kWriteTimeout;
  while (!data.empty()) {
    std::size_t written = 0;
    const CURLcode code = curl_easy_send(connection_->easy, data.data(), data.size(), &written);
    data.remove_prefix(written);
    if (code == CURLE_OK) continue;
    if (code != CURLE_AGAIN) break_off(curl_easy_strerror(code));
    const auto left = std::chrono::duration_cast<milliseconds>(end - steady_clock::now());
    if (left.count() <= 0) break_off("it takes nothing");
    connection_->wait(POLLOUT, left);
  }
}

bool WebSocket::read_more(milliseconds timeout) {
  std::array<char, kPiece> piece{};
  // TLS may hold bytes that the socket does not show any more.
  for (const bool has_waited : {false, true}) {
    std::size_t count = 0;
    const CURLcode code = curl_easy_recv(connection_->easy, piece.data(), piece.size(), &count);
    if (code == CURLE_OK && count == 0) break_off("the server closed it");
    if (code == CURLE_OK) {
      is_quiet_ = false;
      input_.append(piece.data(), count);
      return true;
    }
    if (code != CURLE_AGAIN) break_off(curl_easy_strerror(code));
    if (has_waited || !connection_->wait(POLLIN, timeout)) return false;
  }
  return false;
}

WebSocket::Received WebSocket::receive(milliseconds timeout) {
  const auto end = steady_clock::now() + timeout;
  Received received;
  for (;;) {
    while (take_frame(received)) {
      if (received.kind != Received::Kind::kNothing) return received;
    }
    const auto left = std::chrono::duration_cast<milliseconds>(end - steady_clock::now());
    if (left.count() <= 0) return received;
    read_more(left);
  }
}

bool WebSocket::take_frame(Received& into) {
  if (input_.size() < 2) return false;
  const std::uint8_t first = byte_at(input_, 0);
  const std::uint8_t second = byte_at(input_, 1);
  if ((first & kReserved) != 0 || (second & kMasked) != 0) break_off("a frame is malformed");
  std::uint64_t length = second;
  std::size_t head = 2;
  if (second == kLength16 || second == kLength64) {
    const std::size_t bytes = second == kLength16 ? 2 : 8;
    if (input_.size() < head + bytes) return false;
    length = 0;
    for (std::size_t i = 0; i < bytes; ++i) length = length << 8U | byte_at(input_, head + i);
    head += bytes;
  }
  if (length > kMessageMax) break_off("a message is too long");
  if (input_.size() < head + length) return false;
  std::string payload = input_.substr(head, length);
  input_.erase(0, head + length);
  switch (first & kOpcode) {
    case kText:
    case kContinuation:
      message_ += payload;
      if (message_.size() > kMessageMax) break_off("a message is too long");
      if ((first & kFinal) != 0) {
        into.kind = Received::Kind::kMessage;
        into.text = std::exchange(message_, {});
      }
      return true;
    case kPing: send_frame(kPong, payload); return true;
    case kPong: return true;
    case kClose:
      into.kind = Received::Kind::kClosed;
      into.close_code = kNoCloseCode;
      if (payload.size() >= 2) {
        into.close_code = static_cast<unsigned>(byte_at(payload, 0)) << 8U | byte_at(payload, 1);
        into.text = payload.substr(2);
      }
      send_frame(kClose, payload.substr(0, 2));
      return true;
    default: break_off("a frame is of no known kind");
  }
}

}  // namespace coffer::client
