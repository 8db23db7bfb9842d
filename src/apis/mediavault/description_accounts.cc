#include "apis/kit/schema.h"
#include "apis/mediavault/description.h"

namespace coffer::apis::mediavault {
namespace {

using namespace schema;

constexpr char kAuthentication[] = "Authentication";
constexpr char kUsers[] = "Users";
constexpr char kKeys[] = "API keys";

// The document shows the tokens bare and yet has every reply in an envelope: both at once.
Answer tokens_answer() {
  const Schema schema = object({{"token", text()},
                                {"refresh_token", text()},
                                {"expires_in", integer(0)},
                                {"token_type", constant("Bearer")},
                                {"success", constant(true)},
                                {"data", ref("Tokens")},
                                {"meta", ref("Meta")}});
  return {200, "The tokens, bare and in `data`", {json_content(schema)}};
}

Schema email() {
  Schema address = pattern("^[!-?A-~]+@[!-?A-~]+$");
  address["maxLength"] = 254;
  return address;
}

}  // namespace

Operations describe_accounts() {
  const Schema password = about(text(8, 1024), "At least 8 bytes, unless the server asks for more");
  return {
      {.routes = {"POST /auth/register"},
       .id = "register",
       .tag = kAuthentication,
       .summary = "Make an account",
       .body = {json_content(
           object({{"username", text(1, 64)},
                   optional("email", nullable(email())),
                   {"password", password}}),
           {{"email", "user@example.com"}, {"username", "user1"}, {"password", "yourpassword"}})},
       .answers = {answer("The account", ref("User"), 201)},
       .errors = {{403, "Registration is closed on this server"},
                  {409, "The name or the address is taken"},
                  {415}}},
      {.routes = {"POST /auth/login"},
       .id = "log_in",
       .tag = kAuthentication,
       .summary = "Log in",
       .about = "`username` is the user's name or e-mail address.",
       .body = {json_content(object({{"username", text()}, {"password", text()}}),
                             {{"username", "user@example.com"}, {"password", "yourpassword"}})},
       .answers = {tokens_answer()},
       .errors = {{401, "Wrong username or password"}, {415}}},
      {.routes = {"POST /auth/refresh"},
       .id = "refresh",
       .tag = kAuthentication,
       .summary = "Exchange the refresh token for new tokens",
       .about =
           "The refresh token is a field of the body, or the token itself is the bearer's. Each "
           "refresh token is replaced by the next; one that comes back more than 30 seconds "
           "later ends its session.",
       .body = {json_content(object({optional("refresh_token", text())}))},
       .body_is_required = false,
       .answers = {tokens_answer()},
       .errors = {{401}, {415}},
       .credentials = {"bearer"}},
      {.routes = {"POST /auth/logout"},
       .id = "log_out",
       .tag = kAuthentication,
       .summary = "End this session",
       .answers = {answer("The token is good no longer", object({{"message", text()}}))},
       .errors = {{403, "A key has no session to end"}}},
      {.routes = {"POST /auth/logout-all"},
       .id = "log_out_everywhere",
       .tag = kAuthentication,
       .summary = "End every session of the account",
       .answers = {answer("This one too",
                          object({{"message", text()}, {"sessions_ended", integer(0)}}))},
       .errors = {{403}},
       .credentials = {"bearer"}},
      {.routes = {"GET /auth/sessions"},
       .id = "list_sessions",
       .tag = kAuthentication,
       .summary = "List the sessions of the account",
       .parameters = short_list_parameters(),
       .answers = {page_answer("The sessions, the oldest first", ref("Session"))},
       .errors = {{403}},
       .credentials = {"bearer"}},
      {.routes = {"DELETE /auth/sessions/{id}"},
       .id = "end_session",
       .tag = kAuthentication,
       .summary = "End a session",
       .parameters = {in_path("id", "Its id", text(), "session_9")},
       .answers = {deleted_answer()},
       .errors = {{403}},
       .credentials = {"bearer"}},
      {.routes = {"GET /users/me"},
       .id = "show_me",
       .tag = kUsers,
       .summary = "The caller's account",
       .answers = {tagged_by_settings(answer("The account", ref("User")))}},
      {.routes = {"PATCH /users/me"},
       .id = "update_me",
       .tag = kUsers,
       .summary = "Change name, address or password",
       .about = "A new password needs the current one.",
       .parameters = {if_match_parameter()},
       .body = {json_content(changes({{"username", text(1, 64)},
                                      {"email", about(nullable(email()), "Null: none")},
                                      {"password", password},
                                      {"current_password", text()}}))},
       .answers = {tagged_by_settings(answer("The account", ref("User")))},
       .errors = {{409, "The name or the address is taken"}, {415}}},
      {.routes = {"DELETE /users/me"},
       .id = "delete_me",
       .tag = kUsers,
       .summary = "Delete the account, with everything in it",
       .parameters = {if_match_parameter()},
       .body = {json_content(object({{"password", about(text(), "The account's")}}))},
       .answers = {deleted_answer()},
       .errors = {{403, "A key does not decide about its account"}, {415}},
       .credentials = {"bearer"}},
      {.routes = {"POST /api-keys"},
       .id = "create_key",
       .tag = kKeys,
       .summary = "Make a key",
       .about = "A key without the scope `write` gets 403 from every call that changes something, "
                "one without `read` from every other, and from those whose reply shows more than "
                "was sent.",
       .body = {json_content(
           object({{"name", text(0, 100)},
                   optional("kind", or_else(one_of({"api", "master"}), "api")),
                   optional("scopes", about(list(one_of({"read", "write"})), "Both when missing")),
                   optional("expires_at", about(nullable(time()), "Null: never"))}),
           {{"name", "backup"}, {"scopes", {"read"}}})},
       .answers = {tagged(answer("The key; its secret is shown this once", ref("NewKey"), 201),
                          "For `If-Match` when it is revoked")},
       .errors = {{403, "Keys are managed by who is logged in, not by a key"}, {415}},
       .credentials = {"bearer"}},
      {.routes = {"GET /api-keys"},
       .id = "list_keys",
       .tag = kKeys,
       .summary = "List the keys",
       .parameters = short_list_parameters(),
       .answers = {page_answer("The keys, the oldest first", ref("Key"))},
       .errors = {{403}},
       .credentials = {"bearer"}},
      {.routes = {"DELETE /api-keys/{id}"},
       .id = "delete_key",
       .tag = kKeys,
       .summary = "Revoke a key",
       .parameters = {in_path("id", "Its id", text(), "key_4"), if_match_parameter()},
       .answers = {deleted_answer()},
       .errors = {{403}},
       .credentials = {"bearer"}},
  };
}

}  // namespace coffer::apis::mediavault
