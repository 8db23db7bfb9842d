#include "blobs/s3/credentials.h"

#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <mutex>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "blobs/blob_store.h"

namespace coffer::blobs::s3 {
namespace {

constexpr std::chrono::seconds kLookEvery{5};

class FixedCredentials final : public CredentialSource {
 public:
  explicit FixedCredentials(Credentials credentials) : credentials_(std::move(credentials)) {}
  Credentials current() override { return credentials_; }
  bool look_again(const Credentials& /*refused*/) override { return false; }

 private:
  const Credentials credentials_;
};

// What a section of such a file says; nothing unless it has both keys.
std::optional<Credentials> read_profile(const std::string& path, std::string_view profile) {
  std::ifstream file(path);
  Credentials found;
  bool is_inside = false;
  for (std::string line; std::getline(file, line);) {
    const std::string_view text = trim(line);
    if (text.empty() || text.front() == '#' || text.front() == ';') continue;
    if (text.front() == '[') {
      is_inside = text.ends_with(']') && trim(text.substr(1, text.size() - 2)) == profile;
      continue;
    }
    const std::size_t equals = text.find('=');
    if (!is_inside || equals == std::string_view::npos) continue;
    const std::string_view name = trim(text.substr(0, equals));
    const std::string value(trim(text.substr(equals + 1)));
    if (name == "aws_access_key_id") found.access_key = value;
    if (name == "aws_secret_access_key") found.secret_key = value;
    if (name == "aws_session_token") found.session_token = value;
  }
  if (found.access_key.empty() || found.secret_key.empty()) return std::nullopt;
  return found;
}

class CredentialsFile final : public CredentialSource {
 public:
  CredentialsFile(std::string path, std::string profile, const Clock& clock)
      : path_(std::move(path)), profile_(std::move(profile)), clock_(clock) {
    auto found = read_profile(path_, profile_);
    if (!found) {
      throw Error(
          fmt::format("{} has no aws_access_key_id and aws_secret_access_key in a section [{}]",
                      path_, profile_));
    }
    credentials_ = std::move(*found);
    looked_at_ = clock_.now();
  }

  Credentials current() override {
    const std::lock_guard lock(mutex_);
    const auto age = clock_.now() - looked_at_;
    // A clock that was set back is no reason to wait for it.
    if (age >= kLookEvery || age < std::chrono::seconds(0)) look();
    return credentials_;
  }

  bool look_again(const Credentials& refused) override {
    const std::lock_guard lock(mutex_);
    look();
    return credentials_ != refused;
  }

 private:
  void look() {
    looked_at_ = clock_.now();
    auto found = read_profile(path_, profile_);
    if (found) {
      credentials_ = std::move(*found);
    } else {
      log::warning("the file of S3 credentials has none; the last ones stay", {{"file", path_}});
    }
  }

  const std::string path_;
  const std::string profile_;
  const Clock& clock_;
  std::mutex mutex_;  // guards what follows
  Credentials credentials_;
  Time looked_at_;
};

}  // namespace

std::unique_ptr<CredentialSource> fixed_credentials(Credentials credentials) {
  return std::make_unique<FixedCredentials>(std::move(credentials));
}

std::unique_ptr<CredentialSource> credentials_file(std::string path, std::string profile,
                                                   const Clock& clock) {
  return std::make_unique<CredentialsFile>(std::move(path), std::move(profile), clock);
}

}  // namespace coffer::blobs::s3
