#include "http/head_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <string>

#include "base/text.h"

namespace coffer::http {
namespace {

namespace beast = boost::beast;

// Takes what Beast's parser finds into a Request; the body is left alone.
class RequestParser final : public beast::http::basic_parser<true> {
 public:
  RequestParser(Request& request, std::size_t most) : request_(request) {
    header_limit(static_cast<std::uint32_t>(most));
    body_limit(boost::none);
    skip(true);
  }

  int version() const noexcept { return version_; }

 private:
  using Text = beast::string_view;
  using Error = beast::error_code;

  void on_request_impl(beast::http::verb, Text method, Text target, int version, Error&) override {
    request_.method_name.assign(method.data(), method.size());
    request_.method = method_from(request_.method_name);
    request_.target.assign(target.data(), target.size());
    version_ = version;
  }
  void on_field_impl(beast::http::field, Text name, Text value, Error&) override {
    request_.headers.add(std::string(name.data(), name.size()),
                         std::string(value.data(), value.size()));
  }
  void on_response_impl(int, Text, int, Error&) override {}
  void on_header_impl(Error&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Error&) override {}
  std::size_t on_body_impl(Text, Error&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, Text, Error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text, Error&) override { return 0; }
  void on_finish_impl(Error&) override {}

  Request& request_;
  int version_ = 0;
};

std::size_t count_fields(const Headers& headers, std::string_view name) {
  std::size_t count = 0;
  for (const auto& field : headers) count += equal_ignoring_case(field.name, name) ? 1 : 0;
  return count;
}

// Whether a field goes on on the next line (obs-fold, RFC 9112 section 5.2): readers disagree
// about what it means.
bool has_folded_field(std::string_view head) {
  for (std::size_t end = head.find('\n'); end != head.npos; end = head.find('\n', end + 1)) {
    if (head.substr(end + 1, 1).find_first_of(" \t") == 0) return true;
  }
  return false;
}

HeadParser::Result bad(BadMessage why) { return {HeadParser::Verdict::kBad, {}, why}; }

}  // namespace

std::optional<BadMessage> HeadParser::check_request_line(std::string_view line) {
  constexpr std::string_view kProtocol = "HTTP/";
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == 0 || first == std::string_view::npos || last == first) return BadMessage::kMalformed;
  if (line.find(' ', first + 1) != last) return BadMessage::kMalformed;
  const std::string_view version = line.substr(last + 1);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (version.size() != kProtocol.size() + 3 || !version.starts_with(kProtocol) ||
      !is_digit(version[5]) || version[6] != '.' || !is_digit(version[7])) {
    return BadMessage::kMalformed;
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return BadMessage::kUnsupportedVersion;
  return std::nullopt;
}

HeadParser::Result HeadParser::parse(ByteView data, std::size_t most, Request& request) {
  request.headers.clear();
  RequestParser parser(request, most);
  beast::error_code error;
  const std::size_t taken = parser.put(boost::asio::buffer(data.data(), data.size()), error);
  if (error == beast::http::error::need_more) {
    return data.size() >= most ? bad(BadMessage::kHeadTooLarge) : Result{Verdict::kIncomplete};
  }
  if (error == beast::http::error::header_limit) return bad(BadMessage::kHeadTooLarge);
  if (error || !parser.is_header_done()) return bad(BadMessage::kMalformed);
  if (has_folded_field(as_text(data.first(taken)))) return bad(BadMessage::kMalformed);

  const int version = parser.version();
  const Headers& headers = request.headers;
  const std::size_t hosts = count_fields(headers, "Host");
  if (hosts > 1 || (version == 11 && hosts == 0)) return bad(BadMessage::kMalformed);
  if (hosts == 1 && !is_authority(*headers.get("Host"))) return bad(BadMessage::kMalformed);

  Result result{Verdict::kComplete};
  Framing& framing = result.head.framing;
  framing.http_1_0 = version == 10;
  if (const auto coding = headers.joined("Transfer-Encoding")) {
    if (version == 10 || headers.get("Content-Length")) return bad(BadMessage::kMalformed);
    if (!equal_ignoring_case(trim(*coding), "chunked")) return bad(BadMessage::kUnsupportedCoding);
    framing.chunked = true;
  } else if (const auto length = headers.get("Content-Length")) {
    framing.length = parse_unsigned(*length);
    if (!framing.length || count_fields(headers, "Content-Length") > 1) {
      return bad(BadMessage::kMalformed);
    }
  }
  framing.keep_alive = parser.keep_alive();
  if (const auto expect = headers.get("Expect"); expect && version == 11) {
    framing.expects_continue = equal_ignoring_case(trim(*expect), "100-continue");
  }
  auto uri = parse_target(request.target);
  if (!uri) return bad(BadMessage::kMalformed);
  const bool whole_server = uri->raw_path == "*";
  if (whole_server && request.method != Method::kOptions) return bad(BadMessage::kMalformed);
  if (!uri->authority.empty()) request.headers.set("Host", uri->authority);
  request.uri = std::move(*uri);
  result.head.size = taken;
  return result;
}

}  // namespace coffer::http
