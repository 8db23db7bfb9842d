#include <boost/json/object.hpp>

#include "apis/kit/json.h"
#include "apis/mediavault/handlers.h"
#include "apis/mediavault/wire.h"

namespace coffer::apis::mediavault {
namespace {

// The document shows a bare `{token, expires_in, token_type}` and yet says that every reply is
// an envelope: both at once (contract section 1, rule 3).
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
                            .address = context.client.limit_key()};
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto begun = co_await context.vault.sessions().log_in(std::move(login));
  if (!begun) co_return std::unexpected(begun.error());
  co_return tokens_response(context, begun->tokens);
}

Task<Reply> refresh(RequestContext& context) {
  // The document wants Content-Type on every request, so a missing body may have one too.
  std::expected<boost::json::object, Problem> body;
  if (context.request.body->length() != 0) body = co_await read_json(context.request);
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
  const auto tokens = co_await context.vault.sessions().refresh(std::move(*token));
  if (!tokens) co_return std::unexpected(tokens.error());
  co_return tokens_response(context, *tokens);
}

Task<Reply> log_out(RequestContext& context) {
  if (!context.caller->session) {
    co_return std::unexpected(
        Problem(ProblemKind::kForbidden, "An API key has no session to end; revoke the key"));
  }
  co_await context.vault.sessions().end(*context.caller->session);
  co_return success(context, boost::json::object{{"message", "Logged out"}});
}

}  // namespace coffer::apis::mediavault
