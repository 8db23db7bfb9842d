#include "http/server.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "base/entropy.h"
#include "base/log.h"
#include "base/thread.h"
#include "http/connection.h"
#include "http/connection_limit.h"
#include "http/event_loop.h"
#include "http/tls.h"

namespace coffer::http {
namespace {

using boost::asio::ip::tcp;

constexpr std::string_view kIdAlphabet = "abcdefghijkmnpqrstuvwxyz23456789";
constexpr int kBacklog = 4096;
constexpr int kAcceptsAnIteration = 64;
// After an accept that failed for another reason than the connection itself.
constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr std::size_t kRefusedBytes = 16 * 1024;
constexpr std::string_view kRefusal =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 44\r\n"
    "Content-Type: text/plain\r\nConnection: close\r\n\r\n"
    "Too many connections: try again in a moment\n";
// After the grace time: until what was cut has unwound.
constexpr std::chrono::milliseconds kUnwindTime{500};
constexpr std::chrono::milliseconds kDrainPoll{2};

std::string address_text(const sockaddr_storage& address) {
  tcp::endpoint endpoint;
  std::memcpy(endpoint.data(), &address,
              std::min<std::size_t>(endpoint.capacity(), sizeof address));
  auto ip = endpoint.address();
  if (ip.is_v6() && ip.to_v6().is_v4_mapped()) {
    ip = boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, ip.to_v6());
  }
  return ip.to_string();
}

// Whether accept4() tells of the connection that it would have taken, accept(2).
bool is_gone_again(int error) noexcept {
  switch (error) {
    case EINTR:
    case EPERM:
    case ECONNABORTED:
    case EPROTO:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET: return true;
    default: return false;
  }
}

class OwnedSocket {
 public:
  explicit OwnedSocket(int fd) noexcept : fd_(fd) {}
  OwnedSocket(OwnedSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedSocket& operator=(OwnedSocket&&) = delete;
  ~OwnedSocket() {
    if (fd_ >= 0) ::close(fd_);
  }

  int get() const noexcept { return fd_; }
  int release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, Service& service, Entropy& entropy)
      : shared_{service, options.limits, options.memory,
                "req_" + random_text(entropy, 8, kIdAlphabet)},
        limit_(options.limits.max_connections) {
    std::size_t count = options.cores;
    if (count == 0) count = std::max(1U, std::thread::hardware_concurrency());
    for (std::size_t i = 0; i < count; ++i) loops_.push_back(std::make_unique<EventLoop>());
    for (auto& listen : options.listen) listeners_.push_back(open(listen));
  }

  ~Impl() {
    for (auto& loop : loops_) loop->stop();
  }

  std::vector<std::uint16_t> ports() const {
    std::vector<std::uint16_t> out;
    for (const auto& listener : listeners_) out.push_back(listener->port);
    return out;
  }

  void start() {
    for (auto& listener : listeners_) accept_on(*listener);
    for (std::size_t i = 0; i < loops_.size(); ++i) {
      loops_[i]->start("coffer-core-" + std::to_string(i));
    }
  }

  std::vector<Executor*> executors() {
    std::vector<Executor*> out;
    for (auto& loop : loops_) out.push_back(loop.get());
    return out;
  }

  bool drain(std::chrono::milliseconds grace) {
    shared_.draining = true;
    loops_.front()->post([this] {
      for (auto& listener : listeners_) {
        boost::system::error_code ignored;  // it is closed either way
        listener->acceptor.close(ignored);
        listener->pause.cancel();
      }
    });
    for_each_connection([](ConnectionBase& connection) { connection.drain(); });
    if (empty_within(grace)) return true;
    for_each_connection([](ConnectionBase& connection) { connection.cut(); });
    empty_within(kUnwindTime);
    return false;
  }

