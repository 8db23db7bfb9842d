// The document's calls, one file a group.
#pragma once

#include "apis/common/dialect.h"
#include "apis/quantum/quantum.h"

namespace coffer::apis::quantum {

// buckets.cc
Task<Reply> list_buckets(Exchange& exchange);
Task<Reply> create_bucket(Exchange& exchange);
Task<Reply> remove_bucket(Exchange& exchange);

// tokens.cc
Task<Reply> create_token(Exchange& exchange);
Task<Reply> remove_token(Exchange& exchange);
Task<Reply> remove_tokens(Exchange& exchange);

// add.cc
Task<Reply> add_files(Exchange& exchange);

// files.cc
Task<Reply> make_directory(Exchange& exchange);
Task<Reply> remove_file(Exchange& exchange);
Task<Reply> issue_download(Exchange& exchange);
Task<Reply> download(Exchange& exchange);

// server.cc
Task<Reply> show_quota(Exchange& exchange);
Task<Reply> show_status(Exchange& exchange, const UpgradablePackages& packages);

}  // namespace coffer::apis::quantum
