#include "http/web_socket.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "http/syntax.h"

namespace coffer::http {
namespace {

constexpr std::string_view kVersion = "13";
constexpr std::size_t kKeyLength = 24;  // of 16 bytes in base64

bool is_key(std::string_view key) {
  const auto is_digit = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
  };
  return key.size() == kKeyLength && key.ends_with("==") &&
         std::ranges::all_of(key.substr(0, kKeyLength - 2), is_digit);
}

}  // namespace

std::optional<UpgradeFault> find_upgrade_fault(const Request& request) {
  const auto upgrade = request.headers.joined("Upgrade");
  const auto connection = request.headers.joined("Connection");
  // RFC 9110 section 7.8: HTTP/1.0 has no upgrade.
  if (request.is_http_1_0 || !upgrade || !lists_token(*upgrade, "websocket") || !connection ||
      !lists_token(*connection, "upgrade")) {
    return UpgradeFault::kNotAsked;
  }
  const auto version = request.headers.joined("Sec-WebSocket-Version");
  if (version && trim(*version) != kVersion) return UpgradeFault::kVersion;
  const auto key = request.headers.joined("Sec-WebSocket-Key");
  if (request.method != Method::kGet || !version || !key || !is_key(trim(*key)) ||
      request.body->length() != 0) {
    return UpgradeFault::kMalformed;
  }
  return std::nullopt;
}

Response upgrade_to(std::shared_ptr<WebSocketHandler> handler) {
  Response response;
  response.status = 101;
  response.web_socket = std::move(handler);
  return response;
}

}  // namespace coffer::http
