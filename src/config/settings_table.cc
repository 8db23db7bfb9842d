#include "config/settings_table.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

namespace coffer::config {
namespace {

void assign(std::string& member, const Value& value) { member = std::get<std::string>(value); }
void assign(std::uint64_t& member, const Value& value) { member = std::get<std::uint64_t>(value); }
void assign(std::chrono::milliseconds& member, const Value& value) {
  member = std::chrono::milliseconds(std::get<std::uint64_t>(value));
}
void assign(std::vector<std::string>& member, const Value& value) {
  member = std::get<std::vector<std::string>>(value);
}
void assign(std::vector<Endpoint>& member, const Value& value) {
  member.clear();
  for (const std::string& item : std::get<std::vector<std::string>>(value)) {
    const HostPort parsed = parse_endpoint(item).value();
    member.push_back({.host = std::string(parsed.host), .port = parsed.port});
  }
}
// A boolean may also be the choice between `off` and `on`.
void assign(bool& member, const Value& value) {
  const bool* flag = std::get_if<bool>(&value);
  member = flag != nullptr ? *flag : std::get<std::uint64_t>(value) != 0;
}
template <class Enum>
requires std::is_enum_v<Enum>
void assign(Enum& member, const Value& value) {
  member = static_cast<Enum>(std::get<std::uint64_t>(value));
}

Value value_of(const std::string& member) { return member; }
Value value_of(std::uint64_t member) { return member; }
Value value_of(bool member) { return member; }
Value value_of(std::chrono::milliseconds member) {
  return static_cast<std::uint64_t>(member.count());
}
Value value_of(const std::vector<std::string>& member) { return member; }
Value value_of(const std::vector<Endpoint>& member) {
  std::vector<std::string> items;
  for (const Endpoint& endpoint : member) {
    const bool is_v6 = endpoint.host.find(':') != std::string::npos;
    items.push_back(
        fmt::format("{}{}{}:{}", is_v6 ? "[" : "", endpoint.host, is_v6 ? "]" : "", endpoint.port));
  }
  return items;
}
template <class Enum>
requires std::is_enum_v<Enum> Value value_of(Enum member) {
  return static_cast<std::uint64_t>(member);
}

// `member` gives the setting's place in a Settings.
template <class Member>
constexpr Definition define(std::string_view name, Shape shape, std::string_view fallback,
                            std::string_view description, Member /*member*/) {
  return {
      .name = name,
      .shape = shape,
      .fallback = fallback,
      .description = description,
      .store = [](Settings& settings, const Value& value) { assign(Member{}(settings), value); },
      .fetch = [](const Settings& settings) { return value_of(Member{}(settings)); }};
}

constexpr Definition or_variable(std::string_view variable, Definition definition) {
  definition.other_variable = variable;
  return definition;
}

constexpr Definition secret(Definition definition) {
  definition.is_secret = true;
  return definition;
}

constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = kKiB * kKiB;
constexpr std::uint64_t kGiB = kKiB * kMiB;
constexpr std::uint64_t kSecond = 1000;
constexpr std::uint64_t kDay = 86'400 * kSecond;

constexpr auto kOffOn = std::to_array<std::string_view>({"off", "on"});
constexpr auto kBlobStores = std::to_array<std::string_view>({"local", "s3"});
constexpr auto kRegistrationChoices = std::to_array<std::string_view>({"open", "closed"});
constexpr auto kLogLevels = std::to_array<std::string_view>({"debug", "info", "warning", "error"});

constexpr Shape text() { return {.kind = Kind::kText}; }
constexpr Shape boolean() { return {.kind = Kind::kBoolean}; }
constexpr Shape endpoints() { return {.kind = Kind::kEndpoints}; }
constexpr Shape integer(std::uint64_t min, std::uint64_t max) {
  return {.kind = Kind::kInteger, .min = min, .max = max};
}
constexpr Shape size(std::uint64_t min, std::uint64_t max = kMax) {
  return {.kind = Kind::kSize, .min = min, .max = max};
}
// To ten years.
constexpr Shape duration(std::uint64_t min) {
  return {.kind = Kind::kDuration, .min = min, .max = 3650 * kDay};
}
constexpr Shape choice(std::span<const std::string_view> choices) {
  return {.kind = Kind::kChoice, .choices = choices};
}

constexpr auto kPerMinute = integer(1, 1'000'000'000);

constexpr auto kDefinitions = std::to_array<Definition>({
    define(
        "data", {.kind = Kind::kText, .min = 1}, "./data",
        "Data folder: the database and the stored files.",
        [](auto& all) -> auto& { return all.data; }),
    define(
        "listen", endpoints(), "127.0.0.1:8080", "Addresses to listen on for plain HTTP.",
        [](auto& all) -> auto& { return all.listen; }),
    define(
        "public_url", {.kind = Kind::kUrl}, "",
        "Base URL of all links, with the path under which a proxy serves the vault, if it is not "
        "the root; empty: taken from the Host of each request.",
        [](auto& all) -> auto& { return all.public_url; }),
    define(
        "trusted_proxies", {.kind = Kind::kNetworks}, "",
        "Proxies whose X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host are believed, and "
        "whose connections count as those of many clients.",
        [](auto& all) -> auto& { return all.trusted_proxies; }),
    define(
        "require_https", boolean(), "false",
        "Refuse plain HTTP, except for health checks; requests that a trusted proxy received over "
        "HTTPS are not plain.",
        [](auto& all) -> auto& { return all.require_https; }),
    define(
        "hsts_max_age", duration(0), "365d",
        "Where require_https is set: how long browsers that came over HTTPS use nothing else for "
        "this host (Strict-Transport-Security); 0s: not sent.",
        [](auto& all) -> auto& { return all.hsts_max_age; }),
    define(
        "cores", integer(0, 1024), "0", "Serving threads; 0: one for each core of the machine.",
        [](auto& all) -> auto& { return all.cores; }),
    define(
        "rate_limits", choice(kOffOn), "on", "Turns all rate limits on or off.",
        [](auto& all) -> auto& { return all.rate_limits; }),
    define(
        "guests", choice(kOffOn), "off",
        "Whether callers without credentials are served where an API shows such calls; what they "
        "leave through StreamVault is open to all of them.",
        [](auto& all) -> auto& { return all.guests; }),

    define(
        "tls.listen", endpoints(), "", "Addresses to listen on for HTTPS.",
        [](auto& all) -> auto& { return all.tls.listen; }),
    define(
        "tls.certificate", text(), "",
        "PEM file with the server's certificate first, then its chain; read again on SIGHUP.",
        [](auto& all) -> auto& { return all.tls.certificate; }),
    define(
        "tls.key", text(), "", "PEM file with the certificate's private key.",
        [](auto& all) -> auto& { return all.tls.key; }),

    define(
        "log.level", choice(kLogLevels), "info", "Minimum severity of logged lines.",
        [](auto& all) -> auto& { return all.log.level; }),
    define(
        "log.access", boolean(), "true", "Log a line for every request.",
        [](auto& all) -> auto& { return all.log.access; }),

    define(
        "http.head_bytes", size(kKiB, kMiB), "32KiB",
        "Maximum size of a request's first line and headers together.",
        [](auto& all) -> auto& { return all.http.head_bytes; }),
    define(
        "http.head_timeout", duration(kSecond), "10s",
        "Time from the first byte of a request's head to its last.",
        [](auto& all) -> auto& { return all.http.head_timeout; }),
    define(
        "http.idle_timeout", duration(kSecond), "75s",
        "Time a connection may wait between requests.",
        [](auto& all) -> auto& { return all.http.idle_timeout; }),
    define(
        "http.floor_bytes", size(0, kGiB), "16KiB",
        "Minimum of a body that must be transferred in every http.floor_window; 0: none.",
        [](auto& all) -> auto& { return all.http.floor_bytes; }),
    define(
        "http.floor_window", duration(kSecond), "30s",
        "Interval in which http.floor_bytes must be transferred.",
        [](auto& all) -> auto& { return all.http.floor_window; }),
    define(
        "http.body_timeout", duration(kSecond), "10s",
        "Time in which a body that is read as a whole, such as JSON, must arrive, plus one second "
        "for every 8 KiB.",
        [](auto& all) -> auto& { return all.http.body_timeout; }),
    define(
        "http.memory_budget", size(kMiB), "64MiB",
        "Memory for bodies that are read as a whole, long heads and TLS handshakes; one client may "
        "use as much of it as is left for all others.",
        [](auto& all) -> auto& { return all.http.memory_budget; }),
    define(
        "http.max_connections", integer(1, 10'000'000), "20000",
        "Connections open at the same time; one address may have as many as are left for all "
        "others, a trusted proxy all.",
        [](auto& all) -> auto& { return all.http.max_connections; }),
    define(
        "http.drain_timeout", duration(0), "8s",
        "Time that running requests have to finish when the server is stopped; the process exits "
        "at most two seconds later.",
        [](auto& all) -> auto& { return all.http.drain_timeout; }),

    define(
        "limits.anonymous_per_minute", kPerMinute, "60",
        "Requests a minute from one address without credentials, where limits.account_per_minute "
        "does not apply.",
        [](auto& all) -> auto& { return all.limits.anonymous_per_minute; }),
    define(
        "limits.account_per_minute", kPerMinute, "1000",
        "Requests a minute of one account; also from one address without credentials to "
        "StreamVault, short links and share pages.",
        [](auto& all) -> auto& { return all.limits.account_per_minute; }),
    define(
        "limits.api_key_per_minute", kPerMinute, "5000", "Requests a minute with one key.",
        [](auto& all) -> auto& { return all.limits.api_key_per_minute; }),
    define(
        "limits.fileuploader_upload_per_minute", kPerMinute, "2",
        "File Uploader's uploads a minute from one address.",
        [](auto& all) -> auto& { return all.limits.fileuploader_upload_per_minute; }),
    define(
        "limits.fileuploader_login_per_minute", kPerMinute, "10",
        "File Uploader's log-in calls a minute from one address.",
        [](auto& all) -> auto& { return all.limits.fileuploader_login_per_minute; }),
    define(
        "limits.wrong_passwords_per_minute", kPerMinute, "60",
        "Wrong passwords a minute for one account, and from one address, in whichever call; more "
        "are answered with 429. Those for shares count apart: for one share, and from one address. "
        "An address from which the account was logged in to lately counts "
        "apart.",
        [](auto& all) -> auto& { return all.limits.wrong_passwords_per_minute; }),

    define(
        "uploads.max_bytes", size(0), "0", "Maximum size of a file; 0: no limit but the quota.",
        [](auto& all) -> auto& { return all.uploads.max_bytes; }),
    define(
        "uploads.max_parts", integer(1, 100'000), "1000",
        "Parts of one form, files and fields together.",
        [](auto& all) -> auto& { return all.uploads.max_parts; }),
    define(
        "uploads.memory_budget", size(kMiB), "128MiB",
        "Memory that all uploads share; one account holds at most half of it, as does one address "
        "of guests.",
        [](auto& all) -> auto& { return all.uploads.memory_budget; }),
    define(
        "uploads.memory_timeout", duration(kSecond), "5s",
        "Time an upload waits for memory before it is answered with 503.",
        [](auto& all) -> auto& { return all.uploads.memory_timeout; }),
    define(
        "uploads.max_concurrent", integer(1, 1'000'000), "1000",
        "Uploads of one account, or of one address of guests, at the same time; more are answered "
        "with 503.",
        [](auto& all) -> auto& { return all.uploads.max_concurrent; }),
    define(
        "uploads.session_lifetime", duration(kSecond), "24h",
        "Lifetime of an unfinished upload in parts, from its last part on.",
        [](auto& all) -> auto& { return all.uploads.session_lifetime; }),
    define(
        "uploads.max_sessions", integer(1, 1'000'000), "1000",
        "Unfinished uploads in parts of one account, guests counting as one; more are answered "
        "with 503.",
        [](auto& all) -> auto& { return all.uploads.max_sessions; }),

    define(
        "accounts.password_min", integer(8, 1024), "8", "Minimum length of a password in bytes.",
        [](auto& all) -> auto& { return all.accounts.password_min; }),
    define(
        "accounts.registration", choice(kRegistrationChoices), "open",
        "Whether anyone may register an account.",
        [](auto& all) -> auto& { return all.accounts.registration; }),
    define(
        "accounts.quota", size(0), "0", "Quota of a new account; 0: unlimited.",
        [](auto& all) -> auto& { return all.accounts.quota; }),
    define(
        "accounts.guest_quota", size(0), "1GiB", "Quota of all guests together; 0: unlimited.",
        [](auto& all) -> auto& { return all.accounts.guest_quota; }),

    define(
        "passwords.memory", size(8 * kMiB, 4 * kGiB), "64MiB",
        "Memory that hashing one password takes.",
        [](auto& all) -> auto& { return all.passwords.memory; }),
    define(
        "passwords.parallel", integer(1, 256), "2", "Passwords hashed at the same time.",
        [](auto& all) -> auto& { return all.passwords.parallel; }),

    define(
        "sessions.access_lifetime", duration(kSecond), "1h", "Lifetime of an access token.",
        [](auto& all) -> auto& { return all.sessions.access_lifetime; }),
    define(
        "sessions.refresh_lifetime", duration(kSecond), "7d", "Lifetime of a refresh token.",
        [](auto& all) -> auto& { return all.sessions.refresh_lifetime; }),

    define(
        "blobs.store", choice(kBlobStores), "local",
        "Where the bytes of files are: local, in the data folder, or s3, in the bucket of [s3]. A "
        "vault that has begun with one does not start with the other, unless `coffer blobs "
        "migrate` "
        "has moved its files, or is about to.",
        [](auto& all) -> auto& { return all.blobs.store; }),
    define(
        "blobs.grace", duration(4 * kSecond), "24h",
        "Time that bytes are kept after the last reference to them is gone. A download of a file "
        "that is deleted meanwhile has at least half of it to end, unless the file was uploaded in "
        "parts and the disk is full.",
        [](auto& all) -> auto& { return all.blobs.grace; }),
    define(
        "blobs.collect_every", duration(kSecond), "1h",
        "Interval at which bytes are removed whose blobs.grace has ended.",
        [](auto& all) -> auto& { return all.blobs.collect_every; }),

    or_variable("AWS_S3_ENDPOINT_URL",
                define(
                    "s3.endpoint", {.kind = Kind::kUrl}, "",
                    "The S3 service, without a path. Empty: as AWS_S3_ENDPOINT_URL has it, else "
                    "AWS's of the region.",
                    [](auto& all) -> auto& { return all.s3.endpoint; })),
    or_variable("AWS_S3_REGION_NAME",
                define(
                    "s3.region", text(), "",
                    "Its region. Empty: as AWS_S3_REGION_NAME has it, else us-east-1.",
                    [](auto& all) -> auto& { return all.s3.region; })),
    or_variable("AWS_STORAGE_BUCKET_NAME",
                define(
                    "s3.bucket", text(), "",
                    "The bucket, which has to be there. Empty: as AWS_STORAGE_BUCKET_NAME has it.",
                    [](auto& all) -> auto& { return all.s3.bucket; })),
    or_variable("AWS_ACCESS_KEY_ID",
                define(
                    "s3.access_key", text(), "",
                    "The access key. Empty: as AWS_ACCESS_KEY_ID has it, else from "
                    "s3.credentials_file.",
                    [](auto& all) -> auto& { return all.s3.access_key; })),
    or_variable("AWS_SECRET_ACCESS_KEY",
                secret(define(
                    "s3.secret_key", text(), "",
                    "Its secret key; it has no flag. Empty: as AWS_SECRET_ACCESS_KEY has it.",
                    [](auto& all) -> auto& { return all.s3.secret_key; }))),
    define(
        "s3.credentials_file", text(), "",
        "A file of AWS's form with the keys, where s3.access_key is empty; it is read again every "
        "five seconds, and when the service refuses them.",
        [](auto& all) -> auto& { return all.s3.credentials_file; }),
    define(
        "s3.profile", {.kind = Kind::kText, .min = 1}, "default", "The section of that file.",
        [](auto& all) -> auto& { return all.s3.profile; }),
    define(
        "s3.path_style", boolean(), "true",
        "Whether the bucket is named in the path (endpoint/bucket), or in the host's name "
        "(bucket.endpoint).",
        [](auto& all) -> auto& { return all.s3.path_style; }),
    define(
        "s3.timeout", {.kind = Kind::kDuration, .min = kSecond, .max = 600 * kSecond}, "30s",
        "Time for which a request that fails is tried again; then uploads and downloads that need "
        "it are answered with 503. One on which nothing moves for half of it (1 s to 30 s) fails.",
        [](auto& all) -> auto& { return all.s3.timeout; }),
    define(
        "s3.cache", size(0), "32MiB",
        "Memory for files of up to 64KiB, thumbnails and parts that were read lately, so that the "
        "service is not asked for them again; 0: none.",
        [](auto& all) -> auto& { return all.s3.cache; }),
    define(
        "s3.download_memory", size(kMiB), "256MiB",
        "Memory that all downloads from the bucket share: 242KiB for one, less for a small file; "
        "one "
        "account holds at most half of it, as does one address without one. Beyond it they wait "
        "for "
        "uploads.memory_timeout, then they are answered with 503.",
        [](auto& all) -> auto& { return all.s3.download_memory; }),
    define(
        "s3.certificates", text(), "",
        "A file of certificates (PEM) by which the service's is trusted; empty: the system's.",
        [](auto& all) -> auto& { return all.s3.certificates; }),
    or_variable("AWS_S3_CUSTOM_DOMAIN",
                define(
                    "s3.custom_domain", text(), "",
                    "The host under which everybody reads the bucket, such as files.example.org, "
                    "or a URL that begins the addresses of its public objects: the file_url of "
                    "Boxes. Empty: as AWS_S3_CUSTOM_DOMAIN has it, else s3.endpoint.",
                    [](auto& all) -> auto& { return all.s3.custom_domain; })),
    or_variable("AWS_DEFAULT_ACL",
                define(
                    "s3.acl", text(), "",
                    "The canned ACL of public objects, or none where the bucket's policy lets "
                    "everybody read uploads/*; private: no public objects, file_url is the "
                    "server's. Empty: as AWS_DEFAULT_ACL has it, else public-read.",
                    [](auto& all) -> auto& { return all.s3.acl; })),

    define(
        "storage.reserve", size(0), "64MiB",
        "Disk space that uploads leave free, for the database and the log; at most an eighth of "
        "the disk.",
        [](auto& all) -> auto& { return all.storage.reserve; }),

    define(
        "events.retention", duration(60 * kSecond), "7d",
        "Time that events, and deliveries to webhooks that have ended, are kept.",
        [](auto& all) -> auto& { return all.events.retention; }),
    define(
        "events.max_per_account", integer(100, 100'000'000), "100000",
        "Events about files of one account that are kept, and as many about its folders and about "
        "its collections; the oldest go first, at intervals of blobs.collect_every.",
        [](auto& all) -> auto& { return all.events.max_per_account; }),

    define(
        "trash.retention", duration(0), "30d",
        "Time that files deleted through Media Vault can be restored; they count in the quota "
        "until then. 0: no trash, files are deleted for good.",
        [](auto& all) -> auto& { return all.trash.retention; }),

    define(
        "media.enabled", boolean(), "true",
        "Whether the server looks into images, videos, audio and PDF, for their facts and "
        "thumbnails, by the program coffer-media.",
        [](auto& all) -> auto& { return all.media.enabled; }),
    define(
        "media.program", text(), "", "That program; empty: the one that was installed with coffer.",
        [](auto& all) -> auto& { return all.media.program; }),
    define(
        "media.pdf", boolean(), "false",
        "Whether first pages of PDF files are shown as pictures; drawn by coffer-media-pdf, which "
        "is beside that program.",
        [](auto& all) -> auto& { return all.media.pdf; }),
    define(
        "media.svg", boolean(), "false",
        "Whether SVG drawings are shown as pictures; drawn by coffer-media-svg, which is beside "
        "that program.",
        [](auto& all) -> auto& { return all.media.svg; }),
    define(
        "media.workers", integer(0, 64), "0",
        "Files that are looked into at the same time; 0: half of the cores. Never more than fit "
        "into media.memory.",
        [](auto& all) -> auto& { return all.media.workers; }),
    define(
        "media.memory", size(kGiB), "2GiB",
        "Memory of the processes that look into files, together; each may take 1 GiB.",
        [](auto& all) -> auto& { return all.media.memory; }),
    define(
        "media.spool_bytes", size(0), "4GiB",
        "Size of a file of several parts up to which it is looked into: it is copied into the data "
        "folder meanwhile.",
        [](auto& all) -> auto& { return all.media.spool_bytes; }),
    define(
        "media.cache_files", integer(0, 1'000'000'000), "100000",
        "Pictures in other sizes than thumbnails that are kept; those that were used longest ago "
        "are removed.",
        [](auto& all) -> auto& { return all.media.cache_files; }),
    define(
        "media.cache_bytes", size(0), "1GiB", "Bytes of these pictures.",
        [](auto& all) -> auto& { return all.media.cache_bytes; }),

    define(
        "webhooks.allow_private", boolean(), "false",
        "Whether webhooks may be at loopback, private and link-local addresses.",
        [](auto& all) -> auto& { return all.webhooks.allow_private; }),
    define(
        "webhooks.timeout", {.kind = Kind::kDuration, .min = kSecond, .max = 60 * kSecond}, "15s",
        "Time that a webhook has to accept a message, from looking up its name to the head of its "
        "reply.",
        [](auto& all) -> auto& { return all.webhooks.timeout; }),

    define(
        "realtime.max_connections", integer(1, 10'000'000), "10000",
        "WebSocket connections to /realtime at the same time; more are answered with 503. They "
        "count in http.max_connections too, and are at most three quarters of these.",
        [](auto& all) -> auto& { return all.realtime.max_connections; }),
    define(
        "realtime.max_connections_per_account", integer(1, 10'000'000), "1000",
        "Of these, connections of one account; more are closed with 1013.",
        [](auto& all) -> auto& { return all.realtime.max_connections_per_account; }),

    define(
        "cors.origins", {.kind = Kind::kOrigins}, "", "Web origins whose pages may call the APIs.",
        [](auto& all) -> auto& { return all.cors.origins; }),

    define(
        "metrics.listen", endpoints(), "",
        "Addresses at which anyone may read /metrics over plain HTTP, and nothing else; it is for "
        "admins only at the other addresses.",
        [](auto& all) -> auto& { return all.metrics.listen; }),
});

}  // namespace

std::span<const Definition> definitions() { return kDefinitions; }

}  // namespace coffer::config
