// What the path or the query of a request names, among what its caller has.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <expected>
#include <optional>
#include <string_view>

#include "apis/gateway/dialect.h"
#include "apis/kit/entry_ref.h"
#include "apis/kit/rest_framework.h"
#include "vault/boxes/types.h"

namespace coffer::apis::boxes {

// Of the path's `id`; kNotFound. Boxes and assets by number, UUID or share token.
Task<std::expected<vault::Project, Problem>> find_project(RequestContext& context);
Task<std::expected<vault::Box, Problem>> find_box(RequestContext& context);
Task<std::expected<vault::Asset, Problem>> find_asset(RequestContext& context);

// Puts numbers in the place of the UUIDs and share tokens by which `body` refers to boxes, or to
// assets: in the field of that name, or in each element where it is a list of at most `max`. One
// that names nothing of the caller's is a fault of `fields`, in a list the number 0. REQUIRES:
// `fields` are those of `body`, and that field was not taken yet.
enum class Referred { kBox, kAsset };
Task<void> resolve_ids(RequestContext& context, boost::json::object& body, RestFields& fields,
                       std::string_view name, Referred what, std::size_t max = 0);

// The filter of that name; nothing when it is missing or empty. kInvalid for what is no number.
std::expected<std::optional<vault::SpaceId>, Problem> project_filter(const http::Request& request);
// The same; an id that is no box's where the caller has no such box.
Task<std::expected<std::optional<vault::EntryId>, Problem>> box_filter(RequestContext& context);

}  // namespace coffer::apis::boxes
