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
  // Of the client, through proxies that are trusted; the proxy's own when it does not tell.
  std::string address;
  bool is_known = true;  // false: it is the proxy's own
  bool secure = false;   // it speaks TLS, to us or to a trusted proxy
  std::string base_url;  // `https://host:port`, no slash at the end; how it reaches us

  bool is_loopback() const;
  // What rate limits count by: the address, or for IPv6 its /64, which one client has whole.
  std::string limit_key() const;
};

// Works out a request's client. X-Forwarded-For, -Proto and -Host count only from a trusted
// proxy, and of the addresses in X-Forwarded-For the last that is not one.
class ClientResolver {
 public:
  // `public_url`, when not empty, is the base of every URL. Throws std::invalid_argument for a
  // network that is none.
  ClientResolver(const std::vector<std::string>& trusted_proxies, std::string public_url);

  Client resolve(const http::Request& request) const;

 private:
  bool is_trusted(std::string_view address) const;

  std::vector<Network> trusted_;
  std::string public_url_;
};

}  // namespace coffer::apis
