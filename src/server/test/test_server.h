// A whole server in the test's process, with a clock that the test moves and a disk that it can
// make fail, called over a loopback socket in any dialect.
#pragma once

#include <boost/json.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "vault/model/types.h"

namespace coffer::blobs::test {
struct FaultPlan;
}
namespace coffer::vault {
class Vault;
}

namespace coffer::server::test {

// Names and values: of settings (`accounts.quota`, `1MiB`), of header fields.
using Fields = std::vector<std::pair<std::string, std::string>>;

struct Response {
  unsigned status = 0;
  Fields headers;
  std::string body;  // without its chunked coding

  // The first field of that name, without regard to case; nothing where there is none.
  std::optional<std::string> header(std::string_view name) const;
  // Throws std::runtime_error, with the body, where that is no JSON.
  boost::json::value json() const;
};

// A part of a form: a file where it has a file name.
struct Part {
  std::string name;
  std::string content;
  std::optional<std::string> filename{};
  std::string content_type{};
};

// Sends requests that all carry the same fields, each on a connection of its own. Threads: any;
// also at once.
class Caller {
 public:
  Caller(std::uint16_t port, Fields headers) : port_(port), headers_(std::move(headers)) {}

  // `target` is sent as it is: a path with its query. Throws std::runtime_error where no whole
  // reply comes.
  Response call(std::string_view method, std::string_view target, std::string_view body = {},
                const Fields& headers = {}) const;

  Response get(std::string_view target) const { return call("GET", target); }
  Response del(std::string_view target) const { return call("DELETE", target); }
  Response post(std::string_view target) const { return call("POST", target); }
  // With a body of JSON.
  Response post(std::string_view target, const boost::json::value& json) const {
    return send("POST", target, json);
  }
  Response send(std::string_view method, std::string_view target,
                const boost::json::value& json) const;
  // With a body of multipart/form-data.
  Response send_form(std::string_view target, const std::vector<Part>& parts,
                     std::string_view method = "POST") const;

  // The same caller with one more field.
  Caller with(std::string name, std::string value) const;

 private:
  std::uint16_t port_;
  Fields headers_;
};

// Ends, with its folder, when the object does.
class TestServer {
 public:
  static constexpr std::string_view kPassword = "correct horse 7";

  // A caller with a session of an account, which every dialect that has bearers takes.
  struct User : Caller {
    vault::AccountId account;
    std::string token;    // of the session
    std::string refresh;  // token
  };

  // `settings` as on a command line: `TestServer server(Fields{{"accounts.quota", "1MiB"}})`. The
  // tests' own are: no rate limits, guests, passwords that are cheap to hash, two cores, no media.
  explicit TestServer(const Fields& settings = {});
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  // Every rule of the server goes by this clock: expiry, retention, rate limits. It stands still
  // until it is moved. The time of the network (timeouts) is the machine's.
  const Clock& clock() const { return clock_; }
  void advance(std::chrono::microseconds by) { clock_.advance(by); }

  // Makes calls to the disk of the blobs fail: blobs/local/test_disks.h.
  blobs::test::FaultPlan& disk_faults() { return *faults_; }

  // Has all background work done that is due by the clock, and waits for it.
  void collect();

  // Another server over the same data, at another port.
  void restart();

  // `http://127.0.0.1:<port>`
  std::string url() const;
  vault::Vault& vault();
  // How many blobs the store keeps.
  std::size_t stored_blobs();

  Caller anyone() const { return {port_, {}}; }
  // Of an account with that name and kPassword, which is made where there is none.
  User user(const std::string& name);
  // Callers with a new key of the account, in X-API-Key and X-API-MKEY.
  Caller with_api_key(vault::AccountId account);
  Caller with_master_key(vault::AccountId account);

 private:
  class Impl;

  void start();

  ManualClock clock_{from_micros(1'700'000'000'000'000)};
  std::shared_ptr<blobs::test::FaultPlan> faults_;
  std::unique_ptr<Impl> impl_;
  std::uint16_t port_ = 0;
};

}  // namespace coffer::server::test
