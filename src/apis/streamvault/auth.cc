#include <boost/json/object.hpp>

#include "apis/kit/form.h"
#include "apis/kit/json.h"
#include "apis/kit/rest_framework.h"
#include "apis/streamvault/errors.h"
#include "apis/streamvault/handlers.h"

namespace coffer::apis::streamvault {
namespace {

constexpr std::size_t kUsernameMax = 64;
constexpr std::size_t kEmailMax = 254;
// Tokens and passwords: what is too long is told by what looks at it.
constexpr std::size_t kAny = kJsonLimit;

constexpr char kBadToken[] = "Token is invalid or expired";
constexpr char kWrongKind[] = "Token has wrong type";

// Spaces are a password like any other: an account of another dialect may have it.
std::string password_in(RestFields& fields) {
  return fields.text("password", kAny, RestFields::Blank::kAllowed);
}

boost::json::object account_object(const vault::Account& account) {
  return {{"id", account.id.value},
          {"email", account.email.value_or("")},
          {"username", account.username}};
}

boost::json::object user_object(const vault::Account& account) {
  boost::json::object user = account_object(account);
  user["date_joined"] = to_iso8601(account.created_at);
  return user;
}

// The token of the first of the folders that lie in no other, by name; null where there is none.
Task<boost::json::value> root_folder_token(vault::Vault& vault, const vault::Account& account) {
  const vault::ChildQuery first{.space = account.home, .folders = true, .limit = 1};
  const auto roots = co_await vault.folders().children(first);
  if (roots.items.empty()) co_return nullptr;
  co_return boost::json::value(roots.items.front().share.str());
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
  if (auto email = fields.nullable_text("email", kEmailMax)) account.email = std::move(*email);
  account.username = fields.text("username", kUsernameMax);
  account.password = password_in(fields);
  account.address = context.client.limit_key();
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto created = co_await context.vault.accounts().create(std::move(account));
  if (!created) co_return std::unexpected(translate_account(created.error()));
  boost::json::object reply = account_object(*created);
  reply["message"] = "User registered successfully";
  co_return json_response(201, reply);
}

Task<Reply> log_in(RequestContext& context) {
  const auto body = co_await read_fields(context.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  // Accounts of other dialects have no e-mail address, so either name is taken in either field.
  const bool by_username = !fields.has("email") && fields.has("username");
  vault::LogInRequest login{.login = fields.text(by_username ? "username" : "email", kAny),
                            .password = password_in(fields),
                            .address = context.client.limit_key(),
                            .client = context.session_client()};
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto begun = co_await context.vault.sessions().log_in(std::move(login));
  if (!begun) {
    Problem problem(begun.error());
    // A disabled account is as good as none: that it is there is not told.
    if (problem.kind == ProblemKind::kAccountDisabled) problem.kind = ProblemKind::kNoSuchAccount;
    co_return std::unexpected(std::move(problem));
  }
  const vault::Tokens& tokens = begun->tokens;
  boost::json::value root = co_await root_folder_token(context.vault, begun->account);
  co_return secret_response({{"access", tokens.access},
                             {"refresh", tokens.refresh},
                             {"message", "Login successful"},
                             // For the document's own web client.
                             {"tokens", {{"access", tokens.access}, {"refresh", tokens.refresh}}},
                             {"user", user_object(begun->account)},
                             {"root_folder_token", std::move(root)}});
}

Task<Reply> show_me(RequestContext& context) {
  co_return json_response(200, user_object(context.account()));
}

Task<Reply> refresh_token(RequestContext& context) {
  const auto body = co_await read_fields(context.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  const std::string token = fields.text("refresh", kAny);
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  auto& sessions = context.vault.sessions();
  const auto kind = co_await sessions.inspect(token);
  if (kind && *kind != vault::TokenKind::kRefresh) co_return bad_token_response(kWrongKind);
  // Also one that is good for nothing: it may be one that was replaced. SimpleJWT's clients keep
  // the refresh token of their log-in.
  const auto tokens =
      co_await sessions.refresh(token, vault::Rotation::kKeep, context.session_client());
  if (!tokens) co_return bad_token_response(kBadToken);
  co_return secret_response({{"access", tokens->access}, {"refresh", tokens->refresh}});
}

Task<Reply> verify_token(RequestContext& context) {
  const auto body = co_await read_fields(context.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  const std::string token = fields.text("token", kAny);
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto kind = co_await context.vault.sessions().inspect(token);
  if (!kind) co_return bad_token_response(kBadToken);
  co_return json_response(200, boost::json::object());
}

}  // namespace coffer::apis::streamvault
