#include <chrono>
#include <utility>

#include "apis/fileuploader/errors.h"
#include "apis/fileuploader/handlers.h"
#include "apis/fileuploader/wire.h"
#include "apis/kit/json.h"

namespace coffer::apis::fileuploader {
namespace {

constexpr std::chrono::hours kLifetime(5 * 24);
constexpr std::chrono::hours kBotLifetime(180 * 24);

struct Login {
  std::string username;
  std::string password;
  std::chrono::seconds lifetime;
};

// What both calls take, or the refusal that they share.
using LoginOrRefusal = std::expected<Login, http::Response>;

Task<std::expected<LoginOrRefusal, Problem>> read_login(http::Request& request) {
  const auto body = co_await read_body(request);
  if (!body) co_return std::unexpected(body.error());
  auto username = text_in(*body, "username");
  auto password = text_in(*body, "password");
  if (!username || !password || username->empty() || password->empty()) {
    co_return LoginOrRefusal(std::unexpect, failed(400, "No username/password provided", 2));
  }
  const auto bot = flag_in(request.uri, "bot");
  if (!bot)
    co_return LoginOrRefusal(std::unexpect, failed(400, "bot must be true or false", kBadBot));
  co_return LoginOrRefusal(
      Login{std::move(*username), std::move(*password), *bot ? kBotLifetime : kLifetime});
}

http::Response logged_in(std::string_view token, std::string_view username,
                         std::string_view message) {
  return secret_response({{"status", "success"},
                          {"accessToken", token},
                          {"username", username},
                          {"message", message}});
}

http::Response logged_in(const vault::LogIn& begun) {
  return logged_in(begun.tokens.access, begun.account.username, "logged in with password");
}

// Why there is no account of these.
Reply refuse_account(const vault::Failure& failure) {
  if (failure.code == vault::FailureCode::kConflict) {
    return failed(400, "An account with this name is already registered", 1);
  }
  if (failure.code != vault::FailureCode::kInvalid || failure.fields.empty()) {
    return std::unexpected(Problem(failure));
  }
  const vault::FieldFault& fault = failure.fields.front();
  const bool is_name = fault.field == "username";
  return failed(400, (is_name ? "Username " : "Password ") + fault.message,
                is_name ? kBadUsername : kBadPassword);
}

Reply refuse_login(const vault::Failure& failure) {
  switch (failure.code) {
    case vault::FailureCode::kWrongPassword: return failed(403, "Wrong password", 3);
    case vault::FailureCode::kNoSuchAccount: return failed(404, "User not found", 4);
    case vault::FailureCode::kAccountDisabled:
      return failed(400, "The account is locked", kAccountLocked);
    default: return std::unexpected(Problem(failure));
  }
}

}  // namespace

Task<Reply> register_account(RequestContext& context) {
  auto login = co_await read_login(context.request);
  if (!login) co_return std::unexpected(std::move(login.error()));
  if (!*login) co_return std::move(login->error());
  if (!context.vault.accounts().registration_open()) {
    co_return failed(400, "Registration is closed here", kRegistrationClosed);
  }
  vault::NewAccount wanted;
  wanted.username = std::move((*login)->username);
  wanted.password = std::move((*login)->password);
  wanted.address = context.client.limit_key();
  const auto begun = co_await context.vault.sessions().sign_up(
      std::move(wanted), (*login)->lifetime, context.session_client());
  if (!begun) co_return refuse_account(begun.error());
  co_return logged_in(*begun);
}

Task<Reply> log_in(RequestContext& context) {
  auto login = co_await read_login(context.request);
  if (!login) co_return std::unexpected(std::move(login.error()));
  if (!*login) co_return std::move(login->error());
  vault::LogInRequest wanted{.login = std::move((*login)->username),
                             .password = std::move((*login)->password),
                             .address = context.client.limit_key(),
                             .client = context.session_client()};
  const auto begun =
      co_await context.vault.sessions().log_in(std::move(wanted), (*login)->lifetime);
  if (!begun) co_return refuse_login(begun.error());
  co_return logged_in(*begun);
}

Task<Reply> show_login(RequestContext& context) {
  const Credentials credentials = bearer_or_api_key(context.request);
  co_return logged_in(credentials.secret, context.account().username, "logged in with token");
}

Task<Reply> refresh_token(RequestContext& context) {
  const auto body = co_await read_body(context.request);
  if (!body) co_return std::unexpected(body.error());
  auto token = text_in(*body, "accessToken");
  if (!token || token->empty()) co_return failed(400, "No access token provided", 5);
  const auto tokens = co_await context.vault.sessions().renew(without_scheme(std::move(*token)));
  if (!tokens) co_return std::unexpected(Problem(tokens.error()));
  boost::json::object reply = success("token refreshed");
  reply["accessToken"] = tokens->access;
  co_return secret_response(reply);
}

Task<Reply> log_out(RequestContext& context) {
  co_await context.vault.sessions().end(context.caller->session.value());
  co_return json_response(200, success("logged out"));
}

}  // namespace coffer::apis::fileuploader
