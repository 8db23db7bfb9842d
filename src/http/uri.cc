#include "http/uri.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/text.h"

namespace coffer::http {
namespace {

// A head of the largest size could hold tens of thousands; none with good intentions has them.
constexpr std::size_t kMaxPieces = 1000;
// A name of 255 characters, a colon and a port.
constexpr std::size_t kMaxAuthority = 261;
constexpr std::uint64_t kMaxPort = 65'535;

bool decode_into(std::string& out, std::string_view text, bool plus_is_space) {
  const bool has_space = plus_is_space && text.find('+') != text.npos;
  if (!has_space && text.find('%') == text.npos) {
    out = text;
    return true;
  }
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      if (text.size() - i < 3) return false;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return false;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += c == '+' && plus_is_space ? ' ' : c;
    }
  }
  return true;
}

// Bytes from 0x80 on pass: curl and older clients send UTF-8 as it is.
bool may_stand_in_target(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != 0x7f && byte != '#';
}

struct AbsoluteForm {
  std::string_view authority;
  std::string_view rest;  // path and query, either may be missing
};

// Nothing when it is no `http://host/path?query`.
std::optional<AbsoluteForm> absolute_form(std::string_view target) {
  const std::size_t colon = target.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view scheme = target.substr(0, colon);
  if (!equal_ignoring_case(scheme, "http") && !equal_ignoring_case(scheme, "https")) {
    return std::nullopt;
  }
  const std::string_view rest = target.substr(colon + 3);
  const std::size_t end = rest.find_first_of("/?");
  if (rest.empty() || end == 0) return std::nullopt;
  if (end == std::string_view::npos) return AbsoluteForm{rest, {}};
  return AbsoluteForm{rest.substr(0, end), rest.substr(end)};
}

bool is_unreserved(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

bool is_sub_delimiter(char c) noexcept {
  return std::string_view("!$&'()*+,;=").find(c) != std::string_view::npos;
}

bool is_registered_name(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_unreserved(text[i]) || is_sub_delimiter(text[i])) continue;
    if (text[i] != '%' || text.size() - i < 3) return false;
    if (hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0) return false;
    i += 2;
  }
  return true;
}

// What stands between the brackets: an IPv6 address, or `v1.…` of a version to come.
bool is_ip_literal(std::string_view text) noexcept {
  if (text.starts_with('v') || text.starts_with('V')) {
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos || dot < 2 || dot + 1 == text.size()) return false;
    const std::string_view version = text.substr(1, dot - 1);
    return std::ranges::all_of(version, [](char c) { return hex_digit(c) >= 0; }) &&
           std::ranges::all_of(text.substr(dot + 1), [](char c) {
             return is_unreserved(c) || is_sub_delimiter(c) || c == ':';
           });
  }
  std::array<char, INET6_ADDRSTRLEN> address{};  // with the zero that inet_pton() wants
  if (text.size() >= address.size()) return false;
  std::ranges::copy(text, address.begin());
  in6_addr ignored{};
  return text.find('\0') == text.npos && inet_pton(AF_INET6, address.data(), &ignored) == 1;
}

std::size_t pieces_in(std::string_view text, char separator) noexcept {
  return static_cast<std::size_t>(std::ranges::count(text, separator)) + 1;
}

// REQUIRES: `path` starts with a slash.
std::optional<std::vector<std::string>> split_path(std::string_view path) {
  std::vector<std::string> segments;
  std::string_view rest = path.substr(1);
  const std::size_t pieces = pieces_in(rest, '/');
  if (pieces > kMaxPieces) return std::nullopt;
  segments.reserve(pieces);
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    if (!decode_into(segments.emplace_back(), rest.substr(0, slash), false)) return std::nullopt;
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  return segments;
}

}  // namespace

std::optional<std::string_view> Target::parameter(std::string_view name) const noexcept {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::optional<Target> parse_target(std::string_view target) {
  if (!std::ranges::all_of(target, may_stand_in_target)) return std::nullopt;
  Target out;
  if (target == "*") {  // RFC 9112 section 3.2.4: the server as a whole
    out.raw_path = target;
    return out;
  }
  if (!target.starts_with('/')) {
    const auto absolute = absolute_form(target);
    if (!absolute || !is_authority(absolute->authority)) return std::nullopt;
    out.authority = absolute->authority;
    target = absolute->rest;
  }
  const std::size_t mark = target.find('?');
  out.raw_path = target.substr(0, mark);
  // The absolute form may leave the path away.
  if (out.raw_path.empty()) out.raw_path = "/";
  auto segments = split_path(out.raw_path);
  if (!segments) return std::nullopt;
  out.segments = std::move(*segments);
  if (mark != std::string_view::npos) {
    const std::string_view query = target.substr(mark + 1);
    if (pieces_in(query, '&') > kMaxPieces) return std::nullopt;
    auto pairs = parse_form(query);
    if (!pairs) return std::nullopt;
    out.query = std::move(*pairs);
  }
  return out;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  if (!decode_into(out, text, false)) return std::nullopt;
  return out;
}

std::string percent_encode(std::string_view text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

std::optional<std::vector<std::pair<std::string, std::string>>> parse_form(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!text.empty()) {
    const std::size_t end = text.find('&');
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    auto& [name, value] = pairs.emplace_back();
    if (!decode_into(name, pair.substr(0, equals), true)) return std::nullopt;
    if (equals != std::string_view::npos && !decode_into(value, pair.substr(equals + 1), true)) {
      return std::nullopt;
    }
  }
  return pairs;
}

bool is_authority(std::string_view text) noexcept {
  if (text.empty()) return true;
  if (text.size() > kMaxAuthority) return false;
  const std::size_t bracket = text.starts_with('[') ? text.find(']') : 0;
  const std::size_t colon = std::min(text.find(':', bracket), text.size());
  const std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(std::min(colon + 1, text.size()));
  if (!port.empty() && parse_unsigned(port).value_or(kMaxPort + 1) > kMaxPort) return false;
  if (bracket == 0) return !host.empty() && is_registered_name(host);
  return host.ends_with(']') && is_ip_literal(host.substr(1, host.size() - 2));
}

}  // namespace coffer::http
