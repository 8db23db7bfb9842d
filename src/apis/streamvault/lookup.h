// What a path names, for those who may read it.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string_view>

#include "apis/gateway/dialect.h"
#include "apis/kit/entry_ref.h"
#include "apis/streamvault/errors.h"

namespace coffer::apis::streamvault {

// A file or folder, and how the caller may read it.
struct Readable {
  vault::Entry entry;                    // as Shares::for_reader() gives it, where `share` is set
  std::optional<vault::ShareRef> share;  // nothing: as its owner
};

// The file or folder of the path's `id`: by whatever name for its owner, by a token for anyone.
// kNotFound also when it is the other thing; kNoCredentials where only an owner could be meant and
// nobody asks. REQUIRES: the route's access is kShared.
Task<std::expected<Readable, Problem>> find_shared(RequestContext& context, Resource resource);

// The same, whether file or folder; what is not there is a file.
Task<std::expected<Readable, Problem>> find_shared(RequestContext& context);

// The caller's own file or folder of the path's `id`. REQUIRES: context.caller is set.
Task<std::expected<vault::Entry, Problem>> find_own(RequestContext& context);

// The folder that a field names: nothing when the field is missing, an empty optional inside for
// no folder at all.
using WantedFolder = std::optional<std::optional<EntryRef>>;
using FoundFolder = std::optional<std::optional<vault::EntryId>>;

// Takes `name` out of what a PATCH sends where it is null: the document's own web client renames
// with a null parent and means no move. A PUT's null, and an empty text, mean no folder at all.
void drop_null_of_patch(const http::Request& request, boost::json::object& fields,
                        std::string_view name);

// Among the caller's own. kNotFound. REQUIRES: context.caller is set.
Task<std::expected<FoundFolder, Problem>> find_wanted(RequestContext& context, WantedFolder wanted);

// Where something new comes that is to lie in `folder`, one of the caller's own: in that folder's
// space, which may be one that another API made; without one, in the caller's home.
Task<vault::SpaceId> space_for(RequestContext& context, std::optional<vault::EntryId> folder);

}  // namespace coffer::apis::streamvault
