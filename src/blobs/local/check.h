// Compares everything that a store holds with its names and checksums (docs/blob-store.md).
#pragma once

#include <cstdint>
#include <string>

#include "base/hash.h"
#include "blobs/local/disk.h"

namespace coffer::blobs {

// A blob that the store would answer with.
struct CheckedBlob {
  Sha256Digest digest;
  std::uint64_t size = 0;
  bool is_sound = false;  // its bytes are those of its name
};

// What a check finds out, while it goes on.
class CheckVisitor {
 public:
  virtual ~CheckVisitor() = default;

  // `part` of the store, a file or a place in one, is not as it was written.
  virtual void damaged(const std::string& part, const std::string& problem) = 0;
  // The next start will change something there, or one has passed over what was no good record. If
  // anything that was answered is missing, the database tells.
  virtual void noticed(const std::string& part, const std::string& what) = 0;
  // After all segments and the files of that name were read; in order of names, each once.
  virtual void found(const CheckedBlob& blob) = 0;
  // `bytes` were read so far, of segments and folders the first `done` of `all` completely.
  virtual void advanced(std::uint64_t bytes, unsigned done, unsigned all) = 0;
};

// Whether the folder holds blobs or segments of a store. Makes nothing. Throws Error.
bool holds_blobs(Disk& disk);

// Reads every record of every segment and every blob's file, one after the other and each from
// its beginning to its end. Changes nothing. Holds the names of small blobs in memory as a server
// does, and little more. Blocks; throws Error when a folder cannot be read.
// REQUIRES: no store uses the folder.
void check_local_store(Disk& disk, CheckVisitor& visitor);

}  // namespace coffer::blobs
