#include "apis/mediavault/wire.h"

#include <boost/json/array.hpp>

#include "apis/common/json.h"
#include "base/text.h"

namespace coffer::apis::mediavault {
namespace {

constexpr std::string_view kApiVersion = "1.0.0";
constexpr std::string_view kMediaPrefix = "media_";

template <class Number>
boost::json::value number_or_null(const std::optional<Number>& number) {
  if (!number) return nullptr;
  return *number;
}

std::string media_id(vault::EntryId id) {
  return std::string(kMediaPrefix) + std::to_string(id.value);
}
// Null until it is worked out.
boost::json::value checksum(const vault::Entry& entry) {
  if (!entry.checksum) return nullptr;
  return boost::json::string("sha256:" + entry.checksum->hex());
}
std::string user_id(vault::AccountId id) { return "user_" + std::to_string(id.value); }

}  // namespace

boost::json::object envelope(const vault::Vault& vault, boost::json::value data) {
  return {{"success", true},
          {"data", std::move(data)},
          {"meta", {{"timestamp", to_iso8601(vault.clock().now())}, {"version", kApiVersion}}}};
}

http::Response success(Exchange& exchange, boost::json::value data, unsigned status) {
  return json_response(status, envelope(exchange.vault, std::move(data)));
}

boost::json::object user_object(const vault::Account& account) {
  return {{"id", user_id(account.id)},
          {"uuid", account.uuid.str()},
          {"username", account.username},
          {"email", json_or_null(account.email)},
          {"is_admin", account.is_admin},
          {"quota_bytes", number_or_null(account.quota)},
          {"used_bytes", account.used},
          {"created_at", to_iso8601(account.created_at)},
          {"updated_at", to_iso8601(account.updated_at)}};
}

boost::json::object media_object(const Exchange& exchange, const vault::Entry& entry) {
  const std::string id = media_id(entry.id);
  std::string url = exchange.client.base_url;
  url += exchange.mount;
  url += "/media/" + id + "/content";
  return {{"id", id},
          {"uuid", entry.uuid.str()},
          {"type", vault::name_of(entry.type.kind)},
          {"filename", entry.name},
          {"media_type", entry.type.media_type},
          {"size", entry.size},
          {"checksum", checksum(entry)},
          {"url", std::move(url)},
          {"thumbnail_url", nullptr},
          {"width", number_or_null(entry.width)},
          {"height", number_or_null(entry.height)},
          {"duration", number_or_null(entry.duration)},
          {"title", json_or_null(entry.title)},
          {"description", json_or_null(entry.description)},
          {"tags", boost::json::array(entry.tags.begin(), entry.tags.end())},
          {"collections", boost::json::array()},
          {"user_id", user_id(entry.owner)},
          {"created_at", to_iso8601(entry.created_at)},
          {"updated_at", to_iso8601(entry.updated_at)}};
}

std::optional<MediaId> parse_media_id(std::string_view text) {
  if (const auto uuid = Uuid::parse(text)) return *uuid;
  if (text.starts_with(kMediaPrefix)) text.remove_prefix(kMediaPrefix.size());
  const auto number = parse_unsigned(text);
  if (!number || *number > INT64_MAX) return std::nullopt;
  return vault::EntryId{static_cast<std::int64_t>(*number)};
}

}  // namespace coffer::apis::mediavault
