#include "blobs/s3/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace coffer::blobs::s3 {
namespace {

constexpr std::size_t kMessageMax = 200;

constexpr std::array<std::pair<std::string_view, char>, 5> kEntities{
    {{"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&amp;", '&'}}};

std::string unescaped(std::string_view xml) {
  std::string text;
  while (!xml.empty()) {
    const auto entity = std::ranges::find_if(
        kEntities, [&](const auto& known) { return xml.starts_with(known.first); });
    if (entity == kEntities.end()) {
      text += xml.front();
      xml.remove_prefix(1);
    } else {
      text += entity->second;
      xml.remove_prefix(entity->first.size());
    }
  }
  return text;
}

}  // namespace

std::vector<std::string_view> xml_elements(std::string_view xml, std::string_view element) {
  const std::string begin = fmt::format("<{}>", element);
  const std::string end = fmt::format("</{}>", element);
  std::vector<std::string_view> found;
  for (;;) {
    const std::size_t from = xml.find(begin);
    if (from == std::string_view::npos) return found;
    xml.remove_prefix(from + begin.size());
    const std::size_t to = xml.find(end);
    if (to == std::string_view::npos) return found;
    found.push_back(xml.substr(0, to));
    xml.remove_prefix(to + end.size());
  }
}

std::optional<std::string> xml_text(std::string_view xml, std::string_view element) {
  const auto found = xml_elements(xml, element);
  if (found.empty()) return std::nullopt;
  return unescaped(found.front());
}

std::string xml_escape(std::string_view text) {
  std::string xml;
  for (const char c : text) {
    const auto* const entity =
        std::ranges::find(kEntities, c, [](const auto& e) { return e.second; });
    if (entity == kEntities.end()) {
      xml += c;
    } else {
      xml += entity->first;
    }
  }
  return xml;
}

ErrorReply read_error(unsigned status, std::string_view body) {
  return {.status = status,
          .code = xml_text(body, "Code").value_or(""),
          .message = xml_text(body, "Message").value_or("")};
}

Remedy remedy_for(const ErrorReply& refusal) {
  using enum Remedy;
  const std::string& code = refusal.code;
  if (code == "RequestTimeTooSkewed" || code == "RequestExpired") return kSetClock;
  if (code == "ExpiredToken" || code == "InvalidAccessKeyId" || code == "InvalidToken" ||
      code == "SignatureDoesNotMatch" || code == "TokenRefreshRequired") {
    return kOtherCredentials;
  }
  if (code == "QuotaExceeded" || code == "XMinioStorageFull" || refusal.status == 507) {
    return kMakeRoom;
  }
  // The connection was too slow, or what was sent was cut short on its way.
  if (code == "RequestTimeout" || code == "IncompleteBody" || code == "XAmzContentSHA256Mismatch" ||
      code == "OperationAborted") {
    return kTryLater;
  }
  if (refusal.status == 429 || refusal.status == 408) return kTryLater;
  return refusal.status >= 500 && refusal.status != 501 ? kTryLater : kNone;
}

std::string describe(const ErrorReply& refusal) {
  std::string text = fmt::format("it answered {}", refusal.status);
  if (!refusal.code.empty()) text += " " + refusal.code;
  if (!refusal.message.empty()) text += ": " + refusal.message.substr(0, kMessageMax);
  return text;
}

}  // namespace coffer::blobs::s3
