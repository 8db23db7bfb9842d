#include "blobs/s3/s3_public_objects.h"

#include <utility>

#include "blobs/s3/keys.h"

namespace coffer::blobs::s3 {
namespace {

// What the copy needs, for as long as a request of it is under way.
Task<void> copy_held(Client& client, BlobRef blob, http::Headers fields,
                     std::shared_ptr<const Places::Holder> holder) {
  co_await client.copy(key_of(blob.place), key_of(holder->place()), blob.size, std::move(fields));
}

}  // namespace

Task<std::shared_ptr<const Places::Holder>> S3PublicObjects::copy(BlobRef blob, PublicForm form) {
  http::Headers fields;
  fields.add("content-type", form.media_type);
  fields.add("cache-control", form.cache_control);
  if (!access_.acl.empty()) fields.add("x-amz-acl", access_.acl);
  auto holder = co_await places_.take(std::move(form.extension));
  Background::Work work = [this, blob, fields = std::move(fields), holder]() mutable {
    return copy_held(client_, blob, std::move(fields), std::move(holder));
  };
  co_await background_.see_through("public object", std::move(work));
  co_return holder;
}

std::string S3PublicObjects::url(const Place& place) const {
  const std::string key = key_of(place);
  if (access_.domain.empty()) return client_.url(key);
  const bool has_scheme = access_.domain.find("://") != std::string::npos;
  std::string url = has_scheme ? access_.domain : "https://" + access_.domain;
  if (!url.ends_with('/')) url += '/';
  return url + encode_path(key);
}

}  // namespace coffer::blobs::s3
