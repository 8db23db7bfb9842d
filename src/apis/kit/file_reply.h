// Replies that carry a file's bytes.
#pragma once

#include "apis/gateway/dialect.h"
#include "apis/gateway/problem.h"
#include "vault/model/types.h"

namespace coffer::apis {

// The bytes of `entry`, or the part that the request asks for. User content can do nothing on
// the vault's own origin: its type is not guessed, and what could run script is sandboxed.
// `disposition` is `inline` or `attachment`; where is_download(), it is `attachment`.
Task<Reply> file_reply(RequestContext& context, const vault::Entry& entry,
                       std::string_view disposition);

// Whether the request asks for a file to keep, whatever a browser could show of it: `?download=1`.
bool is_download(const http::Request& request);

}  // namespace coffer::apis
