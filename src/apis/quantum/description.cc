// Descriptions of the document's calls.
#include <utility>

#include "apis/gateway/description.h"
#include "apis/kit/schema.h"
#include "apis/quantum/handlers.h"

namespace coffer::apis::quantum {
namespace {

using namespace schema;

constexpr char kAbout[] =
    "Buckets of files at exact places, application tokens, downloads that work once. All of it is "
    "also served under `/API`.\n\nEvery reply has `status`, `message` and, for some calls, `data`; "
    "the message of a failure is its code.";
constexpr char kBuckets[] = "Buckets";
constexpr char kTokens[] = "Tokens";
constexpr char kFilesTag[] = "Files";
constexpr char kServer[] = "Server";
constexpr char kMasterKey[] = "master_key";
constexpr char kForbidden[] = "`UNAUTHORIZED`: a master key is needed";

Answer done(std::string about) {
  return {200,
          std::move(about),
          {json_content(object({{"status", constant("success")}, {"message", text()}}))}};
}

Answer done(std::string about, std::vector<Member> data) {
  return {200,
          std::move(about),
          {json_content(object({{"status", constant("success")},
                                {"message", text()},
                                {"data", object(std::move(data))}}))}};
}

Parameter bucket() {
  return in_path("path", "The bucket's name", pattern("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"),
                 "holiday-photos");
}

Parameter location() {
  return in_path("path", "The bucket's name and the place in it, with slashes", text(),
                 "holiday-photos/2026/beach.jpg");
}

std::vector<Operation> bucket_operations() {
  return {
      {.routes = {"GET /bucket"},
       .id = "list_buckets",
       .tag = kBuckets,
       .summary = "List the buckets of the caller",
       .answers = {done("Their names", {{"Buckets", list(text())}})},
       .errors = {{403, kForbidden}},
       .credentials = {kMasterKey}},
      {.routes = {"POST /bucket/create/{path...}"},
       .id = "create_bucket",
       .tag = kBuckets,
       .summary = "Make a bucket",
       .parameters = {bucket()},
       .answers = {done("It is there")},
       .errors = {{400, "`BUCKET_EXISTS`, `INVALID_PATH`"}, {403, kForbidden}},
       .credentials = {kMasterKey}},
      {.routes = {"POST /bucket/remove/{path...}"},
       .id = "remove_bucket",
       .tag = kBuckets,
       .summary = "Delete a bucket with everything in it",
       .parameters = {bucket()},
       .answers = {done("It is gone")},
       .errors = {{403, kForbidden}, {404, "`BUCKET_DNE`"}},
       .credentials = {kMasterKey}},
      {.routes = {"POST /token/create/{path...}"},
       .id = "create_token",
       .tag = kTokens,
       .summary = "Make an application token of a bucket",
       .parameters = {bucket()},
       .answers = {done("The token, shown this once", {{"token", text()}})},
       .errors = {{403, kForbidden}, {404, "`BUCKET_DNE`"}},
       .credentials = {kMasterKey}},
      {.routes = {"POST /token/remove/{token}"},
       .id = "remove_token",
       .tag = kTokens,
       .summary = "Revoke an application token",
       .answers = {done("It is good no longer")},
       .errors = {{403, kForbidden}, {404, "`TOKEN_DNE`"}},
       .credentials = {kMasterKey}},
      {.routes = {"POST /token/remove/b/{path...}"},
       .id = "remove_tokens",
       .tag = kTokens,
       .summary = "Revoke all application tokens of a bucket",
       .parameters = {bucket()},
       .answers = {done("They are good no longer")},
       .errors = {{403, kForbidden}, {404, "`BUCKET_DNE`"}},
       .credentials = {kMasterKey}},
  };
}

std::vector<Operation> file_operations() {
  Operation download{.routes = {"GET /file/download/{token...}"},
                     .id = "download",
                     .tag = kFilesTag,
                     .summary = "The bytes, once",
                     .about =
                         "The token is used up by the first byte that is sent; so are all "
                         "other tokens of the file."};
  download.parameters = file_parameters();
  download.parameters.push_back(in_path("token", "Of `/file/get`", text()));
  download.answers = file_answers("The bytes");
  download.errors = {{400, "`INVALID_TOKEN`"}};
  return {
      {.routes = {"POST /file/add/{path...}"},
       .id = "add_files",
       .tag = kFilesTag,
       .summary = "Store files in a folder of a bucket",
       .about = "All of them or none; folders on the way are made.",
       .parameters = {location()},
       .body = {form_content(
           object({{"files", list(file())},
                   optional("force", about(one_of({"true", "false"}),
                                           "Take the place of what is there"))}))},
       .answers = {done("They are safe on the disk")},
       .errors = {{400,
                   "`FILE_ALREADY_EXISTS`, `INSUFFICIENT_SPACE`, `INVALID_BUCKET`, "
                   "`INVALID_DIR`, `INVALID_FORM`, `INVALID_PATH`"},
                  {404, "`BUCKET_DNE`, `NOT_A_FILE`"},
                  {507, "The server's disk is full"}}},
      {.routes = {"POST /file/mkdir/{path...}"},
       .id = "make_directory",
       .tag = kFilesTag,
       .summary = "Make a folder in a bucket",
       .parameters = {location()},
       .answers = {done("It is there")},
       .errors = {{400, "`INVALID_BUCKET`, `INVALID_DIR`, `INVALID_PATH`"},
                  {404, "`BUCKET_DNE`, `NOT_A_FILE`"}}},
      {.routes = {"POST /file/remove/{path...}"},
       .id = "remove_file",
       .tag = kFilesTag,
       .summary = "Delete a file, or a folder with everything in it",
       .parameters = {location()},
       .answers = {done("It is gone")},
       .errors = {{400, "`INVALID_BUCKET`, `INVALID_PATH`"}, {404, "`BUCKET_DNE`, `FILE_DNE`"}}},
      {.routes = {"GET /file/get/{path...}"},
       .id = "issue_download",
       .tag = kFilesTag,
       .summary = "Make a download token of a file",
       .parameters = {location()},
       .answers = {done("The token; it works once", {{"file_token", text()}})},
       .errors = {{400, "`INVALID_BUCKET`, `INVALID_PATH`"},
                  {404, "`BUCKET_DNE`, `FILE_DNE`, `NOT_A_FILE`"}}},
      std::move(download),
      {.routes = {"GET /file/quota"},
       .id = "show_quota",
       .tag = kFilesTag,
       .summary = "How much the caller may still store",
       .answers = {done("Bytes", {{"space_left", integer(0)}})}},
  };
}

Operation status_operation() {
  return {.routes = {"GET /status"},
          .id = "show_status",
          .tag = kServer,
          .summary = "The state of the server",
          .about = "Without a key where guests are served.",
          .answers = {done("The state", {{"system_load", number()},
                                         {"memory_free", about(integer(0), "Bytes")},
                                         {"disk_free", about(integer(0), "Bytes")},
                                         {"kernel_version", text()},
                                         {"upgradable_packages", list(text())}})}};
}

}  // namespace

ApiDescription describe() {
  ApiDescription api{.title = "Quantum Storage", .version = "1.0.0", .about = kAbout};
  api.tags = {{kBuckets, "Spaces of files"},
              {kTokens, "Application tokens, each good for one bucket"},
              {kFilesTag, "Files and folders of buckets"},
              {kServer, "The server itself"}};
  api.credentials = {
      {kMasterKey,
       {{"type", "apiKey"},
        {"in", "header"},
        {"name", "X-API-MKEY"},
        {"description", "A master key: `coffer key create`"}}},
      {"application_token",
       {{"type", "apiKey"},
        {"in", "header"},
        {"name", "X-API-AKEY"},
        {"description", "A token of `/token/create`"}}},
  };
  api.schemas = {{"Failure", object({{"status", constant("error")},
                                     {"message", like(text(), "INVALID_PATH")}})}};
  api.failure = {json_content(ref("Failure"))};
  api.operations = bucket_operations();
  std::vector<Operation> files = file_operations();
  for (Operation& operation : files) api.operations.push_back(std::move(operation));
  api.operations.push_back(status_operation());
  return api;
}

}  // namespace coffer::apis::quantum
