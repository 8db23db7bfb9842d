#include "net/listener.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "net/address.h"

namespace coffer::net {
namespace {

using namespace std::chrono_literals;

// A connection to a port of this machine.
UniqueSocket connect_to(std::uint16_t port) {
  UniqueSocket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("not connected");
  }
  return socket;
}

class ListenerTest : public testing::Test {
 protected:
  ListenerTest() { loop_.start("test-loop"); }
  ~ListenerTest() override {
    listener_.close();
    listener_.join();
    loop_.stop();
  }

  void start() {
    listener_.start({.accepted =
                         [this](UniqueSocket socket, const sockaddr_storage& peer) {
                           if (throws_.exchange(false)) throw std::runtime_error("no memory");
                           EXPECT_GE(socket.get(), 0);
                           const std::lock_guard lock(mutex_);
                           peers_.push_back(address_text(peer));
                         },
                     .failed =
                         [this](std::string_view why, int error) {
                           EXPECT_EQ(why, "no memory");
                           EXPECT_EQ(error, 0);
                           ++failures_;
                         }});
  }
  // As many as `count` before long.
  std::vector<std::string> peers(std::size_t count) {
    for (int i = 0; i < 500; ++i) {
      {
        const std::lock_guard lock(mutex_);
        if (peers_.size() >= count) return peers_;
      }
      std::this_thread::sleep_for(10ms);
    }
    return {};
  }

  EventLoop loop_;
  Listener listener_{loop_, "127.0.0.1", 0};
  std::atomic<bool> throws_ = false;
  std::atomic<int> failures_ = 0;
  std::mutex mutex_;
  std::vector<std::string> peers_;
};

TEST_F(ListenerTest, HandsConnectionsOver) {
  start();
  const auto first = connect_to(listener_.port());
  const auto second = connect_to(listener_.port());
  EXPECT_EQ(peers(2), std::vector<std::string>(2, "127.0.0.1"));
}

TEST_F(ListenerTest, OutlivesAHandlerThatThrows) {
  throws_ = true;
  start();
  const auto lost = connect_to(listener_.port());
  const auto kept = connect_to(listener_.port());
  EXPECT_EQ(peers(1).size(), 1U);
  EXPECT_EQ(failures_, 1);
}

TEST_F(ListenerTest, HasEndedWhenItIsJoined) {
  start();
  const auto connection = connect_to(listener_.port());
  peers(1);
  listener_.close();
  listener_.join();
  EXPECT_THROW(connect_to(listener_.port()), std::runtime_error);
}

TEST_F(ListenerTest, NeedNotHaveStarted) {}

TEST_F(ListenerTest, SaysWhereItCannotListen) {
  try {
    const Listener second(loop_, "127.0.0.1", listener_.port());
    FAIL() << "the port is in use";
  } catch (const std::runtime_error& error) {
    const std::string where = "cannot listen on 127.0.0.1 port " + std::to_string(listener_.port());
    EXPECT_TRUE(std::string(error.what()).starts_with(where)) << error.what();
  }
}

}  // namespace
}  // namespace coffer::net
