// The document's calls, one file a group.
#pragma once

#include "apis/common/dialect.h"

namespace coffer::apis::streamvault {

// auth.cc
Task<Reply> register_account(RequestContext& exchange);
Task<Reply> log_in(RequestContext& exchange);
Task<Reply> show_me(RequestContext& exchange);
Task<Reply> refresh_token(RequestContext& exchange);
Task<Reply> verify_token(RequestContext& exchange);

// chunks.cc
Task<Reply> begin_chunks(RequestContext& exchange);
Task<Reply> upload_chunk(RequestContext& exchange);
Task<Reply> complete_chunks(RequestContext& exchange);
Task<Reply> show_chunks(RequestContext& exchange);

// folders.cc
Task<Reply> create_folder(RequestContext& exchange);
Task<Reply> update_folder(RequestContext& exchange);
Task<Reply> show_folder(RequestContext& exchange);
Task<Reply> update_folder_v4(RequestContext& exchange);
Task<Reply> delete_folder_v4(RequestContext& exchange);

// files.cc
Task<Reply> show_file(RequestContext& exchange);
Task<Reply> replace_file(RequestContext& exchange);
Task<Reply> move_file(RequestContext& exchange);
Task<Reply> list_files(RequestContext& exchange);
Task<Reply> update_file_v4(RequestContext& exchange);
Task<Reply> delete_file_v4(RequestContext& exchange);

// sharing.cc
Task<Reply> show_qr(RequestContext& exchange);
Task<Reply> show_share(RequestContext& exchange);
Task<Reply> limit_share(RequestContext& exchange);
Task<Reply> revoke_share(RequestContext& exchange);
Task<Reply> download_qr(RequestContext& exchange);
Task<Reply> download_media(RequestContext& exchange);

}  // namespace coffer::apis::streamvault
