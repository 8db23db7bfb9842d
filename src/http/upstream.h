// Requests to servers that the operator chose, such as a blob store, over libcurl: bodies of any
// size are streamed both ways.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/one_shot_event.h"
#include "base/task.h"
#include "http/message.h"

namespace coffer::http {

// Why a request got no reply, or not all of it.
enum class UpstreamFault : std::uint8_t {
  kUnreachable,  // no connection was made: nothing has been sent
  kBroken,       // the connection broke; the server may have done what it was asked for
  kTimedOut,     // nothing moved for too long, or all of it took too long; the same
  kUntrusted,    // the certificate is not valid for the name, or signed by nobody who is trusted
  kOther,        // the machine, or the body that was to be sent, failed
};

// The message is a clause for operators: `it accepts no connection`.
class UpstreamError : public std::runtime_error {
 public:
  UpstreamError(UpstreamFault fault, const std::string& what)
      : std::runtime_error(what), fault_(fault) {}
  UpstreamFault fault() const noexcept { return fault_; }

 private:
  UpstreamFault fault_;
};

// What is sent with a request. Asked on the client's thread, for parts of it more than once.
class UpstreamBody {
 public:
  virtual ~UpstreamBody() = default;
  virtual std::uint64_t size() const noexcept = 0;
  // Fills `into` with what stands at `offset`. It should not wait for a disk. What it throws ends
  // the request. REQUIRES: the body reaches that far.
  virtual void read(ByteSpan into, std::uint64_t offset) const = 0;
};

struct UpstreamRequest {
  std::string method;  // upper case
  std::string url;     // http or https
  Headers headers = {};
  std::shared_ptr<const UpstreamBody> body = {};
  std::chrono::milliseconds timeout{0};  // from start to end; 0: however long, while bytes move
  // On a connection of its own. Otherwise a connection that was kept and turns out to be broken is
  // replaced, and what the server may have got there is sent again.
  bool is_sent_once = false;
};

class UpstreamClient;

// A reply whose head has come. Destroyed before its end was read: the connection is closed.
// Threads: one at a time, on an executor that runs one thing at a time. The client outlives it.
class UpstreamReply {
 public:
  class Transfer;

  UpstreamReply(UpstreamClient& client, std::shared_ptr<Transfer> transfer, unsigned status,
                Headers headers);
  ~UpstreamReply();
  UpstreamReply(const UpstreamReply&) = delete;
  UpstreamReply& operator=(const UpstreamReply&) = delete;

  unsigned status() const noexcept { return status_; }
  const Headers& headers() const noexcept { return headers_; }

  // The next bytes of the body, at least one; 0 at its end. Throws UpstreamError where it broke
  // off. No more than Options::read_ahead is taken from the server before it is asked for. The task
  // may be destroyed while it waits. REQUIRES: `into` is not empty and lives until the task has
  // ended.
  Task<std::size_t> read(ByteSpan into);
  // What is left of it, up to `max` bytes; the rest is left in the connection, which is closed.
  Task<std::string> read_text(std::size_t max);

 private:
  UpstreamClient& client_;
  const std::shared_ptr<Transfer> transfer_;
  const unsigned status_;
  const Headers headers_;
};

// HTTP/1.1 with any number of requests at the same time, on a thread of its own. Redirects are not
// followed, certificates are verified, no proxy and no environment variable is looked at.
// Memory of a request: read_ahead where its reply has a long body, and some 50 KiB.
// Threads: made and destroyed by one; the rest from any.
class UpstreamClient {
 public:
  struct Options {
    std::chrono::milliseconds connect_timeout = std::chrono::seconds(5);
    // How long a request may go on while nothing moves, also while it waits for a connection; time
    // in which the reply waits to be read does not count.
    std::chrono::milliseconds stall_timeout = std::chrono::seconds(30);
    std::size_t max_connections = 256;  // at the same time; further requests wait for one
    std::size_t read_ahead = std::size_t{128} * 1024;  // of a reply's body
    std::size_t head_max = std::size_t{64} * 1024;     // bytes of all fields of a reply
    std::string certificates = {};  // file of certificates to trust (PEM); empty: the system's
    std::string user_agent = "Coffer";
  };

  // Throws std::runtime_error where the machine lacks something.
  explicit UpstreamClient(Options options);
  // REQUIRES: no task of it waits, and no reply is left.
  ~UpstreamClient();
  UpstreamClient(const UpstreamClient&) = delete;
  UpstreamClient& operator=(const UpstreamClient&) = delete;

  // Sends the request and waits for the head of its reply. Throws UpstreamError. The task may be
  // destroyed while it waits: the request is given up.
  Task<std::unique_ptr<UpstreamReply>> send(UpstreamRequest request);

  // Goes on after `delay`. The task may be destroyed while it waits.
  Task<void> sleep(std::chrono::milliseconds delay);

 private:
  friend class UpstreamReply;
  using Transfer = UpstreamReply::Transfer;
  using Moment = std::chrono::steady_clock::time_point;
  class Submission;
  class Alarm;

  // The transfer has something to be done on the thread: to begin, to go on, or to be given up.
  void tell(std::shared_ptr<Transfer> transfer);

  void work();
  // False when stopped.
  bool attend();
  void finish_ended();
  // Wakes those for whom something has come, and ends what has stalled.
  void look_at_running();
  int poll_time();

  const Options options_;
  void* multi_ = nullptr;  // CURLM
  std::mutex mutex_;       // guards the next three
  std::vector<std::shared_ptr<Transfer>> told_;
  std::set<std::pair<Moment, std::shared_ptr<OneShotEvent>>> alarms_;
  bool stopped_ = false;
  std::vector<std::shared_ptr<Transfer>> running_;  // the thread's
  std::thread thread_;                              // last: it uses the others
};

}  // namespace coffer::http
