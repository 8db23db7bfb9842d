// The document's calls, one file a group.
#pragma once

#include "apis/common/dialect.h"

namespace coffer::apis::fileuploader {

// accounts.cc
Task<Reply> register_account(Exchange& exchange);
Task<Reply> log_in(Exchange& exchange);
Task<Reply> show_login(Exchange& exchange);
Task<Reply> refresh_token(Exchange& exchange);
Task<Reply> log_out(Exchange& exchange);

// upload.cc
Task<Reply> upload_file(Exchange& exchange);

// files.cc
Task<Reply> send_file(Exchange& exchange);
Task<Reply> delete_file(Exchange& exchange);
Task<Reply> list_files(Exchange& exchange);
Task<Reply> transfer_files(Exchange& exchange);

// groups.cc
Task<Reply> create_group(Exchange& exchange);
Task<Reply> delete_group(Exchange& exchange);
Task<Reply> list_groups(Exchange& exchange);
Task<Reply> leave_group(Exchange& exchange);
Task<Reply> generate_invite(Exchange& exchange);
Task<Reply> revoke_invites(Exchange& exchange);
Task<Reply> show_invite(Exchange& exchange);
Task<Reply> join_group(Exchange& exchange);

// invite_page.cc
Task<Reply> show_invite_page(Exchange& exchange);

// sharex.cc
Task<Reply> send_sharex(Exchange& exchange);

}  // namespace coffer::apis::fileuploader
