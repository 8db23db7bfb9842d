// Files to a vault and back, as streams.
#pragma once

#include <boost/json/object.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "client/session.h"

namespace coffer::client {

struct UploadOptions {
  std::string filename = {};
  std::string title = {};
  std::string description = {};
  std::vector<std::string> tags = {};
};

// The media object of the file that was stored. The vault compares its bytes with the checksum. An
// upload that no reply came for, of an earlier run too, is stored once (PendingUploads). `filename`
// is the name that it gets there; empty: that of the path. Throws Error.
boost::json::object upload(Session& session, const std::filesystem::path& path,
                           const UploadOptions& options, const Progress& progress);

// Gives a file of the vault the bytes of that one; its id, name and texts stay. `etag` is that of
// the content that is replaced: where it is another by now, ApiError says 412, and nothing is
// changed. The same.
boost::json::object replace(Session& session, const std::string& id, const std::string& etag,
                            const std::filesystem::path& path, const Progress& progress);

// The SHA-256 of a file as hexadecimal digits. Throws Error, for what is no file too.
std::string checksum_of_file(const std::filesystem::path& path, const Progress& progress = {});

// That of a media object; empty where the vault has not worked it out yet.
std::string checksum_of(const boost::json::object& media);

// Where the file of a media object is put that is to be at `target`: there, or, if that is a
// folder, in it, by the name that it has at the vault, made one that leads nowhere else.
std::filesystem::path place_of(const boost::json::object& media,
                               const std::filesystem::path& target);

// Whether a file is there whose bytes are those of the media object.
bool has_bytes_of(const std::filesystem::path& path, const boost::json::object& media,
                  const Progress& progress = {});

// Moves a file to where nothing is; false, and it stays, where something is. Throws Error.
bool move_to_free(const std::filesystem::path& from, const std::filesystem::path& to);

// Moves the file that was received, which is at `part`, to its place.
using Place = std::function<void(const std::filesystem::path& part)>;

// Where the file of a media object is until all of it is there: `.<name>.<id>.coffer-part` beside
// `path`, a name that nobody gives a file of their own.
std::filesystem::path part_of(const std::filesystem::path& path, const std::string& id);
// Whether it is such a name.
bool is_part(std::string_view name);
// Removes one, if it is there and no run receives it.
void remove_part(const std::filesystem::path& part);

// Downloads the file of a media object to `path`, where `place` puts it once all of it is there and
// was compared with its checksum. Until then it is at `part_of(path)`, which another run goes on
// with. Throws Error, also where another run receives it now, and what `place` throws.
void download(Session& session, const boost::json::object& media, const std::filesystem::path& path,
              Progress progress, const Place& place);

}  // namespace coffer::client
