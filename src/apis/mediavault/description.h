// Descriptions of the document's calls, one file a group, and the shapes that they share.
#pragma once

#include <vector>

#include "apis/gateway/description.h"

namespace coffer::apis::mediavault {

using Operations = std::vector<Operation>;

Operations describe_accounts();  // sessions, the account itself, keys
Operations describe_media();     // uploads, lists, changes, bytes
Operations describe_trash();
Operations describe_collections();
Operations describe_shares();
Operations describe_webhooks();

// Of `/realtime`, a document of its own.
ApiDescription describe_realtime();

// schemas.cc
std::vector<NamedSchema> schemas();
// A successful reply: `{"success": true, "data": …, "meta": …}`.
Schema envelope(Schema data);
// The same with a page of a list, and `meta.pagination`.
Schema page_of(Schema item);
// 200 with such a reply.
Answer answer(std::string about, Schema data, unsigned status = 200);
Answer page_answer(std::string about, Schema item);
// `{"id", "deleted": true}`
Answer deleted_answer();

// The parameters `page`, `per_page` and `cursor`.
std::vector<Parameter> page_parameters();
// The same of lists that are sent as a whole where none of them is there.
std::vector<Parameter> short_list_parameters();
// What all lists of media understand beside those: a text, a tag, dates.
void add_media_filters(std::vector<Parameter>& parameters);
// Of paths.
Parameter media_id_parameter(std::string name = "id");
Parameter collection_id_parameter();
Parameter webhook_id_parameter();
// Header fields.
Parameter if_match_parameter();
// The answer with its `ETag`.
Answer tagged(Answer answer, std::string about = "Strong; of all that the object shows");
// The same of what has counts beside what is set, and of a list.
Answer tagged_by_settings(Answer answer);
Answer tagged_list(Answer answer);

}  // namespace coffer::apis::mediavault
