#include <boost/json/object.hpp>
#include <string>
#include <utility>

#include "apis/kit/conditional.h"
#include "apis/kit/json.h"
#include "apis/mediavault/handlers.h"
#include "apis/mediavault/wire.h"

namespace coffer::apis::mediavault {
namespace {

// The account, and how much of what counts in its quota is in the trash.
Task<Reply> reply_with(RequestContext& context, const vault::Account& account) {
  const vault::TrashTotal trash = co_await context.vault.trash().total(account.id);
  boost::json::object object = user_object(account);
  object["trashed"] = trash.charged;
  const std::string etag = entity_tag(vault::state_tag(account), object);
  http::Response response = success(context, std::move(object));
  response.headers.set("ETag", etag);
  co_return response;
}

}  // namespace

Task<Reply> show_me(RequestContext& context) {
  Reply reply = co_await reply_with(context, context.account());
  co_return reply;
}

Task<Reply> update_me(RequestContext& context) {
  const auto body = co_await read_json(context.request);
  if (!body) co_return std::unexpected(body.error());
  Fields fields(*body);
  vault::AccountChanges changes;
  changes.username = fields.optional_text("username");
  changes.email = fields.nullable_text("email");
  auto current = fields.optional_text("current_password");
  if (auto wanted = fields.optional_text("password")) {
    changes.password = {.current = std::move(current),
                        .wanted = std::move(*wanted),
                        .address = context.client.limit_key()};
  }
  fields.add(context.vault.accounts().faults_of(changes));
  changes.precondition = if_match(context.request);
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto account =
      co_await context.vault.accounts().update(context.actor(), std::move(changes));
  if (!account) {
    // The caller is known; it is a field of the request that does not fit.
    if (account.error().code == vault::FailureCode::kWrongPassword) {
      co_return std::unexpected(
          Problem::field("current_password", "This is not the current password"));
    }
    co_return std::unexpected(account.error());
  }
  Reply reply = co_await reply_with(context, *account);
  co_return reply;
}

Task<Reply> delete_me(RequestContext& context) {
  if (auto problem = refuse_keys(context)) co_return std::unexpected(std::move(*problem));
  const auto body = co_await read_json(context.request);
  if (!body) co_return std::unexpected(body.error());
  Fields fields(*body);
  vault::Accounts::CurrentPassword password{.text = fields.text("password"),
                                            .address = context.client.limit_key()};
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  vault::Precondition precondition = if_match(context.request);
  auto proved =
      co_await context.vault.accounts().prove_password(context.actor(), std::move(password));
  if (!proved) {
    if (proved.error().code == vault::FailureCode::kWrongPassword) {
      co_return std::unexpected(Problem::field("password", "This is not the password"));
    }
    co_return std::unexpected(proved.error());
  }
  const auto removed = co_await context.vault.account_removal().remove_own(
      context.actor(), std::move(*proved), std::move(precondition));
  if (!removed) co_return std::unexpected(removed.error());
  co_return success(context, {{"id", user_id(context.account().id)}, {"deleted", true}});
}

}  // namespace coffer::apis::mediavault
