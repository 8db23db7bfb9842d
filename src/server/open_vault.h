// The vault on its stores, as the settings want it.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/entropy.h"
#include "config/settings.h"
#include "server/stores.h"
#include "vault/identity/passwords.h"
#include "vault/upkeep/blob_migration.h"
#include "vault/vault.h"

namespace coffer::server {

// Owns the stores. Threads: as the vault's.
class OpenVault {
 public:
  // REQUIRES: `clock` and `entropy` outlive it.
  OpenVault(const Settings& settings, Stores stores, const Clock& clock = system_clock(),
            Entropy& entropy = system_entropy());
  ~OpenVault();

  vault::Vault& vault() { return *vault_; }
  db::Database& database() { return *stores_.database; }
  blobs::BlobStore& blobs() { return *stores_.blobs; }
  // For jobs::Migrator, like the next.
  vault::BlobMover& blob_mover() { return blob_mover_; }
  void direct_uploads(std::optional<vault::StoreKind> target) { stores_.direct_uploads(target); }

 private:
  Stores stores_;
  vault::Passwords passwords_;
  vault::Context context_;  // as the vault has it
  vault::BlobMover blob_mover_;
  std::unique_ptr<vault::Vault> vault_;
};

}  // namespace coffer::server
