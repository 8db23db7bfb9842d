// Who the user is at which vault, kept between runs.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "client/descriptor.h"

namespace coffer::client {

struct Credentials {
  std::string root =
      {};  // of the API, without a slash at the end: https://vault.example.com/api/v1
  std::string username = {};  // for people
  std::string api_key = {};   // in place of the tokens
  std::string token = {};
  std::string refresh_token = {};
  std::optional<Time> expires_at = {};  // of the token
};

// The root of the API at an address that the user typed: of the vault, or of its API. Throws Error.
std::string api_root(const std::string& address);

// A file of the user's configuration folder that nobody else may read. Threads: one at a time; any
// number of processes.
class CredentialFile {
 public:
  // $XDG_CONFIG_HOME/coffer/credentials.json, else ~/.config/coffer/credentials.json. Throws Error
  // where there is neither.
  static std::filesystem::path usual_path();

  explicit CredentialFile(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const noexcept { return path_; }

  // Nothing where there is no file. Throws Error, for a file that others may read too.
  std::optional<Credentials> load() const;
  // Replaces the file at once, and gives what it had; nothing where that cannot be read. Throws
  // Error.
  std::optional<Credentials> replace(const Credentials& credentials) const;
  // Whether there was a file.
  bool remove() const;

  // Has `change` make new credentials out of those of the file, and saves them, while no other
  // process does: a refresh token is good once. Throws Error, and what `change` throws.
  Credentials update(const std::function<Credentials(std::optional<Credentials>)>& change) const;

 private:
  void save(const Credentials& credentials) const;
  // Holds the lock of the file, until it is closed.
  Descriptor lock() const;

  std::filesystem::path path_;
};

}  // namespace coffer::client
