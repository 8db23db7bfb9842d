// Public objects in a bucket.
#pragma once

#include <memory>
#include <string>

#include "blobs/places.h"
#include "blobs/public_objects.h"
#include "blobs/s3/background.h"
#include "blobs/s3/client.h"

namespace coffer::blobs::s3 {

// How everybody gets at them.
struct PublicAccess {
  std::string acl = "public-read";  // a canned ACL; empty: none, the bucket's policy permits reads
  // The host of their addresses, or a URL that begins them; empty: the service's own address.
  std::string domain = {};
};

// Made by a copy inside the service, which runs to its end in the background.
class S3PublicObjects final : public PublicObjects {
 public:
  // All outlive it.
  S3PublicObjects(Client& client, Places& places, Background& background, PublicAccess access)
      : client_(client), places_(places), background_(background), access_(std::move(access)) {}

  Task<std::shared_ptr<const Places::Holder>> copy(BlobRef blob, PublicForm form) override;
  std::string url(const Place& place) const override;

 private:
  Client& client_;
  Places& places_;
  Background& background_;
  const PublicAccess access_;
};

}  // namespace coffer::blobs::s3
