#include "media/pool/program.h"

#include <unistd.h>

#include <array>
#include <climits>

namespace coffer::media {

std::optional<std::string> find_worker_program(std::string_view own_path) {
  const std::size_t slash = own_path.rfind('/');
  if (slash == own_path.npos) return std::nullopt;
  const std::string folder(own_path.substr(0, slash));
  for (const char* const place : {"/coffer-media", "/../libexec/coffer/coffer-media"}) {
    std::string path = folder + place;
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  return std::nullopt;
}

std::optional<std::string> find_worker_program() {
  std::array<char, PATH_MAX> path;
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
  if (length <= 0) return std::nullopt;
  return find_worker_program({path.data(), static_cast<std::size_t>(length)});
}

}  // namespace coffer::media
