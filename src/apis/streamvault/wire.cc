#include "apis/streamvault/wire.h"

#include <boost/json/serialize.hpp>
#include <utility>
#include <vector>

#include "apis/common/human.h"
#include "apis/common/json.h"
#include "apis/common/share_link.h"

namespace coffer::apis::streamvault {
namespace {

boost::json::value uuid_or_null(const vault::Entry* entry) {
  if (!entry) return nullptr;
  return boost::json::string(entry->uuid.str());
}

bool parts_a_url(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f ||
         std::string_view("/\\?#%").find(c) != std::string_view::npos;
}

}  // namespace

boost::json::object file_object(const Exchange& exchange, const vault::Entry& file,
                                const vault::Entry* folder) {
  const std::string& base = exchange.client.base_url;
  const std::string content = base + shared_content_path(file.share);
  boost::json::value folder_name;
  if (folder) folder_name = folder->name;
  return {{"id", file.id.value},
          {"file_name", file.name},
          {"folder", std::move(folder_name)},
          {"size", human_size(file.size)},
          {"created_at", to_iso8601(file.created_at)},
          {"updated_at", to_iso8601(file.updated_at)},
          {"uuid", file.uuid.str()},
          {"token", file.share.str()},
          {"file_type", vault::name_of(file.type.kind)},
          {"media_type", file.type.media_type},
          {"bytes", file.size},
          {"view_url", content},
          {"download_url", content + std::string(kDownloadQuery)},
          {"share_url", base + share_path(file.share)}};
}

boost::json::object folder_object(const Exchange& exchange, const vault::Entry& folder) {
  return {{"id", folder.id.value},
          {"name", folder.name},
          {"description", folder.description.value_or("")},
          {"uuid", folder.uuid.str()},
          {"token", folder.share.str()},
          {"created_at", to_iso8601(folder.created_at)},
          {"updated_at", to_iso8601(folder.updated_at)},
          {"share_url", exchange.client.base_url + share_path(folder.share)}};
}

boost::json::object file_object_v4(const vault::Entry& file, const vault::Entry* folder) {
  return {{"id", file.uuid.str()},
          {"name", file.name},
          {"token", file.share.str()},
          {"file_type", vault::name_of(file.type.kind)},
          {"folder", uuid_or_null(folder)},
          {"file", media_path(file)},
          {"size", file.size}};
}

boost::json::object folder_object_v4(const vault::Entry& folder, const vault::Entry* parent) {
  return {{"id", folder.uuid.str()},
          {"name", folder.name},
          {"token", folder.share.str()},
          {"parent", uuid_or_null(parent)}};
}

const vault::Entry* parent_in(const std::map<vault::EntryId, vault::Entry>& parents,
                              const vault::Entry& entry) {
  if (!entry.parent) return nullptr;
  const auto found = parents.find(*entry.parent);
  return found == parents.end() ? nullptr : &found->second;
}

Task<std::optional<vault::Entry>> parent_of(Exchange& exchange, vault::Entry entry) {
  if (!entry.parent) co_return std::nullopt;
  const std::vector<vault::Entry> entries{std::move(entry)};
  const auto parents = co_await exchange.vault.folders().parents_of(entries);
  const vault::Entry* parent = parent_in(parents, entries.front());
  if (!parent) co_return std::nullopt;
  co_return *parent;
}

std::string media_path(const vault::Entry& file) {
  std::string day = to_iso8601(file.created_at).substr(0, 10);
  for (char& c : day) {
    if (c == '-') c = '/';
  }
  std::string path = "uploads/" + day + '/' + file.uuid.str() + '_';
  for (const char c : file.name) path += parts_a_url(c) ? '_' : c;
  return path;
}

void JsonList::add(const boost::json::object& object) {
  if (text_.size() > 1) text_ += ',';
  text_ += boost::json::serialize(object);
}

std::string JsonList::finish() {
  text_ += ']';
  return std::move(text_);
}

}  // namespace coffer::apis::streamvault
