// The document's calls, one file a group.
#pragma once

#include "apis/common/dialect.h"
#include "apis/quantum/quantum.h"

namespace coffer::apis::quantum {

// buckets.cc
Task<Reply> list_buckets(RequestContext& exchange);
Task<Reply> create_bucket(RequestContext& exchange);
Task<Reply> remove_bucket(RequestContext& exchange);

// tokens.cc
Task<Reply> create_token(RequestContext& exchange);
Task<Reply> remove_token(RequestContext& exchange);
Task<Reply> remove_tokens(RequestContext& exchange);

// add.cc
Task<Reply> add_files(RequestContext& exchange);

// files.cc
Task<Reply> make_directory(RequestContext& exchange);
Task<Reply> remove_file(RequestContext& exchange);
Task<Reply> issue_download(RequestContext& exchange);
Task<Reply> download(RequestContext& exchange);

// server.cc
Task<Reply> show_quota(RequestContext& exchange);
Task<Reply> show_status(RequestContext& exchange, const UpgradablePackages& packages);

}  // namespace coffer::apis::quantum
