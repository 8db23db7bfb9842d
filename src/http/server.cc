#include "http/server.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <stdexcept>
#include <thread>

#include "base/entropy.h"
#include "base/log.h"
#include "base/thread.h"
#include "http/connection.h"
#include "http/web_socket_connection.h"
#include "net/address.h"
#include "net/connection_limit.h"
#include "net/event_loop.h"
#include "net/listener.h"
#include "net/socket.h"
#include "net/tls.h"

namespace coffer::http {
namespace {

constexpr std::string_view kIdAlphabet = "abcdefghijkmnpqrstuvwxyz23456789";
// As TlsIdentity takes them.
constexpr char kTlsProtocols[] = "\x08http/1.1\x08http/1.0";
constexpr std::string_view kRefusal =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 44\r\n"
    "Content-Type: text/plain\r\nConnection: close\r\n\r\n"
    "Too many connections: try again in a moment\n";
// After the grace time: until what was cut has unwound.
constexpr std::chrono::milliseconds kUnwindTime{500};
constexpr std::chrono::milliseconds kDrainPoll{2};

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, Service& service, Entropy& entropy)
      : shared_{service, options.limits, options.memory,
                "req_" + random_text(entropy, 8, kIdAlphabet)},
        limit_(options.limits.max_connections),
        is_proxy_(std::move(options.is_proxy)) {
    std::size_t count = options.cores;
    if (count == 0) count = std::max(1U, std::thread::hardware_concurrency());
    for (std::size_t i = 0; i < count; ++i) loops_.push_back(std::make_unique<net::EventLoop>());
    for (const Listen& listen : options.listen) endpoints_.push_back(open(listen));
  }

  ~Impl() {
    for (auto& endpoint : endpoints_) endpoint->listener.close();
    for (auto& endpoint : endpoints_) endpoint->listener.join();
    for (auto& loop : loops_) loop->stop();
  }

  std::vector<std::uint16_t> ports() const {
    std::vector<std::uint16_t> out;
    for (const auto& endpoint : endpoints_) out.push_back(endpoint->listener.port());
    return out;
  }

  void start() {
    for (std::size_t i = 0; i < loops_.size(); ++i) {
      loops_[i]->start("coffer-core-" + std::to_string(i));
    }
    for (auto& endpoint : endpoints_) accept_on(*endpoint);
  }

  std::vector<Executor*> executors() {
    std::vector<Executor*> out;
    for (auto& loop : loops_) out.push_back(loop.get());
    return out;
  }

  bool drain(std::chrono::milliseconds grace) {
    shared_.draining = true;
    for (auto& endpoint : endpoints_) endpoint->listener.close();
    for_each_connection([](net::ConnectionBase& connection) { connection.drain(); });
    if (empty_within(grace)) return true;
    for_each_connection([](net::ConnectionBase& connection) { connection.cut(); });
    empty_within(kUnwindTime);
    return false;
  }

  void reload_tls() {
    for (auto& endpoint : endpoints_) {
      if (endpoint->tls) endpoint->tls->reload();
    }
  }

  Load load() const {
    Load out;
    for (const auto& loop : loops_) {
      out.connections += loop->connections;
      out.requests += loop->requests;
    }
    out.max_connections = limit_.max();
    out.refused = refused_;
    out.closed_idle = closed_idle_;
    out.failed_accepts = failed_accepts_;
    return out;
  }

 private:
  // Where the server listens.
  struct Endpoint {
    Endpoint(net::EventLoop& loop, const std::string& host, std::uint16_t port)
        : listener(loop, host, port) {}
    net::Listener listener;
    std::unique_ptr<net::TlsIdentity> tls;
  };

  std::unique_ptr<Endpoint> open(const Listen& listen) {
    auto endpoint = std::make_unique<Endpoint>(*loops_.front(), listen.host, listen.port);
    if (listen.tls) endpoint->tls = std::make_unique<net::TlsIdentity>(*listen.tls, kTlsProtocols);
    return endpoint;
  }

  // Connections are taken on the first core and given to the one with the least to do:
  // SO_REUSEPORT would spread them by chance, and pile long transfers onto one core.
  void accept_on(Endpoint& endpoint) {
    const auto accepted = [this, &endpoint](net::UniqueSocket socket,
                                            const sockaddr_storage& address) {
      take(endpoint, std::move(socket), address);
    };
    const auto failed = [this](std::string_view why, int error) {
      accept_failed(why);
      if (error == EMFILE || error == ENFILE) free_a_descriptor();
    };
    endpoint.listener.start({.accepted = accepted, .failed = failed});
  }

  void accept_failed(std::string_view why) noexcept {
    ++failed_accepts_;
    if (const auto more = accept_lines_.admit()) {
      log::warning("connection not taken", {{"error", why}, {"more_since_last_line", *more}});
    }
  }

