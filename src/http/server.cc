#include "http/server.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "base/entropy.h"
#include "base/log.h"
#include "http/connection.h"
#include "http/core.h"
#include "http/tls.h"

namespace coffer::http {
namespace {

using boost::asio::ip::tcp;

constexpr std::string_view kIdAlphabet = "abcdefghijkmnpqrstuvwxyz23456789";
constexpr int kBacklog = 4096;
constexpr int kAcceptsATurn = 64;
constexpr std::chrono::milliseconds kOutOfFilesPause{100};
// After the grace time: until what was cut has unwound.
constexpr std::chrono::seconds kUnwindTime{5};
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

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, Service& service, Entropy& entropy)
      : shared_{service, options.limits, "req_" + random_text(entropy, 8, kIdAlphabet)} {
    std::size_t count = options.cores;
    if (count == 0) count = std::max(1U, std::thread::hardware_concurrency());
    for (std::size_t i = 0; i < count; ++i) cores_.push_back(std::make_unique<Core>());
    for (auto& listen : options.listen) listeners_.push_back(open(listen));
  }

  ~Impl() {
    for (auto& core : cores_) core->stop();
  }

  std::vector<std::uint16_t> ports() const {
    std::vector<std::uint16_t> out;
    for (const auto& listener : listeners_) out.push_back(listener->port);
    return out;
  }

  void start() {
    for (auto& listener : listeners_) accept_on(*listener);
    for (std::size_t i = 0; i < cores_.size(); ++i) {
      cores_[i]->start("coffer-core-" + std::to_string(i));
    }
  }

  std::vector<Executor*> executors() {
    std::vector<Executor*> out;
    for (auto& core : cores_) out.push_back(core.get());
    return out;
  }

  bool drain(std::chrono::milliseconds grace) {
    shared_.draining = true;
    cores_.front()->post([this] {
      for (auto& listener : listeners_) {
        boost::system::error_code ignored;  // it is closed either way
        listener->acceptor.close(ignored);
        listener->pause.cancel();
      }
    });
    for_each_resident([](Resident& resident) { resident.drain(); });
    if (empty_within(grace)) return true;
    for_each_resident([](Resident& resident) { resident.cut(); });
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
    for (const auto& core : cores_) {
      out.connections += core->connections;
      out.requests += core->requests;
    }
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
    auto listener = std::make_unique<Listener>(cores_.front()->context());
    const std::string where = listen.host + " port " + std::to_string(listen.port);
    try {
      tcp::resolver resolver(cores_.front()->context());
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
          if (error || shared_.draining) return;
          if (accept_some(listener)) {
            accept_on(listener);
            return;
          }
          listener.pause.expires_after(kOutOfFilesPause);
          listener.pause.async_wait([this, &listener](const boost::system::error_code& stopped) {
            if (!stopped) accept_on(listener);
          });
        });
  }

  // False when the machine has no file descriptors left for more.
  bool accept_some(Listener& listener) {
    for (int i = 0; i < kAcceptsATurn; ++i) {
      sockaddr_storage address{};
      socklen_t length = sizeof address;
      const int fd =
          ::accept4(listener.acceptor.native_handle(), reinterpret_cast<sockaddr*>(&address),
                    &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
          log::warning("connection not taken", {{"error", std::strerror(errno)}});
          return false;
        }
        if (errno == EAGAIN) return true;
        continue;  // that one connection went away again
      }
      if (load().connections >= shared_.limits.max_connections) {
        log::warning("connection refused", {{"limit", shared_.limits.max_connections}});
        ::close(fd);
        continue;
      }
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      take(listener, fd, address);
    }
    return true;
  }

  void take(Listener& listener, int fd, const sockaddr_storage& address) {
    const auto least = std::ranges::min_element(
        cores_, {}, [](const std::unique_ptr<Core>& core) { return core->weight(); });
    Core& core = **least;
    Connection::Socket socket(core.context());
    socket.assign(address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), fd);
    core.post([this, &core, counted = Counted(core.connections), taken = std::move(socket),
               tls = listener.tls.get(), peer = address_text(address)]() mutable {
      try {
        SslHandle ssl = tls ? tls->accept(taken.native_handle()) : nullptr;
        auto connection = std::make_unique<Connection>(
            core, shared_, std::move(counted), std::move(taken), std::move(ssl), std::move(peer));
        coffer::start(run(std::move(connection)), [](std::exception_ptr error) { tell(error); });
      } catch (const std::exception& error) {
        log::error("connection not served", {{"error", error.what()}});
      }
    });
  }

  static Task<void> run(std::unique_ptr<Connection> connection) { co_await connection->serve(); }

  static void tell(const std::exception_ptr& error) noexcept {
    if (!error) return;
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& what) {
      log::error("connection failed", {{"error", what.what()}});
    }
  }

  template <class Visit>
  void for_each_resident(Visit visit) {
    for (auto& core : cores_) {
      core->post([&core, visit] {
        for (Resident* resident : core->residents()) visit(*resident);
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
  std::vector<std::unique_ptr<Core>> cores_;
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
