// The document's calls, one file a group.
#pragma once

#include "apis/gateway/dialect.h"

namespace coffer::apis::boxes {

ApiDescription describe();

// auth.cc
Task<Reply> register_account(RequestContext& context);
Task<Reply> log_in(RequestContext& context);
Task<Reply> obtain_token(RequestContext& context);
Task<Reply> refresh_token(RequestContext& context);
Task<Reply> show_me(RequestContext& context);

// projects.cc
Task<Reply> list_projects(RequestContext& context);
Task<Reply> create_project(RequestContext& context);
Task<Reply> show_project(RequestContext& context);
Task<Reply> update_project(RequestContext& context);
Task<Reply> delete_project(RequestContext& context);

// boxes.cc
Task<Reply> list_boxes(RequestContext& context);
Task<Reply> list_boxes_of_project(RequestContext& context);
Task<Reply> create_box(RequestContext& context);
Task<Reply> show_box(RequestContext& context);
Task<Reply> update_box(RequestContext& context);
Task<Reply> delete_box(RequestContext& context);
Task<Reply> reorder_boxes(RequestContext& context);
Task<Reply> set_headliner(RequestContext& context);

// assets.cc
Task<Reply> list_assets(RequestContext& context);
Task<Reply> list_assets_of_box(RequestContext& context);
Task<Reply> show_asset(RequestContext& context);
Task<Reply> update_asset(RequestContext& context);
Task<Reply> delete_asset(RequestContext& context);
Task<Reply> reorder_assets(RequestContext& context);
Task<Reply> favor_asset(RequestContext& context);
Task<Reply> send_public_file(RequestContext& context);
Task<Reply> send_public_thumbnail(RequestContext& context);

// upload.cc
Task<Reply> upload_to_box(RequestContext& context);
Task<Reply> create_asset(RequestContext& context);

// ai_models.cc
Task<Reply> list_ai_models(RequestContext& context);
Task<Reply> create_ai_model(RequestContext& context);
Task<Reply> show_ai_model(RequestContext& context);
Task<Reply> update_ai_model(RequestContext& context);
Task<Reply> delete_ai_model(RequestContext& context);

}  // namespace coffer::apis::boxes
