#include "apis/streamvault/wire.h"

#include <utility>

#include "apis/kit/human.h"
#include "apis/kit/json.h"
#include "apis/kit/picture_reply.h"
#include "apis/kit/share_link.h"

namespace coffer::apis::streamvault {
namespace {

boost::json::value uuid_or_null(const vault::Entry* entry) {
  if (!entry) return nullptr;
  return boost::json::string(entry->uuid.str());
}

boost::json::value id_or_null(std::optional<vault::EntryId> id) {
  if (!id) return nullptr;
  return id->value;
}

bool parts_a_url(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f ||
         std::string_view("/\\?#%").find(c) != std::string_view::npos;
}

}  // namespace

std::string thumbnail_url(const std::string& base_url, const vault::Entry& file) {
  if (!file.media || !file.media->thumbnail) return {};
  return base_url + shared_thumbnail_path(file.share) + '?' + picture_version(file);
}

boost::json::object file_object(const std::string& base_url, const vault::Entry& file,
                                const std::string* folder) {
  const std::string content = base_url + shared_content_path(file.share);
  static const vault::MediaFacts kNoFacts;
  const vault::MediaFacts& facts = file.media ? file.media->facts : kNoFacts;
  boost::json::value folder_name;
  if (folder) folder_name = *folder;
  return {{"id", file.id.value},
          {"file_name", file.name},
          {"name", file.name},
          {"folder", std::move(folder_name)},
          {"parent", id_or_null(file.parent)},
          {"size", human_size(file.size)},
          {"created_at", to_iso8601(file.created_at)},
          {"updated_at", to_iso8601(file.updated_at)},
          {"uuid", file.uuid.str()},
          {"token", file.share.str()},
          {"file_type", vault::name_of(file.type.kind)},
          {"type", vault::name_of(file.type.kind)},
          {"media_type", file.type.media_type},
          {"bytes", file.size},
          {"view_url", content},
          {"download_url", content},  // the web client shows it in place
          {"share_url", base_url + share_path(file.share)},
          {"thumbnail_url", thumbnail_url(base_url, file)},
          {"width", json_or_null(facts.width)},
          {"height", json_or_null(facts.height)},
          {"duration", json_or_null(facts.duration())}};
}

boost::json::object folder_object(const std::string& base_url, const vault::Entry& folder) {
  return {{"id", folder.id.value},
          {"name", folder.name},
          {"description", folder.description.value_or("")},
          {"parent", id_or_null(folder.parent)},
          {"uuid", folder.uuid.str()},
          {"token", folder.share.str()},
          {"created_at", to_iso8601(folder.created_at)},
          {"updated_at", to_iso8601(folder.updated_at)},
          {"share_url", base_url + share_path(folder.share)}};
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

std::string media_path(const vault::Entry& file) {
  std::string day = to_iso8601(file.created_at).substr(0, 10);
  for (char& c : day) {
    if (c == '-') c = '/';
  }
  std::string path = "uploads/" + day + '/' + file.media_uuid().str() + '_';
  for (const char c : file.name) path += parts_a_url(c) ? '_' : c;
  return path;
}

}  // namespace coffer::apis::streamvault
