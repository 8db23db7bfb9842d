// Lists of media: their parameters, and their pages.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "apis/gateway/dialect.h"
#include "apis/mediavault/pagination.h"
#include "vault/sharing/list_cursors.h"
#include "vault/tree/entries.h"

namespace coffer::apis::mediavault {

struct ListRequest {
  vault::EntryQuery query;
  ListPage page;
  // Set: pages follow each other by cursors. Of the first page, it says nothing.
  std::optional<vault::ListCursor> cursor;
  bool is_empty = false;  // asks for what cannot be there
};

// The query's parameters, with every fault reported at once. `collection`: of the list of that
// collection, which has orders of its own and no parameter `collection`.
std::expected<ListRequest, Problem> parse_list(const RequestContext& context,
                                               std::optional<vault::CollectionId> collection);

// Replies with that page. `path`: of the list, relative to the API's root, for its links.
Task<Reply> list_page(RequestContext& context, const ListRequest& list, std::string path);

}  // namespace coffer::apis::mediavault
