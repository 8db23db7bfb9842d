// The document's calls, one file a group.
#pragma once

#include "apis/common/dialect.h"

namespace coffer::apis::fileuploader {

// accounts.cc
Task<Reply> register_account(RequestContext& exchange);
Task<Reply> log_in(RequestContext& exchange);
Task<Reply> show_login(RequestContext& exchange);
Task<Reply> refresh_token(RequestContext& exchange);
Task<Reply> log_out(RequestContext& exchange);

// upload.cc
Task<Reply> upload_file(RequestContext& exchange);

// files.cc
Task<Reply> send_file(RequestContext& exchange);
Task<Reply> delete_file(RequestContext& exchange);
Task<Reply> list_files(RequestContext& exchange);
Task<Reply> transfer_files(RequestContext& exchange);

// groups.cc
Task<Reply> create_group(RequestContext& exchange);
Task<Reply> delete_group(RequestContext& exchange);
Task<Reply> list_groups(RequestContext& exchange);
Task<Reply> leave_group(RequestContext& exchange);
Task<Reply> generate_invite(RequestContext& exchange);
Task<Reply> revoke_invites(RequestContext& exchange);
Task<Reply> show_invite(RequestContext& exchange);
Task<Reply> join_group(RequestContext& exchange);

// invite_page.cc
Task<Reply> show_invite_page(RequestContext& exchange);

// sharex.cc
Task<Reply> send_sharex(RequestContext& exchange);

}  // namespace coffer::apis::fileuploader
