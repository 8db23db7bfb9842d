#include "config/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace coffer::config {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class SettingsTest : public testing::Test {
 protected:
  SettingsTest() {
    std::string pattern = testing::TempDir() + "settings-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    file_ = folder_ / "coffer.toml";
  }
  ~SettingsTest() override { std::filesystem::remove_all(folder_); }

  std::string written(std::string_view toml) const {
    std::ofstream(file_, std::ios::binary) << toml;
    return file_;
  }
  Settings from_file(std::string_view toml) const {
    return load_settings({.file = written(toml), .environment = {}, .flags = {}});
  }
  static Settings from_environment(std::string variable) {
    return load_settings({.file = {}, .environment = {std::move(variable)}, .flags = {}});
  }
  static Settings from_flags(std::vector<std::pair<std::string, std::string>> flags) {
    return load_settings({.file = {}, .environment = {}, .flags = std::move(flags)});
  }

  // What loading complains of; empty when it does not.
  static std::string complaint(const SettingsSources& sources) {
    try {
      load_settings(sources);
    } catch (const SettingsError& error) {
      return error.what();
    }
    return {};
  }
  std::string file_complaint(std::string_view toml) const {
    return complaint({.file = written(toml), .environment = {}, .flags = {}});
  }
  static std::string flag_complaint(std::string name, std::string text) {
    return complaint(
        {.file = {}, .environment = {}, .flags = {{std::move(name), std::move(text)}}});
  }

  std::filesystem::path folder_;
  std::filesystem::path file_;
};

