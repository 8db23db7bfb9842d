#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <memory>

#include "apis/kit/conditional.h"
#include "apis/kit/json.h"
#include "apis/mediavault/handlers.h"
#include "apis/mediavault/pagination.h"
#include "apis/mediavault/wire.h"
#include "vault/model/ids.h"

namespace coffer::apis::mediavault {
namespace {

constexpr std::string_view kKeyPrefix = "key_";
constexpr std::string_view kRead = "read";
constexpr std::string_view kWrite = "write";

boost::json::array scope_names(vault::KeyScopes scopes) {
  boost::json::array names;
  if (scopes.read) names.emplace_back(kRead);
  if (scopes.write) names.emplace_back(kWrite);
  return names;
}

boost::json::object key_object(const vault::ApiKey& key) {
  return {{"id", std::string(kKeyPrefix) + std::to_string(key.id.value)},
          {"name", key.name},
          {"kind", vault::name_of(key.kind)},
          {"prefix", key.hint},
          {"scopes", scope_names(key.scopes)},
          {"expires_at", json_or_null(key.expires_at)},
          {"last_used_at", json_or_null(key.used_at)},
          {"created_at", to_iso8601(key.created_at)}};
}

std::optional<vault::ApiKeyId> parse_id(std::string_view text) {
  if (!text.starts_with(kKeyPrefix)) return std::nullopt;
  return vault::parse_id<vault::ApiKeyId>(text.substr(kKeyPrefix.size()));
}

// Nothing where the field is missing, or is at fault.
std::optional<vault::KeyScopes> read_scopes(Fields& fields) {
  const auto names = fields.texts("scopes");
  if (!names) return std::nullopt;
  vault::KeyScopes scopes{.read = false, .write = false};
  bool are_known = !names->empty();
  for (const std::string& name : *names) {
    scopes.read |= name == kRead;
    scopes.write |= name == kWrite;
    are_known &= name == kRead || name == kWrite;
  }
  if (!are_known) fields.fault("scopes", "Must be one or both of read, write");
  return scopes;
}

}  // namespace

// Who has a key could otherwise keep what it opens after it was taken from him.
std::optional<Problem> refuse_keys(const RequestContext& context) {
  if (context.caller->credential == vault::Credential::kSession) return std::nullopt;
  return Problem(ProblemKind::kForbidden, "A key may not do this; log in and send the token");
}

Task<Reply> create_key(RequestContext& context) {
  if (auto problem = refuse_keys(context)) co_return std::unexpected(std::move(*problem));
  const auto body = co_await read_json(context.request);
  if (!body) co_return std::unexpected(body.error());
  Fields fields(*body);
  std::string name = fields.text("name");
  const std::string kind = fields.optional_text("kind").value_or("api");
  if (kind != "api" && kind != "master") fields.fault("kind", "Must be api or master");
  vault::KeyTerms terms;
  if (const auto scopes = read_scopes(fields)) terms.scopes = *scopes;
  if (const auto end = fields.nullable_time("expires_at")) terms.expires_at = *end;
  fields.add(context.vault.api_keys().faults_of(name, terms));
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto made = co_await context.vault.api_keys().create(
      context.actor(), kind == "master" ? vault::KeyKind::kMaster : vault::KeyKind::kApi,
      std::move(name), terms);
  if (!made) co_return std::unexpected(made.error());
  boost::json::object object = key_object(made->key);
  object["secret"] = made->secret;
  http::Response response = success(context, std::move(object), 201);
  response.headers.set("ETag", entity_tag(made->key.state_tag()));
  co_return response;
}

Task<Reply> list_keys(RequestContext& context) {
  if (auto problem = refuse_keys(context)) co_return std::unexpected(std::move(*problem));
  vault::NamedList list{.owner = context.account().id, .name = "keys"};
  const auto page = parse_short_list_page(context, std::move(list));
  if (!page) co_return std::unexpected(page.error());
  const auto read = [&vault = context.vault, account = context.account().id](
                        vault::ApiKeyId after) { return vault.api_keys().list(account, after); };
  const auto end = std::make_shared<PageEnd>();
  NextPage keys =
      short_list_rows<vault::ApiKeyId>(*page, end, read, &vault::ApiKey::id, key_object);
  Reply reply = co_await page_reply(context, *page, "/api-keys", std::move(keys), end);
  co_return reply;
}

Task<Reply> delete_key(RequestContext& context) {
  if (auto problem = refuse_keys(context)) co_return std::unexpected(std::move(*problem));
  const auto id = parse_id(context.path.text("id"));
  if (!id) co_return std::unexpected(Problem(ProblemKind::kNotFound, "There is no such key"));
  const auto done =
      co_await context.vault.api_keys().revoke(context.actor(), *id, if_match(context.request));
  if (!done) co_return std::unexpected(done.error());
  co_return success(context, {{"id", context.path.text("id")}, {"deleted", true}});
}

}  // namespace coffer::apis::mediavault