  void take(Endpoint& endpoint, net::UniqueSocket socket, const sockaddr_storage& address) {
    const net::Peer peer{.address = net::address_key(address),
                         .is_proxy = is_proxy_ && is_proxy_(net::address_text(address))};
    const auto admission = limit_.check(peer);
    net::EventLoop& loop =
        admission == net::ConnectionLimit::Admission::kFits ? least_busy() : idlest();
    loop.post([this, &loop, admission, counted = net::ScopedCount(loop.connections),
               slot = net::ConnectionLimit::Slot(limit_, peer), taken = std::move(socket),
               &endpoint, address]() mutable {
      if (admission != net::ConnectionLimit::Admission::kFits &&
          !replace_idle(loop, admission, slot)) {
        refuse(taken, endpoint);
        return;
      }
      try {
        serve(loop, std::move(counted), std::move(slot), std::move(taken), endpoint, address);
      } catch (const std::exception& error) {
        accept_failed(error.what());
      }
    });
  }

  // On the core.
  void serve(net::EventLoop& loop, net::ScopedCount counted, net::ConnectionLimit::Slot slot,
             net::UniqueSocket taken, Endpoint& endpoint, const sockaddr_storage& address) {
    net::Socket socket(loop.context());
    using Tcp = net::Socket::protocol_type;
    // Throws where the machine will not watch one more.
    socket.assign(address.ss_family == AF_INET6 ? Tcp::v6() : Tcp::v4(), taken.get());
    taken.release();
    net::SslHandle ssl = endpoint.tls ? endpoint.tls->accept(socket.native_handle()) : nullptr;
    auto connection =
        std::make_unique<Connection>(loop, shared_, std::move(counted), std::move(slot),
                                     std::move(socket), std::move(ssl), net::address_text(address));
    coffer::start(run(std::move(connection)), [](std::exception_ptr error) { tell(error); });
  }

  net::EventLoop& least_busy() {
    return **std::ranges::min_element(
        loops_, {}, [](const std::unique_ptr<net::EventLoop>& loop) { return loop->weight(); });
  }

  net::EventLoop& idlest() {
    return **std::ranges::max_element(
        loops_, {}, [](const std::unique_ptr<net::EventLoop>& loop) { return loop->idle.load(); });
  }

  // Closes the connection that has been idle longest, for the one that `slot` stands for. One of
  // the same address where that has its share. False when none has been idle for long enough: it
  // may be about to send.
  bool replace_idle(net::EventLoop& loop, net::ConnectionLimit::Admission admission,
                    const net::ConnectionLimit::Slot& slot) noexcept {
    const auto since = std::chrono::steady_clock::now() - shared_.limits.idle_before_closed;
    const bool unfair = admission == net::ConnectionLimit::Admission::kUnfair;
    if (!loop.cut_idlest(since, unfair ? &slot.address() : nullptr)) return false;
    ++closed_idle_;
    return true;
  }

  // A file descriptor is needed.
  void free_a_descriptor() noexcept {
    contain_exceptions("closing an idle connection", [this] {
      net::EventLoop& loop = idlest();
      loop.post([this, &loop] {
        const auto since = std::chrono::steady_clock::now() - shared_.limits.idle_before_closed;
        if (loop.cut_idlest(since, nullptr)) ++closed_idle_;
      });
    });
  }

  void refuse(const net::UniqueSocket& socket, const Endpoint& endpoint) noexcept {
    ++refused_;
    if (const auto more = refusal_lines_.admit()) {
      log::warning("connection refused",
                   {{"max_connections", limit_.max()}, {"more_since_last_line", *more}});
    }
    if (!endpoint.tls) net::send_last(socket, kRefusal);
  }

  static Task<void> run(std::unique_ptr<Connection> connection) {
    co_await connection->serve();
    const auto web_socket = connection->take_web_socket();
    connection.reset();
    if (web_socket) co_await web_socket->serve();
  }

  static void tell(const std::exception_ptr& error) noexcept {
    if (error) contain_exceptions("connection", [&] { std::rethrow_exception(error); });
  }

  template <class Visit>
  void for_each_connection(Visit visit) {
    for (auto& loop : loops_) {
      loop->post([&loop, visit] {
        for (net::ConnectionBase* connection : loop->connection_list()) visit(*connection);
      });
    }
  }

  bool empty_within(std::chrono::milliseconds time) const {
    const auto until = std::chrono::steady_clock::now() + time;
    while (load().connections > 0) {
      if (std::chrono::steady_clock::now() >= until) return false;
      std::this_thread::sleep_for(kDrainPoll);
    }
    return true;
  }

  Shared shared_;
  net::ConnectionLimit limit_;
  std::function<bool(std::string_view address)> is_proxy_;
  std::atomic<std::uint64_t> refused_ = 0;
  std::atomic<std::uint64_t> closed_idle_ = 0;
  std::atomic<std::uint64_t> failed_accepts_ = 0;
  log::Throttle accept_lines_;
  log::Throttle refusal_lines_;
  std::vector<std::unique_ptr<net::EventLoop>> loops_;
  std::vector<std::unique_ptr<Endpoint>> endpoints_;
};

Server::Server(ServerOptions options, Service& service, Entropy& entropy)
    : impl_(std::make_unique<Impl>(std::move(options), service, entropy)) {}
Server::~Server() = default;
std::vector<std::uint16_t> Server::ports() const { return impl_->ports(); }
void Server::start() { impl_->start(); }
std::vector<Executor*> Server::executors() { return impl_->executors(); }
bool Server::drain(std::chrono::milliseconds grace) { return impl_->drain(grace); }
void Server::reload_tls() { impl_->reload_tls(); }
Server::Load Server::load() const { return impl_->load(); }

}  // namespace coffer::http
