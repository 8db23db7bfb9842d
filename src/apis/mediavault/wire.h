// The shapes of the document: envelopes, objects, ids.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apis/gateway/dialect.h"
#include "apis/kit/entry_ref.h"
#include "apis/kit/json_writer.h"
#include "apis/kit/list_reply.h"
#include "vault/model/types.h"
#include "vault/tree/collections.h"

namespace coffer::apis::mediavault {

// These are made in the context's memory.

// `{"success": true, "data": …, "meta": {timestamp, version}}`
boost::json::object envelope(RequestContext& context, boost::json::value data);
http::Response success(RequestContext& context, boost::json::value data, unsigned status = 200);
// The same with what is written already.
http::Response success(RequestContext& context, const WrittenJson& data, unsigned status = 200);
http::Response success(const WrittenJson& data, const WrittenJson& meta, unsigned status = 200);
// What `meta` holds in every reply.
ObjectWriter meta_members(RequestContext& context);
// The same with a list that is made while it is sent, and with what else `meta` holds, not empty,
// which is asked for when the list has been made; both outlive the context. One that is short
// enough to be sent as a whole has an ETag.
using MakeMeta = std::move_only_function<boost::json::object()>;
Task<Reply> list_success(RequestContext& context, NextPage data, MakeMeta more_meta);

// Gives a reply with an envelope the tag of all that it shows but its time, unless it is made while
// it is sent.
void tag_list(http::Response& response);

// Whether a file's object leads to its bytes. Nothing leads to those of one that is deleted.
enum class FileLinks { kShown, kNone };

// More bytes than most objects of files have.
inline constexpr std::size_t kMediaObjectBytes = 1024;

// The members of a file's object. `api_url`: where the API is, as the client sees it;
// `collections`: those that the file is in. They tell where a picture was taken. REQUIRES: sent to
// the file's owner and nobody else.
ObjectWriter media_members(vault::Vault& vault, std::string_view api_url, const vault::Entry& entry,
                           std::span<const vault::CollectionId> collections = {},
                           FileLinks links = FileLinks::kShown);
ObjectWriter media_members(RequestContext& context, const vault::Entry& entry,
                           std::span<const vault::CollectionId> collections = {},
                           FileLinks links = FileLinks::kShown);
WrittenJson media_object(RequestContext& context, const vault::Entry& entry,
                         std::span<const vault::CollectionId> collections = {});
// 201 with the object of one file, or those of several in an array.
http::Response uploaded(RequestContext& context, std::span<const WrittenJson> media);
// Where the API is, as the client sees it.
std::string api_url_of(const RequestContext& context);

// The collections that each file of `entries`, all of one owner, is in.
Task<std::vector<std::vector<vault::CollectionId>>> collections_of(
    vault::Vault& vault, vault::AccountId owner, std::span<const vault::Entry> entries);
Task<std::vector<vault::CollectionId>> collections_of(RequestContext& context,
                                                      const vault::Entry& entry);

boost::json::object collection_object(const vault::Collection& collection);
// `col_12` or `12`.
std::optional<vault::CollectionId> parse_collection_id(std::string_view text);

boost::json::object user_object(const vault::Account& account);

// `media_12`, `col_3`, `user_7`.
std::string media_id(vault::EntryId id);
std::string collection_id(vault::CollectionId id);
std::string user_id(vault::AccountId id);

// `media_12`, `12` or a UUID names a file.
std::optional<EntryRef> parse_media_id(std::string_view text);

}  // namespace coffer::apis::mediavault
