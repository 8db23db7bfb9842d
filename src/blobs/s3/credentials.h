// Where the keys of the S3 service come from.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "blobs/s3/signature.h"

namespace coffer::blobs::s3 {

// Threads: any.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;

  // The keys to sign with now.
  virtual Credentials current() = 0;
  // The service has refused these; whether there are others now, which may be tried.
  virtual bool look_again(const Credentials& refused) = 0;
};

// Always the same.
std::unique_ptr<CredentialSource> fixed_credentials(Credentials credentials);

// Of the section `profile` of a file as AWS's tools share it (`aws_access_key_id = …`). The file is
// looked at every five seconds at most, and at once when keys are refused; where it cannot be read
// or lacks the keys, the last ones stay. Throws Error where it has none at first.
std::unique_ptr<CredentialSource> credentials_file(std::string path, std::string profile,
                                                   const Clock& clock);

}  // namespace coffer::blobs::s3
