// Descriptions of the document's calls.
#include <iterator>
#include <utility>

#include "apis/fileuploader/handlers.h"
#include "apis/gateway/description.h"
#include "apis/gateway/dialect.h"
#include "apis/kit/schema.h"

namespace coffer::apis::fileuploader {
namespace {

using namespace schema;

constexpr char kAbout[] =
    "Short links to files, groups of accounts with files of their own, invites, ShareX.\n\nA "
    "failure is `{\"status\": \"error\", \"message\"}`, some with an `errorId`; where credentials "
    "are at fault `auth_error` says what is wrong with them.";
constexpr char kFiles[] = "Files";
constexpr char kAccounts[] = "Accounts";
constexpr char kGroups[] = "Groups";

std::vector<Member> success_members(std::vector<Member> more) {
  std::vector<Member> members{{"status", constant("success")}, {"message", text()}};
  std::move(more.begin(), more.end(), std::back_inserter(members));
  return members;
}

Answer done(std::string about, std::vector<Member> more = {}) {
  return {200, std::move(about), {json_content(object(success_members(std::move(more))))}};
}

std::vector<Member> file_members() {
  return {{"file_url", like(text(), "4yn-8yjhsu")},
          {"file_url_full", url()},
          {"key", about(text(), "With which the file is deleted; empty for callers who may not")},
          {"ext", like(text(), ".mp4")},
          {"user_filename", text()},
          {"creation_date", like(text(), "31.1.2026")},
          {"synced", about(boolean(), "Whether an account owns it")},
          {"size", like(text(), "1 MB")},
          {"craeted_at", about(number(), "Seconds since 1970")}};
}

Parameter key() { return query("key", "The file's key", text()); }

Operation send(std::string route, std::string id) {
  Operation operation{.routes = {std::move(route)},
                      .id = std::move(id),
                      .tag = kFiles,
                      .summary = "The bytes of a file"};
  operation.parameters = file_parameters();
  operation.answers = file_answers("The bytes; what a browser can show is shown");
  operation.answers.push_back({302,
                               "The file is a `.txt` with one URL in it: there",
                               {},
                               {{"Location", "The URL", text()}}});
  return operation;
}

std::vector<Operation> file_operations() {
  std::vector<Member> uploaded = file_members();
  uploaded.push_back({"auth_error", about(map(any()), "Why `synced` is false")});
  Operation file = send("GET /file/{url}", "send_file");
  file.routes.emplace_back("GET /f/{url}");
  return {
      std::move(file),
      {.routes = {"POST /api/upload/{group}"},
       .id = "upload_file",
       .tag = kFiles,
       .summary = "Upload a file",
       .about = "At most 100 MiB. Without an account where guests are served.",
       .parameters = {in_path("group", "`private`, or a group's number",
                              pattern("^(private|[0-9]+)$"), "private"),
                      query("include_ext", "Whether the address ends with the file's extension",
                            or_else(boolean(), false))},
       .body = {form_content(object({{"file", schema::file()}}))},
       .answers = {done("The file", std::move(uploaded))},
       .errors = {{401}, {403, "The caller is not in the group"}, {507}}},
      {.routes = {"GET /api/delete/{url}"},
       .id = "delete_file",
       .tag = kFiles,
       .summary = "Delete a file",
       .parameters = {key()},
       .answers = {done("It is gone")},
       .errors = {{405, "`HEAD` deletes nothing"}}},
      {.routes = {"POST /api/rotate/{url}"},
       .id = "rotate_link",
       .tag = kFiles,
       .summary = "Give a file a new link and key",
       .parameters = {key()},
       .answers = {done("The new ones",
                        {{"file_url", text()}, {"file_url_full", url()}, {"key", text()}})},
       .errors = {{409}}},
      {.routes = {"GET /api/get_files/{group}"},
       .id = "list_files",
       .tag = kFiles,
       .summary = "List the files of the caller, or of a group",
       .parameters = {in_path("group", "`private`, or a group's number",
                              pattern("^(private|[0-9]+)$"), "private")},
       .answers = {done(
           "The files",
           {{"username", text()}, {"is_group_owner", boolean()}, {"data", list(ref("File"))}})},
       .errors = {{403, "The caller is not in the group"}}},
      {.routes = {"POST /api/transfer"},
       .id = "transfer_files",
       .tag = kFiles,
       .summary = "Bind files that nobody owns to the caller",
       .body = {json_content(
           object({{"data", list(object({{"file_url", text()}, {"key", text()}}))}}))},
       .answers = {done("Those that were not bound are in `unsuccess`",
                        {{"unsuccess", list(any())}})}},
      {.routes = {"GET /api/sharex"},
       .id = "send_sharex",
       .tag = kFiles,
       .summary = "An uploader for ShareX",
       .about = "With credentials, a key is made for it.",
       .answers = {{200,
                    "A `.sxcu` file",
                    {json_content(map(any()))},
                    {{"Content-Disposition", "Its name", text()}}}},
       .errors = {{401}, {405, "`HEAD` makes no key"}, {409}}},
  };
}

std::vector<Operation> account_operations() {
  const Schema login = object({{"username", text(1, 64)}, {"password", text(1, 1024)}});
  const Parameter bot = query("bot", "`true`: the token is good for 180 days rather than 5",
                              or_else(boolean(), false));
  const std::vector<Member> token{{"accessToken", text()}, {"username", text()}};
  return {
      {.routes = {"POST /api/register"},
       .id = "register",
       .tag = kAccounts,
       .summary = "Make an account",
       .parameters = {bot},
       .body = {json_content(login, {{"username", "user1"}, {"password", "yourpassword"}})},
       .answers = {done("A token of it", token)}},
      {.routes = {"POST /api/login"},
       .id = "log_in",
       .tag = kAccounts,
       .summary = "Log in",
       .parameters = {bot},
       .body = {json_content(login, {{"username", "user1"}, {"password", "yourpassword"}})},
       .answers = {done("A token", token)},
       .errors = {{403, "Wrong password"}, {404, "There is no such account"}}},
      {.routes = {"GET /api/login/token"},
       .id = "show_login",
       .tag = kAccounts,
       .summary = "Whose token this is",
       .answers = {done("The token and its account", token)}},
      {.routes = {"POST /api/refresh_token"},
       .id = "refresh_token",
       .tag = kAccounts,
       .summary = "Exchange a token for one that lasts longer",
       .body = {json_content(object({{"accessToken", text(1, kJsonLimit)}}))},
       .answers = {done("The new one", {{"accessToken", text()}})},
       .errors = {{401}}},
      {.routes = {"POST /api/logout"},
       .id = "log_out",
       .tag = kAccounts,
       .summary = "End the token",
       .answers = {done("It is good no longer")}},
  };
}

std::vector<Operation> group_operations() {
  const std::vector<Member> group{{"name", text()}, {"group_id", integer(0)}};
  const std::string not_owner = "The group is somebody else's";
  return {
      {.routes = {"POST /api/create_group"},
       .id = "create_group",
       .tag = kGroups,
       .summary = "Make a group",
       .body = {json_content(object({{"group_name", text(1, 50)}}), {{"group_name", "Bim-Bim"}})},
       .answers = {done("The group", group)}},
      {.routes = {"DELETE /api/delete_group/{group}"},
       .id = "delete_group",
       .tag = kGroups,
       .summary = "Delete a group; its files go back to their uploaders",
       .answers = {done("It is gone")},
       .errors = {{403, not_owner}}},
      {.routes = {"GET /api/get_groups"},
       .id = "list_groups",
       .tag = kGroups,
       .summary = "List the groups of the caller",
       .answers = {done("The groups", {{"groups", list(object(group))}})}},
      {.routes = {"POST /api/leave/{group}"},
       .id = "leave_group",
       .tag = kGroups,
       .summary = "Leave a group",
       .answers = {done("The caller is in it no longer")},
       .errors = {{400, "The caller is not in it"}, {403, "The owner cannot leave"}}},
      {.routes = {"GET /api/generate_invite/{group}"},
       .id = "generate_invite",
       .tag = kGroups,
       .summary = "Make an invite",
       .parameters = {query("max_uses", "How many accounts it is good for; 0: any number",
                            integer(0))},
       .answers = {done("The invite", {{"invite_link", url()}, {"max_uses", integer(0)}})},
       .errors = {{403, not_owner}, {405, "`HEAD` makes no invite"}}},
      {.routes = {"DELETE /api/generate_invite/{group}"},
       .id = "revoke_invites",
       .tag = kGroups,
       .summary = "Revoke all invites of a group",
       .answers = {done("They are good no longer")},
       .errors = {{403, not_owner}}},
      {.routes = {"GET /api/invite_info/{invite}"},
       .id = "show_invite",
       .tag = kGroups,
       .summary = "Of which group an invite is",
       .answers = {done("The group", group)}},
      {.routes = {"POST /api/join/{invite}"},
       .id = "join_group",
       .tag = kGroups,
       .summary = "Join a group",
       .answers = {done("The group", group)},
       .errors = {{400, "The caller is in it already"}}},
      {.routes = {"GET /invite/{invite}"},
       .id = "show_invite_page",
       .tag = kGroups,
       .summary = "The page of an invite, for people",
       .answers = {{200, "The page", {page_content()}}}},
  };
}

}  // namespace

ApiDescription describe() {
  ApiDescription api{.title = "File Uploader", .version = "1.0.0", .about = kAbout};
  api.tags = {{kFiles, "Uploads and their short links"},
              {kAccounts, "Accounts and tokens"},
              {kGroups, "Groups and invites"}};
  api.credentials = {{"bearer",
                      {{"type", "http"},
                       {"scheme", "bearer"},
                       {"description",
                        "The `accessToken` of `/api/login`; for an upload, a key of "
                        "a ShareX uploader too"}}}};
  api.schemas = {
      {"File", object(file_members())},
      {"Failure",
       object({{"status", constant("error")},
               {"message", like(text(), "Group not found")},
               optional("errorId", integer()),
               optional("auth_error", object({{"message", text()}, {"errorId", integer()}}))})},
  };
  // Where people follow links, they get a page.
  api.failure = {json_content(ref("Failure")), page_content()};
  api.path_parameters = {
      in_path("url", "The file's address, perhaps with its extension", text(), "4yn-8yjhsu"),
      in_path("group", "The group's number", text(), "12345679"),
      in_path("invite", "The last part of an invite's link", text())};
  for (auto describe_group : {file_operations, account_operations, group_operations}) {
    std::vector<Operation> group = describe_group();
    std::move(group.begin(), group.end(), std::back_inserter(api.operations));
  }
  return api;
}

}  // namespace coffer::apis::fileuploader
