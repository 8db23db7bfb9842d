// The document's calls, one file a group.
#pragma once

#include "apis/gateway/dialect.h"

namespace coffer::apis::streamvault {

// auth.cc
Task<Reply> register_account(RequestContext& context);
Task<Reply> log_in(RequestContext& context);
Task<Reply> show_me(RequestContext& context);
Task<Reply> refresh_token(RequestContext& context);
Task<Reply> verify_token(RequestContext& context);

// chunks.cc
Task<Reply> begin_chunks(RequestContext& context);
Task<Reply> upload_chunk(RequestContext& context);
Task<Reply> complete_chunks(RequestContext& context);
Task<Reply> show_chunks(RequestContext& context);

// folders.cc, folder_lists.cc
Task<Reply> create_folder(RequestContext& context);
Task<Reply> update_folder(RequestContext& context);
Task<Reply> show_folder(RequestContext& context);
Task<Reply> list_folders(RequestContext& context);
Task<Reply> search_folders(RequestContext& context);
Task<Reply> list_root_folders(RequestContext& context);
Task<Reply> update_folder_v4(RequestContext& context);
Task<Reply> delete_folder_v4(RequestContext& context);

// files.cc
Task<Reply> show_file(RequestContext& context);
Task<Reply> preview_file(RequestContext& context);
Task<Reply> replace_file(RequestContext& context);
// The same, answered with the file.
Task<Reply> replace_and_show_file(RequestContext& context);
Task<Reply> move_file(RequestContext& context);
Task<Reply> list_files(RequestContext& context);
Task<Reply> update_file_v4(RequestContext& context);
Task<Reply> delete_file_v4(RequestContext& context);

// sharing.cc
Task<Reply> show_qr(RequestContext& context);
Task<Reply> show_share(RequestContext& context);
Task<Reply> limit_share(RequestContext& context);
Task<Reply> revoke_share(RequestContext& context);
Task<Reply> download_qr(RequestContext& context);
Task<Reply> download_media(RequestContext& context);

}  // namespace coffer::apis::streamvault
