#include "apis/kit/share_link.h"

namespace coffer::apis {

std::string share_path(const Uuid& token, std::optional<Uuid> entry) {
  std::string path(kSharePrefix);
  path += '/' + token.str();
  if (entry) path += '/' + entry->str();
  return path;
}

std::string shared_content_path(const Uuid& token, std::optional<Uuid> entry) {
  return share_path(token, entry) + "/content";
}

std::string shared_thumbnail_path(const Uuid& token, std::optional<Uuid> entry) {
  return share_path(token, entry) + "/thumbnail";
}

std::string shared_image_path(const Uuid& token, std::optional<Uuid> entry) {
  return share_path(token, entry) + "/image";
}

}  // namespace coffer::apis
