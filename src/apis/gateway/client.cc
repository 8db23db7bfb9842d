#include "apis/gateway/client.h"

#include <arpa/inet.h>

#include <algorithm>
#include <ranges>
#include <stdexcept>

#include "base/text.h"
#include "http/uri.h"

namespace coffer::apis {
namespace {

constexpr unsigned kMappedBits = 96;
constexpr std::string_view kMappedPrefix{"\0\0\0\0\0\0\0\0\0\0\xff\xff", 12};

// The 16 bytes of an address; IPv4 mapped into IPv6 (RFC 4291 section 2.5.5.2).
std::optional<std::string> address_bytes(std::string_view text) {
  const std::string input(text);
  std::string bytes(16, '\0');
  if (inet_pton(AF_INET6, input.c_str(), bytes.data()) == 1) return bytes;
  std::string v4(4, '\0');
  if (inet_pton(AF_INET, input.c_str(), v4.data()) == 1) return std::string(kMappedPrefix) + v4;
  return std::nullopt;
}

bool is_v4(std::string_view bytes) { return bytes.starts_with(kMappedPrefix); }

// `1.2.3.4:80` and `[::1]:80`, as some proxies send them, without the port.
std::string_view without_port(std::string_view text) {
  if (text.starts_with('[')) return text.substr(1, text.find(']') - 1);
  const std::size_t colon = text.find(':');
  const bool is_v6 = colon != std::string_view::npos && text.find(':', colon + 1) != text.npos;
  return is_v6 ? text : text.substr(0, colon);
}

// `a, b , c` -> a b c
std::vector<std::string_view> split_list(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    out.push_back(trim(text.substr(0, comma)));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return out;
}

}  // namespace

std::optional<Network> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  auto bytes = address_bytes(text.substr(0, slash));
  if (!bytes) return std::nullopt;
  const unsigned mapped =
      is_v4(*bytes) && text.find(':') == std::string_view::npos ? kMappedBits : 0;
  Network network;
  network.prefix_ = 128;
  if (slash != std::string_view::npos) {
    const auto length = parse_unsigned(text.substr(slash + 1));
    if (!length || *length > 128 - mapped) return std::nullopt;
    network.prefix_ = mapped + static_cast<unsigned>(*length);
  }
  network.bytes_ = std::move(*bytes);
  return network;
}

bool Network::contains(std::string_view address) const {
  const auto bytes = address_bytes(address);
  if (!bytes) return false;
  const unsigned whole = prefix_ / 8;
  if (bytes->compare(0, whole, bytes_, 0, whole) != 0) return false;
  const unsigned rest = prefix_ % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<unsigned char>(0xff00U >> rest);
  return (static_cast<unsigned char>((*bytes)[whole]) & mask) ==
         (static_cast<unsigned char>(bytes_[whole]) & mask);
}

bool Client::is_loopback() const {
  static const Network v4 = *Network::parse("127.0.0.0/8");
  static const Network v6 = *Network::parse("::1");
  return is_known && (v4.contains(address) || v6.contains(address));
}

std::string Client::limit_key() const {
  auto bytes = address_bytes(address);
  if (!bytes || is_v4(*bytes)) return address;
  return bytes->substr(0, 8);
}

ClientResolver::ClientResolver(const std::vector<std::string>& trusted_proxies,
                               std::string public_url)
    : public_url_(std::move(public_url)) {
  while (public_url_.ends_with('/')) public_url_.pop_back();
  for (const std::string& text : trusted_proxies) {
    const auto network = Network::parse(text);
    if (!network) throw std::invalid_argument("not an address or network: " + text);
    trusted_.push_back(*network);
  }
}

bool ClientResolver::is_trusted(std::string_view address) const {
  return std::ranges::any_of(trusted_, [&](const Network& n) { return n.contains(address); });
}

Client ClientResolver::resolve(const http::Request& request) const {
  Client client;
  client.address = request.peer_address;
  client.secure = request.secure;
  std::string_view host = request.header("Host").value_or("");
  if (is_trusted(request.peer_address)) {
    client.is_known = false;
    const std::string forwarded = request.headers.joined("X-Forwarded-For").value_or("");
    const auto hops = split_list(forwarded);
    for (const std::string_view hop : hops | std::views::reverse) {
      const std::string_view address = without_port(hop);
      if (!address_bytes(address)) break;
      client.address = address;
      client.is_known = true;
      if (!is_trusted(address)) break;
    }
    if (const auto proto = request.header("X-Forwarded-Proto")) {
      client.secure = equal_ignoring_case(trim(*proto), "https");
    }
    if (const auto outer = request.header("X-Forwarded-Host")) host = trim(*outer);
  }
  if (!public_url_.empty()) {
    client.base_url = public_url_;
  } else {
    client.base_url = client.secure ? "https://" : "http://";
    client.base_url += !host.empty() && http::is_authority(host) ? host : "localhost";
  }
  return client;
}

}  // namespace coffer::apis
