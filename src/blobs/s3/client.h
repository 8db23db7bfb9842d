// One bucket of an S3 service.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/entropy.h"
#include "base/task.h"
#include "blobs/blob_store.h"
#include "blobs/s3/credentials.h"
#include "blobs/s3/errors.h"
#include "blobs/s3/part_list.h"
#include "http/upstream.h"

namespace coffer::blobs::s3 {

struct ClientOptions {
  std::string endpoint;  // `https://host[:port]`, without a path
  std::string region = "us-east-1";
  std::string bucket;
  // `endpoint/bucket/key`, else `bucket.endpoint/key`.
  bool path_style = true;
  // How long a call goes on trying; what is under way then is waited for.
  std::chrono::milliseconds deadline = std::chrono::seconds(30);
  // Of an attempt, from start to end; 0: as long as is reasonable for what is sent, or what the
  // service has to do. What is read as it comes has no such bound: its reader sets the pace.
  std::chrono::milliseconds attempt_timeout{0};
  // Before the second attempt; twice as long before each further one, and 5 s at most. Half of it
  // is random.
  std::chrono::milliseconds first_delay{100};
  // Larger objects are copied in parts of that size: each is to be done before a silent connection
  // is given up. S3 takes 5 MiB to 5 GiB.
  std::uint64_t copy_bytes = std::uint64_t{64} << 20U;
};

// How the client fared since it was made.
struct ClientCounts {
  std::uint64_t requests = 0;    // attempts that were sent
  std::uint64_t retries = 0;     // of them: after one that failed
  std::uint64_t refused = 0;     // of them: answered with an error
  std::uint64_t unanswered = 0;  // of them: the service was not reached, or gave no whole answer
  std::uint64_t failures = 0;    // calls that came to nothing
  std::uint64_t sent_bytes = 0;  // of payloads that were taken
  std::uint64_t received_bytes = 0;  // of objects
  std::uint64_t running = 0;         // requests whose answer is waited for, now
};
ClientCounts operator+(const ClientCounts& a, const ClientCounts& b) noexcept;

// What is sent: its bytes and their digest, which is signed, so that nothing else can be stored.
struct Payload {
  std::shared_ptr<const http::UpstreamBody> body;
  Sha256Digest digest;
};
// One of bytes in memory.
Payload payload_of(std::string bytes);

// An upload in parts that has begun.
struct BegunUpload {
  std::string id;
  // An earlier attempt may have begun another one of the key, whose id nobody knows.
  bool may_have_others = false;
};

struct ListedObject {
  std::string key;
  std::uint64_t size = 0;
};
struct ObjectPage {
  std::vector<ListedObject> objects;  // in order of keys
  bool is_end = true;
};

class Download;

// Every call is tried again, after growing delays, when the service is busy or broken, cannot be
// reached or breaks the connection, until the deadline; then it throws UnavailableError, and when
// the service refuses Error, or NoSpaceError where a quota is reached, with what it said. Where the
// clocks differ, requests are signed with the time that the service's replies are dated with, and
// where that is refused with the machine's. Threads: any executor's, that runs
// one thing at a time. A task may be destroyed while it waits.
class Client {
 public:
  // All outlive it.
  Client(http::UpstreamClient& http, CredentialSource& credentials, const Clock& clock,
         Entropy& entropy, ClientOptions options);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Stores an object, in one request; its ETag. `fields`: further ones, such as `cache-control`.
  Task<std::string> put(std::string key, Payload payload, http::Headers fields = {});

  // An upload in parts. Ended by complete_upload() or abort_uploads().
  Task<BegunUpload> begin_upload(std::string key, http::Headers fields = {});
  // The part's ETag; empty where the service gave none.
  Task<std::string> put_part(std::string key, std::string upload, std::uint32_t number,
                             Payload payload);
  // Makes the object of them. `size`: of all of them, by which it is recognized where the answer to
  // an earlier attempt was lost. Where the service does not know one by its ETag, it is asked for
  // the ETags once more: the bytes of each part were signed.
  Task<void> complete_upload(std::string key, std::string upload, std::vector<UploadedPart> parts,
                             std::uint64_t size);
  // Ends every unfinished upload of the key, so that no part of it is left.
  Task<void> abort_uploads(std::string key);

  // Stores a copy of an object of `size` bytes under another key, inside the service; it has
  // `fields` instead of the original's. What fails may leave an upload in parts of the key `to`.
  Task<void> copy(std::string from, std::string to, std::uint64_t size, http::Headers fields);

  // Removes the object, if there is one.
  Task<void> remove(std::string key);

  // The size of the object; nothing when there is none.
  Task<std::optional<std::uint64_t>> size(std::string key);

