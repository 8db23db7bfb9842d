// The server: listens, speaks HTTP/1.1 (plain and TLS) and hands each request to a Service.
//
// Each core runs one thread with one event loop; a connection lives on the core it was given
// to, and so does the coroutine that serves it. RFC 9110, RFC 9112.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/entropy.h"
#include "base/executor.h"
#include "base/memory_budget.h"
#include "base/task.h"
#include "http/message.h"
#include "net/tls_files.h"

namespace coffer::http {

// Why a request got no application's answer: the message itself is unfit.
enum class BadMessage {
  kMalformed,
  kBadHost,       // none, several, or what is no name of a host
  kBadFraming,    // Transfer-Encoding or Content-Length do not say where the body ends
  kBareLineFeed,  // a line that no carriage return ends
  kHeadTooLarge,
  kTargetTooLong,
  kHeadTimeout,
  kUnsupportedVersion,
  kUnsupportedCoding,
  kPlainOnTls,  // HTTP where TLS is spoken
  kNoMemory,    // for a head that is long and comes slowly
};

// What became of a request, for the access log and the metrics.
struct RequestOutcome {
  unsigned status = 0;
  std::uint64_t bytes_received = 0;  // of the body, as far as it was read
  std::uint64_t bytes_sent = 0;      // of the body
  std::chrono::microseconds duration{0};
  bool complete = true;  // false: the client left before all was sent
};

// The application. Called on the serving cores, for different connections concurrently.
class Service {
 public:
  virtual ~Service() = default;

  // The answer. Must not throw. `request` lives until finished() has been called for it.
  virtual Task<Response> handle(Request& request) = 0;

  // The answer to a message that could not be understood; the connection ends after it.
  virtual Response refuse(const Request& request, BadMessage why) = 0;

  // After the last byte was sent, or given up.
  virtual void finished(const Request& request, const RequestOutcome& outcome) noexcept = 0;
};

struct Limits {
  std::size_t head_bytes = 32 * 1024;              // request line and fields together
  std::chrono::milliseconds head_timeout{10'000};  // from the first byte to the last of a head
  std::chrono::milliseconds idle_timeout{75'000};  // between two requests
  // A body, in either direction, must move this much in every window, as far as the other end
  // is what it waits for.
  std::uint64_t floor_bytes = 16 * 1024;
  std::chrono::milliseconds floor_window{30'000};
  // A body that is read whole has to arrive in this time and a second for every so many bytes.
  std::chrono::milliseconds body_timeout{10'000};
  std::uint64_t body_bytes_per_second = 8 * 1024;
  // In all. One address may have as many as are left for all others, a proxy all.
  std::size_t max_connections = 20'000;
  // At that limit a connection that has waited so long for a request is closed for a new one.
  std::chrono::milliseconds idle_before_closed{5'000};
};

struct Listen {
  std::string host;
  std::uint16_t port = 0;  // 0: one that is free
  std::optional<net::TlsFiles> tls;
};

struct ServerOptions {
  std::vector<Listen> listen;
  std::size_t cores = 0;  // 0: as many as the machine has
  Limits limits;
  // Whether an address is that of a reverse proxy, whose connections are those of many clients.
  // Empty: there are none. Called on the first core's thread; must not throw.
  std::function<bool(std::string_view address)> is_proxy{};
  // For long heads and TLS handshakes; null: without a bound. Outlives the server.
  MemoryBudget* memory = nullptr;
};

class Server {
 public:
  // Opens the sockets. Throws std::runtime_error with the address, or the file, and the reason.
  // REQUIRES: `service` and `entropy` outlive the server.
  Server(ServerOptions options, Service& service, Entropy& entropy);
  ~Server();

  // Where it listens, in the order of the options: ports that were 0 are known now.
  std::vector<std::uint16_t> ports() const;

  // Starts the threads and accepts connections; returns at once.
  void start();

  // The serving cores, to run the application's own background tasks on. Valid after start().
  std::vector<Executor*> executors();

  // Takes no new connections, ends idle ones, and waits for running requests at most `grace`;
  // then cuts what is left. True when nothing had to be cut. The cores run on until the server
  // is destroyed, so that what was cut can unwind.
  bool drain(std::chrono::milliseconds grace);

  // Reads the certificates and keys again, for connections that start from now on. Throws
  // std::runtime_error and keeps the old ones when they do not fit.
  void reload_tls();

  struct Load {
    std::size_t connections = 0;
    std::size_t requests = 0;  // being served now
    std::size_t max_connections = 0;
    // Since the start:
    std::uint64_t refused = 0;         // connections, for want of a place
    std::uint64_t closed_idle = 0;     // connections, for new ones
    std::uint64_t failed_accepts = 0;  // the machine lacked something
  };
  Load load() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace coffer::http
