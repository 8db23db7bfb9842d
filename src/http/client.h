// Requests to other servers, over libcurl: for receivers whom nobody trusts.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "http/message.h"

namespace coffer::http {

struct OutboundRequest {
  std::string url;  // http or https
  Headers headers;
  std::string body;
};

struct OutboundReply {
  // Nothing: no reply's head came, and `error` says why. Whatever comes behind a head, or does not,
  // changes nothing about it.
  std::optional<unsigned> status = {};
  std::string body = {};   // its first bytes
  std::string error = {};  // a sentence for people, which names no address
  std::optional<std::chrono::seconds> retry_after = {};  // as the reply's field asks
  std::chrono::milliseconds duration{0};
  bool is_aborted = false;  // the client was destroyed, or there was no descriptor for a socket
};

// HTTP/1.1 with any number of requests at the same time, which whoever makes them bounds; on a
// thread of its own. Redirects are not followed, certificates are verified, no proxy and no
// environment variable is looked at. Each address is checked when it is connected to, however its
// name was resolved. Memory of a request: some 40 KiB beside its body, 64 KiB more with TLS.
// Threads: made and destroyed by one; the rest from any.
class OutboundClient {
 public:
  struct Options {
    std::chrono::milliseconds timeout = std::chrono::seconds(15);  // from start to end, all of it
    std::size_t body_kept = 1024;       // bytes of a reply's body that are handed over
    std::size_t body_max = 64U * 1024;  // beyond it the connection is closed
    std::size_t head_max = 64U * 1024;  // bytes of all fields; beyond it there is no reply
    bool allow_private = false;  // addresses that net::is_public_address() does not know as public
    std::string user_agent = "Coffer";
    std::size_t idle_connections = 32;  // that are kept for another request
  };
  using Done = std::move_only_function<void(OutboundReply)>;

  // Throws std::runtime_error where the machine lacks something.
  explicit OutboundClient(Options options);
  // Aborts what is under way. Each `done` has been called when it returns.
  ~OutboundClient();
  OutboundClient(const OutboundClient&) = delete;
  OutboundClient& operator=(const OutboundClient&) = delete;

  // Sends a POST. `done` is called once, on the client's thread; it must not throw or block.
  void post(OutboundRequest request, Done done);

 private:
  class Transfer;

  void work();
  // Moves what post() was given to curl; false when stopped.
  bool take_new();
  void finish_ended();

  const Options options_;
  void* multi_ = nullptr;  // CURLM
  std::mutex mutex_;
  // Guarded by mutex_:
  std::vector<std::unique_ptr<Transfer>> new_;
  bool stopped_ = false;
  // The thread's:
  std::vector<std::unique_ptr<Transfer>> running_;
  std::thread thread_;  // last: it uses the others
};

}  // namespace coffer::http
