// One object on its way into the bucket, whatever its size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/executor.h"
#include "base/hash.h"
#include "base/task.h"
#include "blobs/s3/background.h"
#include "blobs/s3/client.h"
#include "blobs/s3/scratch_file.h"

namespace coffer::blobs::s3 {

// What uploads share. All of it outlives them.
struct UploadContext {
  Client& client;
  Background& background;
  ThreadPool& io;      // for what may wait for the disk
  std::string folder;  // of scratch files
  // Of a part; twice as long after each thousand parts, so that ten thousand hold an object of any
  // size. S3 wants 5 MiB at least.
  std::uint64_t part_bytes = std::uint64_t{8} << 20U;
  std::size_t max_parallel = 4;  // parts that are sent at the same time
};

// A small object is one request; a larger one goes up in parts while its bytes come in. Parts lie
// in a scratch file until they have arrived: no bytes are held in memory once they are there, and
// at most max_parallel + 1 parts on the disk. Destroyed before finish() has returned: parts that
// arrived are removed in the background, and the object may be there or not. Threads: one at a
// time, on an executor that runs one thing at a time. Its tasks may be destroyed while they wait.
class ObjectUpload {
 public:
  // `key` was never used before. `keep` is held until no request of it is under way any more.
  // `fields`: of the object.
  ObjectUpload(UploadContext& context, std::string key, std::shared_ptr<const void> keep = {},
               http::Headers fields = {});
  ~ObjectUpload();
  ObjectUpload(const ObjectUpload&) = delete;
  ObjectUpload& operator=(const ObjectUpload&) = delete;

  // Takes `data`, which `keep` owns; that is held until all of it is on the disk. Never waits.
  void submit(std::shared_ptr<const void> keep, ByteView data);
  // Waits until what was submitted is on the disk, but for the last of it, and while too many parts
  // are under way. Throws what became of an earlier part; then the upload is of no more use.
  Task<void> settle();
  // Waits until all that was submitted is on the disk. Throws as settle() does.
  Task<void> written();
  // Whether some of it may not be yet.
  bool is_writing() const;

  // submit() and settle(), in as many portions as parts need.
  Task<void> append(std::shared_ptr<const void> keep, ByteView data);

  // The object is stored, durably, when it returns. REQUIRES: called once, last.
  Task<void> finish();
  // The same for all of an object that never was in the file. REQUIRES: nothing was submitted.
  Task<void> finish(Payload payload);

  std::uint64_t size() const noexcept { return size_; }

 private:
  class State;

  Task<void> send_part();
  Payload part_payload() const;
  void begin_part(std::size_t slot);

  UploadContext& context_;
  const std::shared_ptr<State> state_;
  std::uint64_t size_ = 0;
  std::uint32_t parts_ = 0;  // that were begun
  // Of the part that is being filled.
  std::size_t slot_ = 0;
  std::uint64_t part_bytes_ = 0;  // it is sent once it has that many
  std::uint64_t filled_ = 0;
  std::shared_ptr<Sha256> hash_;  // an I/O thread's until settle() has returned
};

}  // namespace coffer::blobs::s3
