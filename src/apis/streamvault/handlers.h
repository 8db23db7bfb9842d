// The document's calls, one file a group.
#pragma once

#include "apis/common/dialect.h"

namespace coffer::apis::streamvault {

// auth.cc
Task<Reply> register_account(Exchange& exchange);
Task<Reply> log_in(Exchange& exchange);
Task<Reply> show_me(Exchange& exchange);
Task<Reply> refresh_token(Exchange& exchange);
Task<Reply> verify_token(Exchange& exchange);

// chunks.cc
Task<Reply> begin_chunks(Exchange& exchange);
Task<Reply> upload_chunk(Exchange& exchange);
Task<Reply> complete_chunks(Exchange& exchange);
Task<Reply> show_chunks(Exchange& exchange);

// folders.cc
Task<Reply> create_folder(Exchange& exchange);
Task<Reply> update_folder(Exchange& exchange);
Task<Reply> show_folder(Exchange& exchange);
Task<Reply> update_folder_v4(Exchange& exchange);
Task<Reply> delete_folder_v4(Exchange& exchange);

// files.cc
Task<Reply> show_file(Exchange& exchange);
Task<Reply> replace_file(Exchange& exchange);
Task<Reply> move_file(Exchange& exchange);
Task<Reply> list_files(Exchange& exchange);
Task<Reply> update_file_v4(Exchange& exchange);
Task<Reply> delete_file_v4(Exchange& exchange);

// sharing.cc
Task<Reply> show_qr(Exchange& exchange);
Task<Reply> show_share(Exchange& exchange);
Task<Reply> limit_share(Exchange& exchange);
Task<Reply> revoke_share(Exchange& exchange);
Task<Reply> download_qr(Exchange& exchange);
Task<Reply> download_media(Exchange& exchange);

}  // namespace coffer::apis::streamvault
