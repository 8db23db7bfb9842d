#include <functional>
#include <optional>
#include <utility>

#include "apis/fileuploader/errors.h"
#include "apis/fileuploader/handlers.h"
#include "apis/fileuploader/wire.h"
#include "apis/kit/json.h"
#include "apis/kit/list_reply.h"
#include "base/text.h"

namespace coffer::apis::fileuploader {
namespace {

constexpr char kNotOwnerDeletes[] = "You don't have any permissions to delete this group";
constexpr char kNotOwner[] = "You don't have any permissions";

// Every failure of a call for the owner alone.
Reply refuse(const vault::Failure& failure, std::string_view not_owner) {
  switch (failure.code) {
    case vault::FailureCode::kForbidden: return failed(403, not_owner);
    case vault::FailureCode::kNotFound: return no_such_group();
    default: return std::unexpected(Problem(failure));
  }
}

// How often an invite is to be good: `max_uses`, of which 0 and none mean any number. Nothing for
// what is no such number.
std::optional<std::uint32_t> uses_in(const http::Target& uri) {
  const auto text = uri.parameter("max_uses");
  if (!text) return 0;
  const auto number = parse_unsigned(*text);
  if (!number || *number > vault::kInviteUsesMax) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

std::uint32_t number_in(const RequestContext& context) {
  return group_number(context.path.text("group"));
}

}  // namespace

Task<Reply> create_group(RequestContext& context) {
  const auto body = co_await read_body(context.request);
  if (!body) co_return std::unexpected(body.error());
  const auto name = text_in(*body, "group_name");
  if (!name || trim(*name).empty()) co_return failed(400, "No group_name provided");
  if (count_code_points(*name) > vault::kGroupNameMax) {
    co_return failed(400, "Group name length exceeded (50 chars)");
  }
  const auto group = co_await context.vault.groups().create(context.actor(), *name);
  if (!group && group.error().code == vault::FailureCode::kInvalid) {
    co_return failed(400, "Group name " + group.error().fields.at(0).message);
  }
  if (!group) co_return std::unexpected(group.error());
  co_return json_response(200, group_success("created", *group));
}

Task<Reply> delete_group(RequestContext& context) {
  const auto removed = co_await context.vault.groups().remove(context.actor(), number_in(context));
  if (!removed) co_return refuse(removed.error(), kNotOwnerDeletes);
  co_return json_response(200, success("deleted"));
}

Task<Reply> list_groups(RequestContext& context) {
  using Last = std::optional<vault::Membership>;
  const auto read = [&vault = context.vault, account = context.account().id](const Last& last) {
    return vault.groups().of_account(account, last);
  };
  const auto render = [](const vault::Membership& membership) -> boost::json::value {
    return {{"name", membership.group.name}, {"group_id", membership.group.number}};
  };
  NextPage groups = pages(Last(), read, std::identity(), render);
  Reply reply =
      co_await list_reply(success("groups got successfully"), "groups", std::move(groups));
  co_return reply;
}

Task<Reply> leave_group(RequestContext& context) {
  const auto left = co_await context.vault.groups().leave(context.actor(), number_in(context));
  if (left) co_return json_response(200, success("leaved"));
  switch (left.error().code) {
    case vault::FailureCode::kInvalid: co_return failed(400, "You are not in the group");
    case vault::FailureCode::kForbidden:
      co_return failed(403, "The owner cannot leave the group; delete it instead");
    case vault::FailureCode::kNotFound: co_return no_such_group();
    default: co_return std::unexpected(left.error());
  }
}

Task<Reply> generate_invite(RequestContext& context) {
  if (context.request.method == http::Method::kHead) co_return refuse_head("DELETE, GET, OPTIONS");
  const auto uses = uses_in(context.request.uri);
  if (!uses) co_return failed(400, "Invalid max_uses parameter");
  std::optional<std::uint32_t> limit;
  if (*uses > 0) limit = *uses;
  const auto secret =
      co_await context.vault.groups().invite(context.actor(), number_in(context), limit);
  if (!secret) co_return refuse(secret.error(), kNotOwner);
  boost::json::object reply = success("created");
  reply["invite_link"] = context.client.base_url + "/invite/" + *secret;
  reply["max_uses"] = *uses;
  http::Response response = json_response(200, reply);
  response.headers.set("Cache-Control", "no-store");
  co_return response;
}

Task<Reply> revoke_invites(RequestContext& context) {
  const auto revoked =
      co_await context.vault.groups().revoke_invites(context.actor(), number_in(context));
  if (!revoked) co_return refuse(revoked.error(), kNotOwner);
  co_return json_response(200, success("revoked"));
}

Task<Reply> show_invite(RequestContext& context) {
  const auto group = co_await context.vault.groups().find_invite(context.path.text("invite"));
  if (!group) co_return no_such_invite();
  co_return json_response(200, group_success("Info got successfully", *group));
}

Task<Reply> join_group(RequestContext& context) {
  const auto group =
      co_await context.vault.groups().join(context.actor(), context.path.text("invite"));
  if (group) co_return json_response(200, group_success("created", *group));
  switch (group.error().code) {
    case vault::FailureCode::kConflict: co_return failed(400, "You are already in the group");
    case vault::FailureCode::kNotFound: co_return no_such_invite();
    default: co_return std::unexpected(group.error());
  }
}

}  // namespace coffer::apis::fileuploader
