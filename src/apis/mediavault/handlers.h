// The document's calls, one file a group.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "apis/gateway/dialect.h"

namespace coffer::apis::mediavault {

// auth.cc
Task<Reply> register_account(RequestContext& context);
Task<Reply> log_in(RequestContext& context);
Task<Reply> refresh(RequestContext& context);
Task<Reply> log_out(RequestContext& context);
Task<Reply> log_out_everywhere(RequestContext& context);
Task<Reply> list_sessions(RequestContext& context);
Task<Reply> end_session(RequestContext& context);

// users.cc
Task<Reply> show_me(RequestContext& context);
Task<Reply> update_me(RequestContext& context);
Task<Reply> delete_me(RequestContext& context);

// keys.cc
// For calls about the account itself: what keeps out a key.
std::optional<Problem> refuse_keys(const RequestContext& context);
Task<Reply> create_key(RequestContext& context);
Task<Reply> list_keys(RequestContext& context);
Task<Reply> delete_key(RequestContext& context);

// webhooks.cc
Task<Reply> create_webhook(RequestContext& context);
Task<Reply> list_webhooks(RequestContext& context);
Task<Reply> show_webhook(RequestContext& context);
Task<Reply> update_webhook(RequestContext& context);
Task<Reply> delete_webhook(RequestContext& context);
Task<Reply> test_webhook(RequestContext& context);
Task<Reply> list_deliveries(RequestContext& context);
Task<Reply> resend_delivery(RequestContext& context);

// upload.cc
Task<Reply> upload_media(RequestContext& context);
Task<Reply> replace_content(RequestContext& context);

// reply_again.cc
// Dialect::reply_again().
Task<std::optional<http::Response>> reply_again(RequestContext& context,
                                                std::span<const vault::Event> events);

// media.cc
// The file that the path's `parameter` names, if it is the caller's.
Task<vault::Result<vault::Entry>> find_media(RequestContext& context, std::string_view parameter);
Task<Reply> list_media(RequestContext& context);
Task<Reply> show_media(RequestContext& context);
Task<Reply> update_media(RequestContext& context);
Task<Reply> delete_media(RequestContext& context);
Task<Reply> download_media(RequestContext& context);
Task<Reply> find_existing(RequestContext& context);

// pictures.cc
// Of the caller's own, and of what anybody may read with its share token.
Task<Reply> send_thumbnail(RequestContext& context);
Task<Reply> send_image(RequestContext& context);

// trash.cc
Task<Reply> list_trash(RequestContext& context);
Task<Reply> restore_trashed(RequestContext& context);
Task<Reply> delete_trashed(RequestContext& context);
Task<Reply> empty_trash(RequestContext& context);

// shares.cc
Task<Reply> share_media(RequestContext& context);
Task<Reply> share_collection(RequestContext& context);
Task<Reply> list_shares(RequestContext& context);
Task<Reply> list_shares_of_media(RequestContext& context);
Task<Reply> list_shares_of_collection(RequestContext& context);
Task<Reply> show_share(RequestContext& context);
Task<Reply> update_share(RequestContext& context);
Task<Reply> revoke_share(RequestContext& context);

// collections.cc
Task<Reply> create_collection(RequestContext& context);
Task<Reply> list_collections(RequestContext& context);
Task<Reply> show_collection(RequestContext& context);
Task<Reply> update_collection(RequestContext& context);
Task<Reply> delete_collection(RequestContext& context);
Task<Reply> add_to_collection(RequestContext& context);
Task<Reply> list_collection(RequestContext& context);
Task<Reply> move_in_collection(RequestContext& context);
Task<Reply> take_out_of_collection(RequestContext& context);

}  // namespace coffer::apis::mediavault
