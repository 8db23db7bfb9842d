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
constexpr std::size_t kSiteBytes = 8;  // of an IPv6 address: its /64
constexpr std::string_view kMappedPrefix{"\0\0\0\0\0\0\0\0\0\0\xff\xff", 12};

// The 16 bytes of an address without its zone (`%eth0`); IPv4 mapped into IPv6 (RFC 4291 section
// 2.5.5.2).
std::optional<std::string> address_bytes(std::string_view text) {
  const std::string input(text.substr(0, text.find('%')));
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

// `a, b , , c` -> a b c
std::vector<std::string_view> split_list(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view item = trim(text.substr(0, comma));
    if (!item.empty()) out.push_back(item);  // RFC 9110 section 5.6.1.2
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return out;
}

// What the outermost proxy wrote into the list `name`; nothing where nobody did.
std::optional<std::string> leftmost(const http::Request& request, std::string_view name) {
  const std::string list = request.headers.joined(name).value_or("");
  const auto items = split_list(list);
  if (items.empty()) return std::nullopt;
  return std::string(items.front());
}

// `https://host/vault` -> `/vault`
std::string_view path_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  const std::size_t slash = url.find('/', scheme + 3);
  return slash == std::string_view::npos ? std::string_view() : url.substr(slash);
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

std::string Client::limit_key() const {
  const auto bytes = address_bytes(address);
  if (!bytes) return address;
  // The same key however the address was written.
  return is_v4(*bytes) ? bytes->substr(kMappedPrefix.size()) : bytes->substr(0, kSiteBytes);
}

ClientResolver::ClientResolver(const std::vector<std::string>& trusted_proxies,
                               std::string public_url)
    : public_url_(std::move(public_url)) {
  while (public_url_.ends_with('/')) public_url_.pop_back();
  base_path_ = path_of(public_url_);
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
  client.base_path = base_path_;
  std::string_view host = request.header("Host").value_or("");
  std::optional<std::string> outer_host;
  if (is_trusted(request.peer_address)) {
    const std::string forwarded = request.headers.joined("X-Forwarded-For").value_or("");
    const auto hops = split_list(forwarded);
    for (const std::string_view hop : hops | std::views::reverse) {
      const std::string_view address = without_port(hop);
      if (!address_bytes(address)) break;  // whoever wrote what stands left of it
      client.address = address;
      if (!is_trusted(address)) break;
    }
    if (const auto scheme = leftmost(request, "X-Forwarded-Proto")) {
      client.secure = equal_ignoring_case(*scheme, "https");
    }
    outer_host = leftmost(request, "X-Forwarded-Host");
    if (outer_host && http::is_authority(*outer_host)) host = *outer_host;
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
