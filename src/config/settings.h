// What the server can be told: from defaults, a TOML file, the environment and flags, in rising
// order of precedence. Setting `a.b_c` is COFFER_A_B_C in the environment and `--a.b-c` as a flag.
#pragma once

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"

namespace coffer::config {

// Where to listen. The host is a name or an address (IPv6 without brackets); port 0 is any
// that is free.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

enum class Registration : std::uint8_t { kOpen, kClosed };
enum class BlobStoreKind : std::uint8_t { kLocal, kS3 };

// The settings of one start. Each member stands under its own name in known_settings(), which
// says what it means; load_settings() fills all of them.
struct Settings {
  std::string data;
  std::vector<Endpoint> listen;
  std::string public_url;  // without a slash at its end; empty: the request's Host
  std::vector<std::string> trusted_proxies;  // IPv4 or IPv6 addresses or CIDR ranges
  bool require_https = false;
  std::chrono::milliseconds hsts_max_age{};
  std::uint64_t cores = 0;  // 0: as many as the machine has
  bool rate_limits = true;
  bool guests = false;  // whether callers without an account are served

  struct Tls {
    std::vector<Endpoint> listen;
    std::string certificate;
    std::string key;
  } tls;

  struct Log {
    log::Level level = log::Level::kInfo;
    bool access = true;
  } log;

  struct Http {
    std::uint64_t head_bytes = 0;
    std::chrono::milliseconds head_timeout{0};
    std::chrono::milliseconds idle_timeout{0};
    std::uint64_t floor_bytes = 0;
    std::chrono::milliseconds floor_window{0};
    std::chrono::milliseconds body_timeout{0};
    std::uint64_t memory_budget = 0;
    std::uint64_t max_connections = 0;
    std::chrono::milliseconds drain_timeout{0};
  } http;

  struct Limits {
    std::uint64_t anonymous_per_minute = 0;
    std::uint64_t account_per_minute = 0;
    std::uint64_t api_key_per_minute = 0;
    std::uint64_t fileuploader_upload_per_minute = 0;
    std::uint64_t fileuploader_login_per_minute = 0;
    std::uint64_t wrong_passwords_per_minute = 0;
  } limits;

  struct Uploads {
    std::uint64_t max_bytes = 0;  // 0: no limit besides the quota
    std::uint64_t max_parts = 0;  // of one form
    std::uint64_t memory_budget = 0;
    std::chrono::milliseconds memory_timeout{0};
    std::uint64_t max_concurrent = 0;  // of one account, or of one address of guests
    std::chrono::milliseconds session_lifetime{0};
    std::uint64_t max_sessions = 0;  // of one account
  } uploads;

  struct Accounts {
    std::uint64_t password_min = 0;
    Registration registration = Registration::kOpen;
    std::uint64_t quota = 0;        // bytes; 0: unlimited
    std::uint64_t guest_quota = 0;  // bytes of all guests together; 0: unlimited
  } accounts;

  struct Passwords {
    std::uint64_t memory = 0;  // bytes
    std::uint64_t parallel = 0;
  } passwords;

  struct Sessions {
    std::chrono::milliseconds access_lifetime{0};
    std::chrono::milliseconds refresh_lifetime{0};
  } sessions;

  struct Blobs {
    BlobStoreKind store = BlobStoreKind::kLocal;
    std::chrono::milliseconds grace{0};
    std::chrono::milliseconds collect_every{0};
  } blobs;

  // The service of blobs.store = s3, and of a vault that moves into it or out of it.
  struct S3 {
    std::string endpoint;  // without a path; empty: AWS's of the region
    std::string region;    // empty: us-east-1
    std::string bucket;
    std::string access_key;
    std::string secret_key;
    std::string credentials_file;  // counts where there is no access_key
    std::string profile;           // its section
    bool path_style = true;
    std::chrono::milliseconds timeout{0};  // of a call, with all attempts
    std::uint64_t cache = 0;               // bytes of small files in memory
    std::uint64_t download_memory = 0;     // of all downloads
    std::string certificates;              // file of those to trust; empty: the system's
    std::string custom_domain;             // of addresses of public objects; empty: the endpoint's
    std::string acl;                       // of public objects; empty: public-read
  } s3;

  struct Storage {
    std::uint64_t reserve = 0;  // bytes
  } storage;

  struct Events {
    std::chrono::milliseconds retention{0};
    std::uint64_t max_per_account = 0;
  } events;

  struct Trash {
    std::chrono::milliseconds retention{0};  // 0: no trash
  } trash;

  struct Media {
    bool enabled = true;
    std::string program;  // empty: coffer-media beside the server
    bool pdf = false;     // pictures of first pages
    bool svg = false;
    std::uint64_t workers = 0;      // 0: half of the cores
    std::uint64_t memory = 0;       // bytes of all workers together
    std::uint64_t spool_bytes = 0;  // of a file that is copied for a worker
    std::uint64_t cache_files = 0;  // pictures that were made on request
    std::uint64_t cache_bytes = 0;
  } media;

  struct Webhooks {
    bool allow_private = false;
    std::chrono::milliseconds timeout{0};  // of an attempt
  } webhooks;

  struct Realtime {
    std::uint64_t max_connections = 0;
    std::uint64_t max_connections_per_account = 0;
  } realtime;

  struct Cors {
    std::vector<std::string> origins;  // `https://host[:port]`, or `*` alone
  } cors;

  struct Metrics {
    std::vector<Endpoint> listen;
  } metrics;

  // Where each value came from, in the order of known_settings(): `default`,
  // `coffer.toml:3:8`, `environment variable COFFER_X`, `flag --x`.
  std::vector<std::string> places;
};

// A setting that is unknown, malformed or does not fit another. The message is one line with
// the place, the setting's name and what was expected.
class SettingsError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What there is to say of one setting, for help texts and documentation.
struct SettingInfo {
  std::string_view name;  // `http.head_bytes`
  std::string environment;
  std::string flag;           // with its dashes
  std::string expected;       // `a size from 4KiB to 1MiB, such as 64KiB`
  std::string_view fallback;  // as text
  std::string_view description;
  bool is_list = false;    // as text: separated by commas; a flag may be repeated
  bool is_secret = false;  // it is not shown, and is no flag, which others on the machine could see
};

// All settings: those without a section first, then section after section.
std::vector<SettingInfo> known_settings();

struct SettingsSources {
  std::string file;  // empty: what COFFER_CONFIG names, if anything
  // `NAME=text` each; COFFER_* is looked at, and AWS_* for what [s3] leaves empty.
  std::vector<std::string> environment;
  std::vector<std::pair<std::string, std::string>> flags;  // name (`http.head_bytes`) and text
};

// Throws SettingsError for the first setting that is wrong.
Settings load_settings(const SettingsSources& sources);

// The environment of this process, as SettingsSources takes it.
std::vector<std::string> process_environment();

// Throws SettingsError unless the settings say which bucket to use, and its keys. `what_for` is
// what needs them, as the message is to say: `blobs.store = s3 (flag --blobs-store)`.
void require_s3(const Settings& settings, std::string_view what_for);

// The settings as a commented TOML file that load_settings() reads back to the same but for
// secrets, with the place each value came from.
std::string print(const Settings& settings);

// What every setting means, with its default, as Markdown: docs/settings.md.
std::string reference();

}  // namespace coffer::config
