// A vault over a real database and a real blob store, in a temporary folder.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "vault/identity/passwords.h"
#include "vault/vault.h"

namespace coffer::bench {

// A folder that is removed at the end.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class SmallVault {
 public:
  SmallVault();

  vault::Vault& vault() { return *vault_; }
  vault::Account make_account(const std::string& name);

 private:
  Folder folder_;
  vault::Passwords passwords_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<blobs::BlobStore> blobs_;
  std::unique_ptr<vault::Vault> vault_;
};

}  // namespace coffer::bench