  // Some objects whose keys begin with `prefix` and follow `after` (empty: from the first). For
  // checks alone: no object is ever found that way by a store.
  Task<ObjectPage> list(std::string prefix, std::string after);

  // Throws unless the bucket is there and may be used.
  Task<void> check();

  // `size` bytes of an object from `offset` on; asked for when they are read. The client outlives
  // it.
  std::unique_ptr<Download> get(std::string key, std::uint64_t offset, std::uint64_t size);

  // Where the object is, for whoever may read it without a signature.
  std::string url(const std::string& key) const;

  ClientCounts counts() const noexcept;

 private:
  friend class Download;

  struct Call {
    std::string method;
    std::string key;  // empty: the bucket itself
    std::vector<std::pair<std::string, std::string>> query = {};
    http::Headers fields = {};
    std::optional<Payload> payload = {};
    bool accepts_missing = false;       // 404 is an answer
    bool accepts_invalid_part = false;  // so is InvalidPart
    std::uint64_t worked_bytes = 0;     // that the service copies, or joins
    bool is_counted = false;            // how often it was sent matters
  };
  // The answer and, unless it is `streamed`, its body.
  struct Answer {
    std::unique_ptr<http::UpstreamReply> reply;
    std::string body;
  };
  enum class Body : std::uint8_t { kRead, kStreamed };
  // Counts the attempts of a call and waits between them.
  class Attempts;

  Task<Answer> call(Call call, Body body);
  Task<Answer> call(Call call, Body body, Attempts& attempts);
  // The body of an answer that has an element of that name. Some calls are answered with 200 before
  // the service is done, which may fail then.
  Task<std::string> call_for(Call call, std::string element);
  // Waits before another attempt, or throws what the refusal means.
  Task<void> again_after(ErrorReply refusal, std::string_view method, Attempts& attempts);
  Task<void> copy_in_parts(std::string source, std::string to, std::uint64_t size,
                           http::Headers fields);
  // What requests are signed with.
  struct Signer {
    Credentials credentials;
    std::chrono::microseconds skew{0};
  };
  Task<Answer> attempt(const Call& call, Body body, const Signer& signer);
  http::UpstreamRequest sign(const Call& call, const Signer& signer);
  // How long an attempt may take.
  std::chrono::milliseconds bound_of(const Call& call) const;
  // What completes an upload of `count` parts, with the ETags that the service lists.
  Task<Payload> listed_completion(std::string key, std::string upload, std::size_t count);
  // Whether what was signed so may have been refused for its time.
  bool is_clock_off(const http::UpstreamReply& reply, const Signer& signer) const;
  void set_clock(const http::UpstreamReply& reply, const Signer& signer);

  http::UpstreamClient& http_;
  CredentialSource& credentials_;
  const Clock& clock_;
  Entropy& entropy_;
  const ClientOptions options_;
  const std::string base_url_;  // of the bucket
  const std::string host_;
  const std::string path_;  // in front of keys
  RequestSigner request_signer_;
  // The service's clock is that far ahead.
  std::atomic<std::int64_t> skew_micros_ = 0;
  std::atomic<std::uint64_t> requests_ = 0;
  std::atomic<std::uint64_t> retries_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
  std::atomic<std::uint64_t> unanswered_ = 0;
  std::atomic<std::uint64_t> failures_ = 0;
  std::atomic<std::uint64_t> sent_bytes_ = 0;
  std::atomic<std::uint64_t> received_bytes_ = 0;
  std::atomic<std::uint64_t> running_ = 0;
};

// Bytes of an object, as they come. What breaks off is gone on with where it broke, as long as
// something comes within the deadline. Threads: as the client's.
class Download {
 public:
  ~Download();
  Download(const Download&) = delete;
  Download& operator=(const Download&) = delete;

  // Waits for the answer, unless it is there. Throws as read() does.
  Task<void> begin();
  // The next bytes, at least one; 0 when all have come. Throws as the client does, also where there
  // is no such object, or it is not what it was when the first bytes came. The task may be
  // destroyed while it waits. REQUIRES: `into` is not empty and lives until the task has ended.
  Task<std::size_t> read(ByteSpan into);

 private:
  friend class Client;
  Download(Client& client, std::string key, std::uint64_t offset, std::uint64_t size);

  Task<void> begin(Client::Attempts& attempts);

  Client& client_;
  const std::string key_;
  std::uint64_t offset_;  // of the next byte
  std::uint64_t left_;
  std::string etag_;  // of the object; empty before the first answer
  std::unique_ptr<http::UpstreamReply> reply_;
};

}  // namespace coffer::blobs::s3
