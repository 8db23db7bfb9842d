// The document's calls, one file a group.
#pragma once

#include "apis/common/dialect.h"

namespace coffer::apis::mediavault {

// auth.cc
Task<Reply> register_account(RequestContext& exchange);
Task<Reply> log_in(RequestContext& exchange);
Task<Reply> refresh(RequestContext& exchange);
Task<Reply> log_out(RequestContext& exchange);

// users.cc
Task<Reply> show_me(RequestContext& exchange);
Task<Reply> update_me(RequestContext& exchange);

// keys.cc
Task<Reply> create_key(RequestContext& exchange);
Task<Reply> list_keys(RequestContext& exchange);
Task<Reply> delete_key(RequestContext& exchange);

// upload.cc
Task<Reply> upload_media(RequestContext& exchange);

// media.cc
Task<Reply> list_media(RequestContext& exchange);
Task<Reply> show_media(RequestContext& exchange);
Task<Reply> update_media(RequestContext& exchange);
Task<Reply> delete_media(RequestContext& exchange);
Task<Reply> download_media(RequestContext& exchange);

}  // namespace coffer::apis::mediavault
