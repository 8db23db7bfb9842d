// Descriptions of the document's calls: accounts, QR codes and shares here, the rest in the files
// beside it.
#include "apis/streamvault/description.h"

#include <iterator>
#include <utility>

#include "apis/gateway/dialect.h"
#include "apis/kit/schema.h"

namespace coffer::apis::streamvault {
namespace {

using namespace schema;

constexpr char kAbout[] =
    "Folders and files, uploads in chunks, shares by token, QR codes.\n\nVersion 3 has chunks, "
    "folders and files, version 4 changes and deletions, version 5 accounts. Where guests are "
    "served, versions 3 and 4 need no credentials. Paths may end with a slash. A failure is "
    "`{\"detail\"}`, `{\"error\"}` or, for fields, `{\"<field>\": [\"…\"]}`.";
constexpr char kAccounts[] = "Accounts";
constexpr char kShares[] = "Shares";

std::vector<Member> account_members() {
  return {{"id", integer(1)}, {"email", text()}, {"username", text()}};
}

Schema user() {
  std::vector<Member> members = account_members();
  members.push_back({"date_joined", time()});
  return object(std::move(members));
}

std::vector<Operation> account_operations() {
  std::vector<Member> registered = account_members();
  registered.push_back({"message", text()});
  const Schema token = about(text(), "A JWT");
  const Schema pair = object({{"access", token}, {"refresh", token}});
  return {
      {.routes = {"POST /storage/api/v5/register"},
       .id = "register",
       .tag = kAccounts,
       .summary = "Make an account",
       .body = {json_content(object({optional("email", nullable(text(0, 254))),
                                     {"username", text(1, 64)},
                                     {"password", text()}}),
                             {{"email", "user@example.com"},
                              {"username", "user1"},
                              {"password", "securePassword123"}})},
       .answers = {reply("The account", object(std::move(registered)), 201)},
       .errors = {{403, "Registration is closed on this server"}}},
      {.routes = {"POST /storage/api/v5/login"},
       .id = "log_in",
       .tag = kAccounts,
       .summary = "Log in",
       .about = "By `email` or `username`; either field takes either.",
       .body = {json_content(any_of({object({{"email", text(1, 254)}, {"password", text()}}),
                                     object({{"username", text(1, 64)}, {"password", text()}})}),
                             {{"email", "user@example.com"}, {"password", "securePassword123"}})},
       .answers = {reply("Tokens", object({{"access", token},
                                           {"refresh", token},
                                           {"message", text()},
                                           {"tokens", pair},
                                           {"user", ref("User")},
                                           {"root_folder_token", nullable(uuid())}}))},
       .errors = {{401}}},
      {.routes = {"GET /storage/api/v5/me"},
       .id = "show_me",
       .tag = kAccounts,
       .summary = "The caller's account",
       .answers = {reply("The account", ref("User"))}},
      {.routes = {"POST /storage/api/v5/token/refresh", "POST /storage/token/refresh"},
       .id = "refresh_token",
       .tag = kAccounts,
       .summary = "Exchange the refresh token for new tokens",
       .body = {json_content(object({{"refresh", text(1, kJsonLimit)}}))},
       .answers = {reply("New tokens", pair)},
       .errors = {{401}}},
      {.routes = {"POST /storage/api/v5/token/verify", "POST /storage/token/verify"},
       .id = "verify_token",
       .tag = kAccounts,
       .summary = "Whether a token is good",
       .body = {json_content(object({{"token", text(1, kJsonLimit)}}))},
       .answers = {reply("It is", object({}))},
       .errors = {{401}}},
  };
}

std::vector<Operation> share_operations() {
  const Schema share = object({{"token", uuid()},
                               {"name", text()},
                               {"is_folder", boolean()},
                               {"expires_at", nullable(time())},
                               {"share_url", url()},
                               {"qr_url", url()}});
  return {
      {.routes = {"GET /storage/api/v3/qr/{id}"},
       .id = "show_qr",
       .tag = kShares,
       .summary = "The QR code of a share",
       .about = "Its address, or the picture itself for who accepts pictures better than JSON.",
       .parameters = {query("format", "", or_else(one_of({"png", "svg"}), "png"))},
       .answers = {{200,
                    "The code, or where it is",
                    {json_content(object({{"qr_url", url()}, {"share_url", url()}})),
                     raw_content("image/png"), raw_content("image/svg+xml")}}}},
      {.routes = {"GET /storage/api/v3/share/{id}"},
       .id = "show_share",
       .tag = kShares,
       .summary = "How a file or folder is shared",
       .answers = {reply("The share", share)}},
      {.routes = {"POST /storage/api/v3/share/{id}"},
       .id = "limit_share",
       .tag = kShares,
       .summary = "Let a share expire",
       .body = fields(object({{"expires_at", about(nullable(time()), "Null: never")}})),
       .answers = {reply("The share", share)}},
      {.routes = {"DELETE /storage/api/v3/share/{id}"},
       .id = "revoke_share",
       .tag = kShares,
       .summary = "Revoke a share; the reply has its new token",
       .answers = {reply("The share", share)}},
      {.routes = {"GET /storage/media/qr/{file}"},
       .id = "download_qr",
       .tag = kShares,
       .summary = "The picture of a QR code",
       .parameters = {in_path("file", "`<token>.png` or `<token>.svg`", text())},
       .answers = {{200, "The picture", {raw_content("image/png"), raw_content("image/svg+xml")}}}},
  };
}

// Every failure of the framework, and those of single calls.
Schema failure() {
  return any_of({object({{"detail", text()},
                         optional("code", text()),
                         optional("messages", list(map(text()))),
                         optional("error", text())}),
                 object({{"error", text()}, optional("missing_chunks", list(integer(1)))}),
                 map(list(text()))});
}

}  // namespace

Answer reply(std::string about, Schema schema, unsigned status) {
  return {status, std::move(about), {json_content(std::move(schema))}};
}

Answer message_reply(std::string about) {
  return reply(std::move(about), object({{"message", text()}}));
}

std::vector<Content> fields(Schema schema) {
  return {
      json_content(schema), {"application/x-www-form-urlencoded", schema}, form_content(schema)};
}

ApiDescription describe() {
  ApiDescription api{.title = "StreamVault", .version = "5.0.0", .about = kAbout};
  api.tags = {{kChunks, "Large files, in pieces that may come in any order"},
              {kFolders, ""},
              {kFiles, ""},
              {kShares, "Tokens by which everybody may read"},
              {kAccounts, "Accounts and tokens"}};
  api.credentials = {{"bearer",
                      {{"type", "http"},
                       {"scheme", "bearer"},
                       {"bearerFormat", "JWT"},
                       {"description", "The `access` token of `/storage/api/v5/login`"}}}};
  api.schemas = schemas();
  api.schemas.push_back({"User", user()});
  api.schemas.push_back({"Failure", failure()});
  api.failure = {json_content(ref("Failure"))};
  api.path_parameters = {in_path("id", "Its id, UUID or token", text(), "12")};
  for (auto describe_group :
       {describe_chunks, describe_folders, describe_files, account_operations, share_operations}) {
    std::vector<Operation> group = describe_group();
    std::move(group.begin(), group.end(), std::back_inserter(api.operations));
  }
  return api;
}

}  // namespace coffer::apis::streamvault
