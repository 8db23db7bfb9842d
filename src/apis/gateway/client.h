// Who is at the other end, as far as the network tells.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace coffer::apis {

// A network in CIDR form: `10.0.0.0/8`, `::1`.
class Network {
 public:
  // Nothing when `text` is no address with an optional prefix length.
  static std::optional<Network> parse(std::string_view text);
  bool contains(std::string_view address) const;

 private:
  std::string bytes_;  // 16; IPv4 mapped into IPv6
  unsigned prefix_ = 0;
};

struct Client {
  // The client's, behind all trusted proxies; that of the last proxy where it names no client.
  std::string address;
  bool secure = false;         // it speaks TLS, to us or to the outermost trusted proxy
  std::string base_url;        // `https://host:port/path`, no slash at the end; how it reaches us
  std::string_view base_path;  // the path of base_url, often empty. Lives as long as the resolver

  // What rate limits count by: the address, or for IPv6 its /64, which one client has whole.
  std::string limit_key() const;
};

// Works out a request's client. X-Forwarded-For, -Proto and -Host count only from a trusted proxy.
// Each is a list, to which every proxy on the way may have added (as one field or as several): the
// client is the first address from the right that is not a trusted proxy's, scheme and host are the
// leftmost. RFC 7239's Forwarded counts from nobody: proxies that do not know it pass on what the
// client wrote.
class ClientResolver {
 public:
  // `public_url`, when not empty, is the base of every URL. Throws std::invalid_argument for a
  // network that is none.
  ClientResolver(const std::vector<std::string>& trusted_proxies, std::string public_url);

  Client resolve(const http::Request& request) const;

  // The path of the public URL, without a slash at its end: what a proxy cuts off. Often empty.
  std::string_view base_path() const noexcept { return base_path_; }

 private:
  bool is_trusted(std::string_view address) const;

  std::vector<Network> trusted_;
  std::string public_url_;
  std::string base_path_;
};

}  // namespace coffer::apis