TEST_F(SettingsTest, DefaultsServeThisMachineAlone) {
  const Settings settings = load_settings({});
  EXPECT_EQ(settings.data, "./data");
  EXPECT_THAT(settings.listen, ElementsAre(Endpoint{"127.0.0.1", 8080}));
  EXPECT_EQ(settings.accounts.registration, Registration::kOpen);
  EXPECT_TRUE(settings.rate_limits);
  EXPECT_EQ(settings.log.level, log::Level::kInfo);
  EXPECT_EQ(settings.http.head_bytes, 32U * 1024);
  EXPECT_EQ(settings.http.idle_timeout, milliseconds(75'000));
  EXPECT_EQ(settings.sessions.access_lifetime, std::chrono::hours(1));
  EXPECT_EQ(settings.sessions.refresh_lifetime, std::chrono::hours(7 * 24));
  EXPECT_EQ(settings.passwords.memory, 64U << 20);
  EXPECT_TRUE(settings.trusted_proxies.empty());
  EXPECT_FALSE(settings.guests);
  EXPECT_TRUE(settings.metrics.listen.empty());
}

TEST_F(SettingsTest, LaterSourcesWin) {
  SettingsSources sources{.file = written("data = 'file'\ncores = 3\n[http]\nhead_bytes = '8KiB'\n"
                                          "floor_bytes = 1024\n"),
                          .environment = {"COFFER_CORES=4", "COFFER_HTTP_HEAD_BYTES=16KiB"},
                          .flags = {{"http.head_bytes", "64KiB"}}};
  const Settings settings = load_settings(sources);
  EXPECT_EQ(settings.data, "file");
  EXPECT_EQ(settings.cores, 4U);
  EXPECT_EQ(settings.http.head_bytes, 64U * 1024);
  EXPECT_EQ(settings.http.floor_bytes, 1024U);
  EXPECT_EQ(settings.http.max_connections, 20'000U);
}

TEST_F(SettingsTest, EnvironmentNamesTheFileUnlessAFlagDoes) {
  const std::string config = "COFFER_CONFIG=" + written("cores = 7");
  EXPECT_EQ(from_environment(config).cores, 7U);
  const std::string other = folder_ / "other.toml";
  std::ofstream(other) << "cores = 9";
  EXPECT_EQ(load_settings({.file = other, .environment = {config}, .flags = {}}).cores, 9U);
}

TEST_F(SettingsTest, VariablesOfOthersAreLeftAlone) {
  EXPECT_NO_THROW(load_settings(
      {.file = {}, .environment = {"PATH=/bin", "COFFERS=1", "COFFER_BINARY=x"}, .flags = {}}));
}

TEST_F(SettingsTest, RateLimitsGoOffTogether) {
  EXPECT_FALSE(from_environment("COFFER_RATE_LIMITS=off").rate_limits);
  EXPECT_FALSE(from_file("rate_limits = 'off'").rate_limits);
  EXPECT_THAT(file_complaint("rate_limits = false"), HasSubstr("expected one of off, on"));
}

TEST_F(SettingsTest, UnknownNamesStopWithPlaceAndHint) {
  EXPECT_THAT(file_complaint("cores = 1\n\n[http]\n  hed_bytes = 1\n"),
              AllOf(StartsWith(file_.string() + ":4:3: http.hed_bytes: unknown setting"),
                    HasSubstr("did you mean http.head_bytes?")));
  EXPECT_THAT(file_complaint("[htpt]\nhead_bytes = 1\n"), HasSubstr(":1:2: htpt: unknown"));
  EXPECT_THAT(complaint({.file = {}, .environment = {"COFFER_HTTP_HEAD_BYTE=1"}, .flags = {}}),
              AllOf(HasSubstr("environment variable: COFFER_HTTP_HEAD_BYTE: unknown"),
                    HasSubstr("did you mean COFFER_HTTP_HEAD_BYTES?")));
  EXPECT_THAT(flag_complaint("http.head-bytes", "1"),
              HasSubstr("flag: --http.head-bytes: unknown"));
}

TEST_F(SettingsTest, UnknownNamesDoNotShowTheirValue) {
  EXPECT_THAT(
      complaint({.file = {}, .environment = {"COFFER_ADMIN_PASSWORD=hunter2"}, .flags = {}}),
      AllOf(HasSubstr("COFFER_ADMIN_PASSWORD"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(file_complaint("password = 'hunter2'"), Not(HasSubstr("hunter2")));
}

TEST_F(SettingsTest, NothingIsNearToAWildlyWrongName) {
  EXPECT_THAT(file_complaint("zzzzzzzzzz = 1"), Not(HasSubstr("did you mean")));
}

TEST_F(SettingsTest, MalformedValuesStopWithPlaceAndExpectation) {
  EXPECT_THAT(file_complaint("cores = 'two'"),
              AllOf(StartsWith(file_.string() + ":1:9: cores: "),
                    HasSubstr("expected a whole number from 0 to 1024, not \"two\"")));
  EXPECT_THAT(complaint({.file = {}, .environment = {"COFFER_CORES=-1"}, .flags = {}}),
              StartsWith("environment variable COFFER_CORES: cores: expected"));
  EXPECT_THAT(flag_complaint("log.level", "loud"),
              AllOf(StartsWith("flag --log.level: log.level: expected one of debug, info"),
                    HasSubstr("not \"loud\"")));
  EXPECT_THAT(file_complaint("listen = '127.0.0.1:80'"), HasSubstr("expected a list"));
  EXPECT_THAT(file_complaint("listen = ['127.0.0.1:80',\n 'nowhere']"),
              AllOf(HasSubstr(":2:2: listen:"), HasSubstr("\"nowhere\"")));
  EXPECT_THAT(file_complaint("listen = [8080]"), HasSubstr("not the number 8080"));
  EXPECT_THAT(file_complaint("http = 3"), HasSubstr(":1:1: http: expected a section"));
  EXPECT_THAT(file_complaint("[cores]\nx = 1"), HasSubstr("cores: expected a whole number"));
  EXPECT_THAT(file_complaint("require_https = 'true'"), HasSubstr("expected true or false"));
  EXPECT_THAT(file_complaint("data = ''"), HasSubstr("expected text that is not empty"));
}

TEST_F(SettingsTest, ComplaintsNameTheLeastThatWorks) {
  EXPECT_THAT(flag_complaint("uploads.memory_budget", "0"),
              HasSubstr("expected a size of at least 1MiB, such as 10GiB or 64MiB, not \"0\""));
  EXPECT_THAT(flag_complaint("http.head_bytes", "0"),
              HasSubstr("expected a size from 1KiB to 1MiB, such as 32KiB or 4096, not"));
  EXPECT_THAT(flag_complaint("passwords.memory", "0"),
              HasSubstr("expected a size from 8MiB to 4GiB, such as 64MiB, not"));
  EXPECT_THAT(flag_complaint("accounts.quota", "none"),
              HasSubstr("expected a size in bytes, such as 10GiB, 64MiB, 32KiB, 4096 or 0, not"));
  EXPECT_THAT(flag_complaint("blobs.grace", "0s"),
              HasSubstr("expected a duration from 4s to 3650d, such as 30s, 5m, 12h or 7d, not"));
  EXPECT_THAT(flag_complaint("http.drain_timeout", "1"),
              HasSubstr("expected a duration from 0s to 3650d, such as 500ms, 30s"));
  EXPECT_THAT(flag_complaint("uploads.max_parts", "0"),
              HasSubstr("expected a whole number from 1 to 100000, not"));
}

TEST_F(SettingsTest, EveryExampleThatIsOfferedFits) {
  constexpr std::string_view kBefore = ", such as ";
  int tried = 0;
  for (const SettingInfo& setting : known_settings()) {
    const bool is_amount =
        setting.expected.starts_with("a size") || setting.expected.starts_with("a duration");
    if (!is_amount) continue;
    const std::size_t start = setting.expected.find(kBefore);
    ASSERT_NE(start, std::string::npos) << setting.name;
    std::istringstream words(setting.expected.substr(start + kBefore.size()));
    for (std::string example; words >> example;) {
      if (example == "or") continue;
      if (example.ends_with(',')) example.pop_back();
      // Another complaint may follow: that it does not go with the other settings.
      EXPECT_THAT(flag_complaint(std::string(setting.name), example),
                  Not(HasSubstr(setting.expected)))
          << example;
      ++tried;
    }
  }
  EXPECT_GT(tried, 40);
}

TEST_F(SettingsTest, BrokenFilesStopWithPlace) {
  EXPECT_THAT(file_complaint("cores = 1\ndata = \n"), HasSubstr("coffer.toml:2:"));
  EXPECT_THAT(file_complaint("cores = 1\ncores = 2\n"), HasSubstr("coffer.toml:2:"));
  EXPECT_THAT(file_complaint("data = '\xff\xfe'"), HasSubstr("expected TOML"));
  EXPECT_THAT(complaint({.file = folder_ / "absent.toml", .environment = {}, .flags = {}}),
              HasSubstr("absent.toml: cannot be read"));
  EXPECT_THAT(complaint({.file = folder_.string(), .environment = {}, .flags = {}}),
              HasSubstr("cannot be read"));
}

TEST_F(SettingsTest, SizesHaveUnits) {
  const auto quota = [](std::string text) {
    return from_flags({{"accounts.quota", std::move(text)}}).accounts.quota;
  };
  EXPECT_EQ(quota("10GiB"), 10ULL << 30);
  EXPECT_EQ(quota("3 TiB"), 3ULL << 40);
  EXPECT_EQ(quota("5MB"), 5'000'000U);
  EXPECT_EQ(quota("7kB"), 7'000U);
  EXPECT_EQ(quota("12B"), 12U);
  EXPECT_EQ(quota("9223372036854775807"), 9223372036854775807ULL);
  for (const char* wrong : {"9223372036854775808", "16777216TiB", "18446744073709551616", "-1",
                            "1.5GiB", "GiB", "10gib", "10GiBs", "", " 1", "0x10"}) {
    EXPECT_NE(flag_complaint("accounts.quota", wrong), "") << wrong;
  }
}

TEST_F(SettingsTest, DurationsHaveUnits) {
  const auto timeout = [](std::string text) {
    return from_flags({{"http.drain_timeout", std::move(text)}}).http.drain_timeout;
  };
  EXPECT_EQ(timeout("250ms"), milliseconds(250));
  EXPECT_EQ(timeout("30s"), milliseconds(30'000));
  EXPECT_EQ(timeout("5m"), milliseconds(300'000));
  EXPECT_EQ(timeout("2h"), milliseconds(7'200'000));
  EXPECT_EQ(timeout("7d"), milliseconds(604'800'000));
  EXPECT_EQ(timeout("0"), milliseconds(0));
  EXPECT_EQ(from_file("[http]\ndrain_timeout = 0").http.drain_timeout, milliseconds(0));
  for (const char* wrong : {"30", "s", "-5s", "1w", "1h30m", "213503982335d", "3651d"}) {
    EXPECT_NE(flag_complaint("http.drain_timeout", wrong), "") << wrong;
  }
  EXPECT_THAT(file_complaint("[blobs]\ngrace = 30"), HasSubstr("expected a duration"));
}

TEST_F(SettingsTest, RangesIncludeTheirEnds) {
  EXPECT_EQ(from_flags({{"accounts.password_min", "8"}}).accounts.password_min, 8U);
  EXPECT_EQ(from_flags({{"accounts.password_min", "1024"}}).accounts.password_min, 1024U);
  EXPECT_NE(flag_complaint("accounts.password_min", "7"), "");
  EXPECT_NE(flag_complaint("accounts.password_min", "1025"), "");
}

TEST_F(SettingsTest, AddressesToListenOn) {
  EXPECT_THAT(
      from_flags({{"listen", "[::1]:8080,localhost:0 , 0.0.0.0:65535"}}).listen,
      ElementsAre(Endpoint{"::1", 8080}, Endpoint{"localhost", 0}, Endpoint{"0.0.0.0", 65535}));
  EXPECT_THAT(from_flags({{"listen", "a:1"}, {"cores", "1"}, {"listen", "b:2"}}).listen,
              ElementsAre(Endpoint{"a", 1}, Endpoint{"b", 2}));
  for (const char* wrong : {"8080", ":8080", "::1:8080", "[::1]", "[::1]:", "[x]:1", "a:65536",
                            "a:b", "a b:1", "a:1,", ",", "http://a:1"}) {
    EXPECT_NE(flag_complaint("listen", wrong), "") << wrong;
  }
}

TEST_F(SettingsTest, ProxiesAndOriginsAreChecked) {
  EXPECT_THAT(from_flags({{"trusted_proxies", "10.0.0.0/8,::1,fd00::/128"}}).trusted_proxies,
              ElementsAre("10.0.0.0/8", "::1", "fd00::/128"));
  for (const char* wrong : {"10.0.0.0/33", "fd00::/129", "proxy.example", "10.0.0/8", "1.2.3.4/"}) {
    EXPECT_NE(flag_complaint("trusted_proxies", wrong), "") << wrong;
  }
  EXPECT_THAT(from_flags({{"cors.origins", "https://a.example,http://[::1]:3000"}}).cors.origins,
              ElementsAre("https://a.example", "http://[::1]:3000"));
  for (const char* wrong : {"a.example", "https://a.example/", "https://", "null", "ftp://a"}) {
    EXPECT_NE(flag_complaint("cors.origins", wrong), "") << wrong;
  }
  EXPECT_EQ(from_flags({{"public_url", "https://a.example/vault/"}}).public_url,
            "https://a.example/vault");
  for (const char* wrong :
       {"a.example", "https://u:p@a.example", "https://a.example?q", "https:///"}) {
    EXPECT_NE(flag_complaint("public_url", wrong), "") << wrong;
  }
}

TEST_F(SettingsTest, HttpsNeedsBothFiles) {
  EXPECT_THAT(complaint({.file = {},
                         .environment = {"COFFER_TLS_LISTEN=a:443"},
                         .flags = {{"tls.certificate", "c.pem"}}}),
              AllOf(HasSubstr("tls.key: expected"), HasSubstr("COFFER_TLS_LISTEN")));
  EXPECT_THAT(flag_complaint("tls.listen", "a:443"), HasSubstr("tls.certificate: expected"));
  EXPECT_NO_THROW(
      from_flags({{"tls.listen", "a:443"}, {"tls.certificate", "c.pem"}, {"tls.key", "k.pem"}}));
  EXPECT_THAT(flag_complaint("listen", ""), HasSubstr("listen: expected an address"));
}

TEST_F(SettingsTest, PrintedSettingsAreReadBackTheSame) {
  SettingsSources sources{
      .file = written("data = \"a\\\"b\\\\c'd\\te\\u007f\\nf\"\ntrusted_proxies = ['::1']\n"
                      "[http]\nfloor_bytes = 0\nhead_bytes = 4097\n"),
      .environment = {"COFFER_LOG_LEVEL=error", "COFFER_ACCOUNTS_REGISTRATION=closed",
                      "COFFER_LOG_ACCESS=false", "COFFER_RATE_LIMITS=off"},
      .flags = {{"listen", "[::1]:1,b:2"}, {"http.drain_timeout", "0s"}, {"blobs.grace", "90s"}}};
  const std::string printed = print(load_settings(sources));
  const Settings again = from_file(printed);
  EXPECT_EQ(again.data, "a\"b\\c'd\te\x7f\nf");
  EXPECT_THAT(again.trusted_proxies, ElementsAre("::1"));
  EXPECT_EQ(again.http.floor_bytes, 0U);
  EXPECT_EQ(again.http.head_bytes, 4097U);
  EXPECT_EQ(again.log.level, log::Level::kError);
  EXPECT_EQ(again.accounts.registration, Registration::kClosed);
  EXPECT_FALSE(again.log.access);
  EXPECT_FALSE(again.rate_limits);
  EXPECT_THAT(again.listen, ElementsAre(Endpoint{"::1", 1}, Endpoint{"b", 2}));
  EXPECT_EQ(again.http.drain_timeout, milliseconds(0));
  EXPECT_EQ(again.blobs.grace, milliseconds(90'000));
  EXPECT_THAT(print(again), HasSubstr("grace = \"90s\"  # " + file_.string() + ":"));
}

TEST_F(SettingsTest, PrintTellsWhereValuesCameFrom) {
  const std::string printed = print(load_settings({.file = written("require_https = true"),
                                                   .environment = {"COFFER_CORES=2"},
                                                   .flags = {{"log.level", "debug"}}}));
  EXPECT_THAT(printed, AllOf(HasSubstr("require_https = true  # " + file_.string() + ":1:17\n"),
                             HasSubstr("  # environment variable COFFER_CORES\n"),
                             HasSubstr("  # flag --log.level\n"),
                             HasSubstr("public_url = \"\"  # default\n")));
}

TEST_F(SettingsTest, AwsVariablesCountForWhatIsEmpty) {
  const Settings settings = load_settings(
      {.file = written("[blobs]\nstore = 's3'\n[s3]\nbucket = 'mine'\nregion = ''\n"),
       .environment = {"AWS_STORAGE_BUCKET_NAME=theirs", "AWS_S3_REGION_NAME=ru-1",
                       "AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=a=b", "AWS_S3_ENDPOINT_URL="},
       .flags = {}});
  EXPECT_EQ(settings.blobs.store, BlobStoreKind::kS3);
  EXPECT_EQ(settings.s3.bucket, "mine");
  EXPECT_EQ(settings.s3.region, "ru-1");
  EXPECT_EQ(settings.s3.access_key, "id");
  EXPECT_EQ(settings.s3.secret_key, "a=b");
  EXPECT_EQ(settings.s3.endpoint, "");
  EXPECT_THAT(print(settings), AllOf(HasSubstr("# secret_key = (not shown)"),
                                     HasSubstr("  # environment variable AWS_ACCESS_KEY_ID\n"),
                                     Not(HasSubstr("a=b"))));
  EXPECT_THAT(file_complaint(print(settings)), HasSubstr("s3.secret_key: expected"));
}

TEST_F(SettingsTest, ASecretIsNoFlag) {
  EXPECT_THAT(flag_complaint("s3.secret_key", "hunter2"),
              AllOf(HasSubstr("unknown setting"), Not(HasSubstr("hunter2"))));
}

TEST_F(SettingsTest, EveryNameIsItsOwnInEveryForm) {
  std::set<std::string> seen;
  const auto known = known_settings();
  for (const SettingInfo& setting : known) {
    seen.insert(setting.environment);
    seen.insert(setting.flag);
  }
  EXPECT_EQ(seen.size(), 2 * known.size());
}

}  // namespace
}  // namespace coffer::config
