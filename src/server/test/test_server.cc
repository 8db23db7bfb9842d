#include "server/test/test_server.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "base/executor.h"
#include "blobs/local/test_disks.h"
#include "config/settings.h"
#include "server/server.h"
#include "server/stores.h"
#include "vault/upkeep/consistency.h"

namespace coffer::server::test {
namespace {

config::Settings load(const std::filesystem::path& folder, const Fields& settings) {
  Fields defaults{{"data", (folder / "data").string()},
                  {"listen", "127.0.0.1:0"},
                  {"cores", "2"},
                  {"guests", "on"},
                  {"log.access", "false"},
                  {"rate_limits", "off"},
                  {"media.enabled", "false"},
                  {"storage.reserve", "0"}};
  std::erase_if(defaults, [&](const auto& setting) {
    return std::ranges::any_of(settings,
                               [&](const auto& other) { return other.first == setting.first; });
  });
  config::SettingsSources sources;
  sources.flags = settings;
  sources.flags.insert(sources.flags.end(), defaults.begin(), defaults.end());
  config::Settings loaded = config::load_settings(sources);
  loaded.passwords.memory = 8192;
  return loaded;
}

template <class T>
T run(Task<T> task) {
  InlineExecutor here;
  return here.run(std::move(task));
}

template <class T>
T value_of(vault::Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

}  // namespace

class TestServer::Impl {
 public:
  explicit Impl(const Fields& fields) : settings(load(folder.path(), fields)) {}

  // Ends the server. What the tables say of each other must be right.
  void stop() {
    if (!server) return;
    EXPECT_NE(server->drain(), Server::Drained::kStuck);
    server.reset();
    const auto database = open_existing_database(settings, DatabaseReserve::kNone);
    for (const auto& [what, count] : run(vault::find_inconsistencies(*database))) {
      ADD_FAILURE() << what << ": " << count;
    }
  }

  blobs::test::TemporaryFolder folder;
  config::Settings settings;
  std::unique_ptr<Server> server;
  blobs::BlobStore* blobs = nullptr;  // the server's
};

TestServer::TestServer(const Fields& settings)
    : faults_(std::make_shared<blobs::test::FaultPlan>()), impl_(std::make_unique<Impl>(settings)) {
  start();
}

TestServer::~TestServer() {
  faults_->calls_until_fault = -1;
  faults_->full = false;
  impl_->stop();
}

void TestServer::start() {
  auto stores = open_stores(impl_->settings, {.clock = clock_,
                                              .disk = std::make_unique<blobs::test::FailingDisk>(
                                                  impl_->settings.data, faults_)});
  impl_->blobs = stores.blobs.get();
  impl_->server = std::make_unique<Server>(
      impl_->settings,
      Parts{.stores = std::move(stores), .clock = clock_, .packages = {.command = {"/bin/true"}}});
  impl_->server->start();
  port_ = impl_->server->addresses().at(0).port;
}

void TestServer::restart() {
  impl_->stop();
  start();
}

void TestServer::collect() {
  if (auto* const media = impl_->server->media_jobs()) media->run_all();
  impl_->server->collector().run_all();
}

std::string TestServer::url() const { return fmt::format("http://127.0.0.1:{}", port_); }

vault::Vault& TestServer::vault() { return impl_->server->vault(); }

std::size_t TestServer::stored_blobs() {
  return run(impl_->blobs->list(std::nullopt, 100'000)).size();
}

TestServer::User TestServer::user(const std::string& name) {
  if (!run(vault().accounts().find_by_login(name))) {
    value_of(run(vault().accounts().create(
        {.username = name, .email = name + "@example.com", .password = std::string(kPassword)})));
  }
  const auto session = value_of(run(vault().sessions().log_in({name, std::string(kPassword)})));
  return {Caller(port_, {{"Authorization", "Bearer " + session.tokens.access}}), session.account.id,
          session.tokens.access, session.tokens.refresh};
}

Caller TestServer::with_api_key(vault::AccountId account) {
  auto made = value_of(
      run(vault().api_keys().create(vault::Actor::system(account), vault::KeyKind::kApi, "test")));
  return {port_, {{"X-API-Key", made.secret}}};
}

Caller TestServer::with_master_key(vault::AccountId account) {
  auto made = value_of(run(
      vault().api_keys().create(vault::Actor::system(account), vault::KeyKind::kMaster, "test")));
  return {port_, {{"X-API-MKEY", made.secret}}};
}

}  // namespace coffer::server::test
