// Lists of media: their parameters, and their pages.
#pragma once

#include <expected>
#include <string>

#include "apis/gateway/dialect.h"
#include "apis/mediavault/pagination.h"
#include "vault/tree/entries.h"

namespace coffer::apis::mediavault {

struct ListRequest {
  vault::EntryQuery query;
  ListPage page;
  bool is_empty = false;  // asks for what cannot be there
};

// The query's parameters, with every fault reported at once. `in_collection`: of the list of one
// collection, which has orders of its own and no parameter `collection`.
std::expected<ListRequest, Problem> parse_list(const RequestContext& context, bool in_collection);

// Replies with that page. `path`: of the list, relative to the API's root, for its links.
Task<Reply> list_page(RequestContext& context, const ListRequest& list, std::string path);

}  // namespace coffer::apis::mediavault
