// The document's calls, one file a group.
#pragma once

#include "apis/gateway/dialect.h"

namespace coffer::apis::fileuploader {

// accounts.cc
Task<Reply> register_account(RequestContext& context);
Task<Reply> log_in(RequestContext& context);
Task<Reply> show_login(RequestContext& context);
Task<Reply> refresh_token(RequestContext& context);
Task<Reply> log_out(RequestContext& context);

// upload.cc
Task<Reply> upload_file(RequestContext& context);

// files.cc
Task<Reply> send_file(RequestContext& context);
Task<Reply> delete_file(RequestContext& context);
Task<Reply> rotate_link(RequestContext& context);
Task<Reply> list_files(RequestContext& context);
Task<Reply> transfer_files(RequestContext& context);

// groups.cc
Task<Reply> create_group(RequestContext& context);
Task<Reply> delete_group(RequestContext& context);
Task<Reply> list_groups(RequestContext& context);
Task<Reply> leave_group(RequestContext& context);
Task<Reply> generate_invite(RequestContext& context);
Task<Reply> revoke_invites(RequestContext& context);
Task<Reply> show_invite(RequestContext& context);
Task<Reply> join_group(RequestContext& context);

// invite_page.cc
Task<Reply> show_invite_page(RequestContext& context);

// sharex.cc
Task<Reply> send_sharex(RequestContext& context);

// description.cc
ApiDescription describe();

}  // namespace coffer::apis::fileuploader
