// The document's calls, one file a group.
#pragma once

#include "apis/common/dialect.h"

namespace coffer::apis::mediavault {

// auth.cc
Task<Reply> register_account(Exchange& exchange);
Task<Reply> log_in(Exchange& exchange);
Task<Reply> refresh(Exchange& exchange);
Task<Reply> log_out(Exchange& exchange);

// users.cc
Task<Reply> show_me(Exchange& exchange);
Task<Reply> update_me(Exchange& exchange);

// keys.cc
Task<Reply> create_key(Exchange& exchange);
Task<Reply> list_keys(Exchange& exchange);
Task<Reply> delete_key(Exchange& exchange);

// upload.cc
Task<Reply> upload_media(Exchange& exchange);

// media.cc
Task<Reply> list_media(Exchange& exchange);
Task<Reply> show_media(Exchange& exchange);
Task<Reply> update_media(Exchange& exchange);
Task<Reply> delete_media(Exchange& exchange);
Task<Reply> download_media(Exchange& exchange);

}  // namespace coffer::apis::mediavault