  void reload_tls() {
    for (auto& listener : listeners_) {
      if (listener->tls) listener->tls->reload();
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
  struct Listener {
    explicit Listener(boost::asio::io_context& context) : acceptor(context), pause(context) {}
    tcp::acceptor acceptor;
    boost::asio::steady_timer pause;
    std::unique_ptr<TlsIdentity> tls;
    std::uint16_t port = 0;
  };

  std::unique_ptr<Listener> open(const Listen& listen) {
    auto listener = std::make_unique<Listener>(loops_.front()->context());
    const std::string where = listen.host + " port " + std::to_string(listen.port);
    try {
      tcp::resolver resolver(loops_.front()->context());
      const auto found = resolver.resolve(listen.host, std::to_string(listen.port),
                                          tcp::resolver::numeric_service);
      const tcp::endpoint endpoint = found.begin()->endpoint();
      listener->acceptor.open(endpoint.protocol());
      listener->acceptor.set_option(tcp::acceptor::reuse_address(true));
      listener->acceptor.bind(endpoint);
      listener->acceptor.listen(kBacklog);
      listener->acceptor.native_non_blocking(true);
      listener->port = listener->acceptor.local_endpoint().port();
    } catch (const boost::system::system_error& error) {
      throw std::runtime_error("cannot listen on " + where + ": " + error.code().message());
    }
    if (listen.tls) listener->tls = std::make_unique<TlsIdentity>(*listen.tls);
    return listener;
  }

  // Connections are taken on the first core and given to the one with the least to do:
  // SO_REUSEPORT would spread them by chance, and pile long transfers onto one core.
  void accept_on(Listener& listener) {
    listener.acceptor.async_wait(
        tcp::acceptor::wait_read, [this, &listener](const boost::system::error_code& error) {
          if (shared_.draining || error == boost::asio::error::operation_aborted) return;
          if (error) accept_failed(error.message());
          if (!error && accept_some(listener)) {
            accept_on(listener);
            return;
          }
          listener.pause.expires_after(kAcceptPause);
          listener.pause.async_wait([this, &listener](const boost::system::error_code& stopped) {
            if (!stopped) accept_on(listener);
          });
        });
  }

  void accept_failed(std::string_view why) noexcept {
    ++failed_accepts_;
    if (const auto more = accept_lines_.admit()) {
      log::warning("connection not taken", {{"error", why}, {"more_since_last_line", *more}});
    }
  }

  // False when it is of no use to try again at once: the machine lacks something.
  bool accept_some(Listener& listener) noexcept {
    for (int i = 0; i < kAcceptsAnIteration; ++i) {
      sockaddr_storage address{};
      socklen_t length = sizeof address;
      OwnedSocket socket(::accept4(listener.acceptor.native_handle(),
                                   reinterpret_cast<sockaddr*>(&address), &length,
                                   SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (socket.get() < 0) {
        const int error = errno;
        if (error == EAGAIN) return true;
        if (is_gone_again(error)) continue;
        accept_failed(std::strerror(error));
        if (error == EMFILE || error == ENFILE) make_way();
        return false;
      }
      try {
        take(listener, std::move(socket), address);
      } catch (const std::exception& error) {
        accept_failed(error.what());
        return false;
      }
    }
    return true;
  }

  void take(Listener& listener, OwnedSocket socket, const sockaddr_storage& address) {
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const auto admission = limit_.check(address_key(address));
    EventLoop& loop = admission == ConnectionLimit::Admission::kFits ? least_busy() : idlest();
    loop.post([this, &loop, admission, counted = ScopedCount(loop.connections),
               slot = ConnectionLimit::Slot(limit_, address_key(address)),
               taken = std::move(socket), &listener, address]() mutable {
      if (admission != ConnectionLimit::Admission::kFits && !replace_idle(loop, admission, slot)) {
        refuse(taken, listener);
        return;
      }
      try {
        serve(loop, std::move(counted), std::move(slot), std::move(taken), listener, address);
      } catch (const std::exception& error) {
        accept_failed(error.what());
      }
    });
  }

  // On the core.
  void serve(EventLoop& loop, ScopedCount counted, ConnectionLimit::Slot slot, OwnedSocket taken,
             Listener& listener, const sockaddr_storage& address) {
    Connection::Socket socket(loop.context());
    // Throws where the machine will not watch one more.
    socket.assign(address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), taken.get());
    taken.release();
    SslHandle ssl = listener.tls ? listener.tls->accept(socket.native_handle()) : nullptr;
    auto connection =
        std::make_unique<Connection>(loop, shared_, std::move(counted), std::move(slot),
                                     std::move(socket), std::move(ssl), address_text(address));
    coffer::start(run(std::move(connection)), [](std::exception_ptr error) { tell(error); });
  }

  EventLoop& least_busy() {
    return **std::ranges::min_element(
        loops_, {}, [](const std::unique_ptr<EventLoop>& loop) { return loop->weight(); });
  }

  EventLoop& idlest() {
    return **std::ranges::max_element(
        loops_, {}, [](const std::unique_ptr<EventLoop>& loop) { return loop->idle.load(); });
  }

  // Closes the connection that has been idle longest, for the one that `slot` stands for. One of
  // the same address where that has its share. False when none has been idle for long enough: it
  // may be about to send.
  bool replace_idle(EventLoop& loop, ConnectionLimit::Admission admission,
                    const ConnectionLimit::Slot& slot) noexcept {
    const auto since = std::chrono::steady_clock::now() - shared_.limits.idle_before_closed;
    const bool unfair = admission == ConnectionLimit::Admission::kUnfair;
    if (!loop.cut_idlest(since, unfair ? &slot.address() : nullptr)) return false;
    ++closed_idle_;
    return true;
  }

  // A file descriptor is needed.
  void make_way() noexcept {
    contain_exceptions("closing an idle connection", [this] {
      EventLoop& loop = idlest();
      loop.post([this, &loop] {
        const auto since = std::chrono::steady_clock::now() - shared_.limits.idle_before_closed;
        if (loop.cut_idlest(since, nullptr)) ++closed_idle_;
      });
    });
  }

  // Says so as far as that needs no waiting. What came in is read first: closing with bytes unread
  // would reset the connection, and the reply with it.
  void refuse(const OwnedSocket& socket, const Listener& listener) noexcept {
    ++refused_;
    if (const auto more = refusal_lines_.admit()) {
      log::warning("connection refused",
                   {{"max_connections", limit_.max()}, {"more_since_last_line", *more}});
    }
    if (listener.tls) return;
    std::array<std::byte, kRefusedBytes> unread;
    ::recv(socket.get(), unread.data(), unread.size(), MSG_DONTWAIT);
    ::send(socket.get(), kRefusal.data(), kRefusal.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    ::shutdown(socket.get(), SHUT_WR);
  }

  static Task<void> run(std::unique_ptr<Connection> connection) { co_await connection->serve(); }

  static void tell(const std::exception_ptr& error) noexcept {
    if (error) contain_exceptions("connection", [&] { std::rethrow_exception(error); });
  }

  template <class Visit>
  void for_each_connection(Visit visit) {
    for (auto& loop : loops_) {
      loop->post([&loop, visit] {
        for (ConnectionBase* connection : loop->connection_list()) visit(*connection);
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
  ConnectionLimit limit_;
  std::atomic<std::uint64_t> refused_ = 0;
  std::atomic<std::uint64_t> closed_idle_ = 0;
  std::atomic<std::uint64_t> failed_accepts_ = 0;
  log::Throttle accept_lines_;
  log::Throttle refusal_lines_;
  std::vector<std::unique_ptr<EventLoop>> loops_;
  std::vector<std::unique_ptr<Listener>> listeners_;
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
