#include <boost/json/object.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "apis/kit/json.h"
#include "apis/mediavault/handlers.h"
#include "apis/mediavault/optional_body.h"
#include "apis/mediavault/pagination.h"
#include "apis/mediavault/wire.h"
#include "vault/model/ids.h"

namespace coffer::apis::mediavault {
namespace {

constexpr std::string_view kSessionPrefix = "session_";

boost::json::object session_object(const vault::Session& session, bool is_current) {
  return {{"id", std::string(kSessionPrefix) + std::to_string(session.id.value)},
          {"created_at", to_iso8601(session.created_at)},
          {"last_used_at", to_iso8601(session.used_at)},
          {"expires_at", to_iso8601(session.expires_at)},
          {"address", session.client.address},
          {"user_agent", session.client.agent},
          {"current", is_current}};
}

std::optional<vault::SessionId> parse_session_id(std::string_view text) {
  if (!text.starts_with(kSessionPrefix)) return std::nullopt;
  return vault::parse_id<vault::SessionId>(text.substr(kSessionPrefix.size()));
}

// The document shows a bare `{token, expires_in, token_type}` and yet says that every reply is
// an envelope: both at once.
http::Response tokens_response(RequestContext& context, const vault::Tokens& tokens) {
  const boost::json::object fields{{"token", tokens.access},
                                   {"refresh_token", tokens.refresh},
                                   {"expires_in", tokens.access_lifetime.count()},
                                   {"token_type", "Bearer"}};
  boost::json::object reply = envelope(context, fields);
  for (const auto& field : fields) reply[field.key()] = field.value();
  return secret_response(reply);
}

}  // namespace

Task<Reply> register_account(RequestContext& context) {
  if (!context.vault.accounts().registration_open()) {
    co_return std::unexpected(
        Problem(ProblemKind::kForbidden, "Registration is closed here; ask the admin"));
  }
  const auto body = co_await read_json(context.request);
  if (!body) co_return std::unexpected(body.error());
  Fields fields(*body);
  vault::NewAccount account;
  if (auto email = fields.nullable_text("email")) account.email = std::move(*email);
  account.username = fields.text("username");
  account.password = fields.text("password");
  account.address = context.client.limit_key();
  fields.add(context.vault.accounts().faults_of(account));
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto created = co_await context.vault.accounts().create(std::move(account));
  if (!created) co_return std::unexpected(created.error());
  co_return success(context, user_object(*created), 201);
}

Task<Reply> log_in(RequestContext& context) {
  const auto body = co_await read_json(context.request);
  if (!body) co_return std::unexpected(body.error());
  Fields fields(*body);
  vault::LogInRequest login{.login = fields.text("username"),
                            .password = fields.text("password"),
                            .address = context.client.limit_key(),
                            .client = context.session_client()};
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto begun = co_await context.vault.sessions().log_in(std::move(login));
  if (!begun) co_return std::unexpected(begun.error());
  co_return tokens_response(context, begun->tokens);
}

Task<Reply> refresh(RequestContext& context) {
  const auto body = co_await read_optional_json(context.request);
  if (!body) co_return std::unexpected(body.error());
  Fields fields(*body);
  auto token = fields.optional_text("refresh_token");
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  if (!token) {
    Credentials credentials = bearer_or_api_key(context.request);
    if (credentials.kind != Credentials::Kind::kSession) {
      co_return std::unexpected(
          Problem(ProblemKind::kNoCredentials,
                  "Send the refresh_token in the body, or the token as the bearer"));
    }
    token = std::move(credentials.secret);
  }
  const auto tokens = co_await context.vault.sessions().refresh(
      std::move(*token), vault::Rotation::kReplace, context.session_client());
  if (!tokens) co_return std::unexpected(tokens.error());
  co_return tokens_response(context, *tokens);
}

Task<Reply> log_out(RequestContext& context) {
  if (auto problem = refuse_keys(context)) co_return std::unexpected(std::move(*problem));
  co_await context.vault.sessions().end(*context.caller->session);
  co_return success(context, boost::json::object{{"message", "Logged out"}});
}

Task<Reply> log_out_everywhere(RequestContext& context) {
  if (auto problem = refuse_keys(context)) co_return std::unexpected(std::move(*problem));
  const auto ended = co_await context.vault.sessions().end_all(context.actor());
  if (!ended) co_return std::unexpected(ended.error());
  co_return success(context, boost::json::object{{"message", "Logged out everywhere"},
                                                 {"sessions_ended", *ended}});
}

Task<Reply> list_sessions(RequestContext& context) {
  if (auto problem = refuse_keys(context)) co_return std::unexpected(std::move(*problem));
  vault::NamedList list{.owner = context.account().id, .name = "sessions"};
  const auto page = parse_short_list_page(context, std::move(list));
  if (!page) co_return std::unexpected(page.error());
  const auto read = [&vault = context.vault, account = context.account().id](
                        vault::SessionId after) { return vault.sessions().list(account, after); };
  const auto render = [current = *context.caller->session](const vault::Session& session) {
    return session_object(session, session.id == current);
  };
  const auto end = std::make_shared<PageEnd>();
  NextPage sessions =
      short_list_rows<vault::SessionId>(*page, end, read, &vault::Session::id, render);
  Reply reply = co_await page_reply(context, *page, "/auth/sessions", std::move(sessions), end);
  co_return reply;
}

Task<Reply> end_session(RequestContext& context) {
  if (auto problem = refuse_keys(context)) co_return std::unexpected(std::move(*problem));
  const auto id = parse_session_id(context.path.text("id"));
  if (!id) co_return std::unexpected(Problem(ProblemKind::kNotFound, "There is no such session"));
  const auto ended = co_await context.vault.sessions().end(context.actor(), *id);
  if (!ended) co_return std::unexpected(ended.error());
  co_return success(context, {{"id", context.path.text("id")}, {"deleted", true}});
}

}  // namespace coffer::apis::mediavault
