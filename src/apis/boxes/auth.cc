#include <boost/json/object.hpp>

#include "apis/boxes/errors.h"
#include "apis/boxes/handlers.h"
#include "apis/kit/form.h"
#include "apis/kit/json.h"
#include "apis/kit/rest_framework.h"
#include "vault/boxes/types.h"

namespace coffer::apis::boxes {
namespace {

constexpr std::size_t kUsernameMax = 64;
constexpr std::size_t kEmailMax = 254;
// Tokens and passwords: what is too long is told by what looks at it.
constexpr std::size_t kAny = kJsonLimit;
// The framework's keys never end; ours end with the session that a log-in begins.
constexpr std::chrono::hours kKeyLifetime(365 * 24);

// Spaces are a password like any other: an account of another dialect may have it.
std::string password_in(RestFields& fields, std::string_view name) {
  return fields.text(name, kAny, RestFields::Blank::kAllowed);
}

// The tokens of a session that has begun: the key of the framework, and the pair of its web client.
Task<boost::json::object> tokens_of(RequestContext& context, const vault::Tokens& tokens) {
  const auto key = co_await context.vault.sessions().keep(tokens.session, kKeyLifetime);
  co_return boost::json::object{
      {"token", key.value_or("")}, {"access", tokens.access}, {"refresh", tokens.refresh}};
}

// Log-in by the fields of the body.
Task<std::expected<vault::LogIn, Problem>> begin_session(RequestContext& context) {
  const auto body = co_await read_fields(context.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  // Either name is taken in either field.
  const bool by_email = !fields.has("username") && fields.has("email");
  vault::LogInRequest login{.login = fields.text(by_email ? "email" : "username", kAny),
                            .password = password_in(fields, "password"),
                            .address = context.client.limit_key(),
                            .client = context.session_client()};
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  auto begun = co_await context.vault.sessions().log_in(std::move(login));
  if (begun) co_return std::move(*begun);
  Problem problem(begun.error());
  // A disabled account is as good as none: that it is there is not told.
  if (problem.kind == ProblemKind::kAccountDisabled) problem.kind = ProblemKind::kNoSuchAccount;
  co_return std::unexpected(std::move(problem));
}

boost::json::object account_object(const vault::Account& account) {
  return {{"id", account.id.value},
          {"username", account.username},
          {"email", account.email.value_or("")}};
}

}  // namespace

Task<Reply> register_account(RequestContext& context) {
  if (!context.vault.accounts().registration_open()) {
    co_return std::unexpected(
        Problem(ProblemKind::kForbidden, "Registration is closed here; ask the admin."));
  }
  const auto body = co_await read_fields(context.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  vault::NewAccount account;
  account.username = fields.text("username", kUsernameMax);
  if (auto email = fields.nullable_text("email", kEmailMax)) account.email = std::move(*email);
  account.password = password_in(fields, "password");
  account.address = context.client.limit_key();
  if (fields.has("password_confirm")) {
    const std::string again = password_in(fields, "password_confirm");
    if (!fields.problem() && again != account.password) {
      fields.fault("password_confirm", "The passwords do not match.");
    }
  }
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto begun = co_await context.vault.sessions().sign_up(std::move(account), std::nullopt,
                                                               context.session_client());
  if (!begun) co_return std::unexpected(translate_account(begun.error()));
  boost::json::object reply = account_object(begun->account);
  boost::json::object tokens = co_await tokens_of(context, begun->tokens);
  for (auto& member : tokens) reply[member.key()] = std::move(member.value());
  http::Response response = secret_response(reply);
  response.status = 201;
  co_return response;
}

Task<Reply> log_in(RequestContext& context) {
  const auto begun = co_await begin_session(context);
  if (!begun) co_return std::unexpected(begun.error());
  boost::json::object reply = co_await tokens_of(context, begun->tokens);
  reply["user"] = account_object(begun->account);
  co_return secret_response(reply);
}

Task<Reply> obtain_token(RequestContext& context) {
  const auto begun = co_await begin_session(context);
  if (!begun) {
    const ProblemKind kind = begun.error().kind;
    if (kind == ProblemKind::kNoSuchAccount || kind == ProblemKind::kWrongPassword) {
      co_return std::unexpected(
          Problem::field("non_field_errors", "Unable to log in with provided credentials."));
    }
    co_return std::unexpected(begun.error());
  }
  const auto key = co_await context.vault.sessions().keep(begun->tokens.session, kKeyLifetime);
  co_return secret_response({{"token", key.value_or("")}});
}

Task<Reply> refresh_token(RequestContext& context) {
  const auto body = co_await read_fields(context.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  const std::string token = fields.text("refresh", kAny);
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  auto& sessions = context.vault.sessions();
  const auto kind = co_await sessions.inspect(token);
  if (kind && *kind != vault::TokenKind::kRefresh) {
    co_return bad_token_response("Token has wrong type");
  }
  // The client keeps the refresh token of its log-in.
  const auto tokens =
      co_await sessions.refresh(token, vault::Rotation::kKeep, context.session_client());
  if (!tokens) co_return bad_token_response("Token is invalid or expired");
  co_return secret_response({{"access", tokens->access}});
}

Task<Reply> show_me(RequestContext& context) {
  boost::json::object reply = account_object(context.account());
  const std::uint64_t projects = co_await context.vault.projects().count(context.account().id);
  reply["quota"] = {{"max_projects", vault::kProjectsMax},
                    {"used_projects", projects},
                    {"max_boxes_per_project", vault::kBoxesMax},
                    {"max_assets_per_box", vault::kAssetsMax}};
  co_return json_response(200, reply);
}

}  // namespace coffer::apis::boxes
