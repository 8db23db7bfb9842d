// The document's calls, one file a group.
#pragma once

#include "apis/gateway/dialect.h"
#include "apis/quantum/quantum.h"

namespace coffer::apis::quantum {

// buckets.cc
Task<Reply> list_buckets(RequestContext& context);
Task<Reply> create_bucket(RequestContext& context);
Task<Reply> remove_bucket(RequestContext& context);

// tokens.cc
Task<Reply> create_token(RequestContext& context);
Task<Reply> remove_token(RequestContext& context);
Task<Reply> remove_tokens(RequestContext& context);

// add.cc
Task<Reply> add_files(RequestContext& context);

// files.cc
Task<Reply> make_directory(RequestContext& context);
Task<Reply> remove_file(RequestContext& context);
Task<Reply> issue_download(RequestContext& context);
Task<Reply> download(RequestContext& context);

// server.cc
Task<Reply> show_quota(RequestContext& context);
Task<Reply> show_status(RequestContext& context, const UpgradablePackages& packages);

// description.cc
ApiDescription describe();

}  // namespace coffer::apis::quantum
