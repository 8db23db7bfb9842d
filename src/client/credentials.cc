#include "client/credentials.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "client/error.h"
#include "client/private_file.h"

namespace coffer::client {
namespace {

constexpr ::mode_t kPrivateFolder = 0700;
constexpr ::mode_t kOthers = 0077;
constexpr std::size_t kFileMax = std::size_t{64} << 10U;

[[noreturn]] void fail(const std::filesystem::path& path) {
  throw Error(fmt::format("{}: {}", path.string(), std::strerror(errno)));
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder.parent_path(), error);
  if (::mkdir(folder.c_str(), kPrivateFolder) != 0 && errno != EEXIST) fail(folder);
}

std::string text_of(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

}  // namespace

std::string api_root(const std::string& address) {
  std::string root(trim(address));
  while (root.ends_with('/')) root.pop_back();
  const bool is_known = root.starts_with("http://") || root.starts_with("https://");
  const std::size_t host = root.find("//") + 2;
  if (!is_known || host >= root.size() || root[host] == '/' ||
      root.find_first_of(" ?#@") != std::string::npos) {
    throw Error(json_quoted(address) +
                " is no address of a vault: it must be like https://vault.example.com");
  }
  if (!root.ends_with("/v1")) root += "/api/v1";
  return root;
}

std::filesystem::path CredentialFile::usual_path() {
  const auto variable = [](const char* name) -> std::filesystem::path {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
    return value ? value : "";
  };
  // The specification has relative ones ignored.
  std::filesystem::path folder = variable("XDG_CONFIG_HOME");
  if (!folder.is_absolute()) {
    folder = variable("HOME");
    if (!folder.is_absolute()) throw Error("HOME is not set: there is no place for credentials");
    folder /= ".config";
  }
  return folder / "coffer" / "credentials.json";
}

std::optional<Credentials> CredentialFile::load() const {
  const Descriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0 && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  struct ::stat about {};
  if (file.get() < 0 || ::fstat(file.get(), &about) != 0) fail(path_);
  if ((about.st_mode & kOthers) != 0) {
    throw Error(
        fmt::format("{} can be read by others; run `chmod 600` on it, or `coffer login URL` again",
                    path_.string()));
  }
  std::string text(kFileMax, '\0');
  const ::ssize_t count = ::read(file.get(), text.data(), text.size());
  if (count < 0) fail(path_);
  text.resize(static_cast<std::size_t>(count));
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(text, error);
  const auto* object = error ? nullptr : value.if_object();
  if (!object || text_of(*object, "root").empty()) {
    throw Error(path_.string() + " is damaged; run `coffer login URL` again");
  }
  return Credentials{.root = text_of(*object, "root"),
                     .username = text_of(*object, "username"),
                     .api_key = text_of(*object, "api_key"),
                     .token = text_of(*object, "token"),
                     .refresh_token = text_of(*object, "refresh_token"),
                     .expires_at = from_iso8601(text_of(*object, "expires_at"))};
}

void CredentialFile::save(const Credentials& credentials) const {
  boost::json::object object{{"root", credentials.root}, {"username", credentials.username}};
  if (!credentials.api_key.empty()) object["api_key"] = credentials.api_key;
  if (!credentials.token.empty()) object["token"] = credentials.token;
  if (!credentials.refresh_token.empty()) object["refresh_token"] = credentials.refresh_token;
  if (credentials.expires_at) object["expires_at"] = to_iso8601(*credentials.expires_at);
  make_folder(path_.parent_path());
  replace_file(path_, boost::json::serialize(object) + "\n");
}

bool CredentialFile::remove() const {
  if (::unlink(path_.c_str()) == 0) return true;
  if (errno != ENOENT && errno != ENOTDIR) fail(path_);
  return false;
}

Descriptor CredentialFile::lock() const {
  make_folder(path_.parent_path());
  std::filesystem::path lock = path_;
  lock += ".lock";
  return lock_file(lock);
}

std::optional<Credentials> CredentialFile::replace(const Credentials& credentials) const {
  const Descriptor held = lock();
  std::optional<Credentials> before;
  try {
    before = load();
  } catch (const Error&) {
    // What cannot be read is replaced too.
  }
  save(credentials);
  return before;
}

Credentials CredentialFile::update(
    const std::function<Credentials(std::optional<Credentials>)>& change) const {
  const Descriptor held = lock();
  Credentials credentials = change(load());
  save(credentials);
  return credentials;
}

}  // namespace coffer::client
