// What every part of the core stands on. Made by whoever starts the vault, and outlives it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/entropy.h"
#include "blobs/blob_store.h"
#include "vault/model/dropped_blobs.h"
#include "vault/model/guarded_database.h"
#include "vault/model/last_uses.h"
#include "vault/model/listener.h"
#include "vault/model/password_attempts.h"
#include "vault/model/reservations.h"
#include "vault/model/types.h"
#include "vault/model/uploads_in_flight.h"
#include "vault/model/word_runs.h"

namespace coffer::vault {

class Passwords;

struct Policy {
  std::size_t password_min = 8;  // bytes, 8 to 1024
  bool registration_open = true;
  std::optional<std::uint64_t> quota;  // of a new account, bytes
  bool guests = false;                 // whether people without an account are served
  std::optional<std::uint64_t> guest_quota = std::uint64_t{1} << 30U;  // bytes of all guests
  std::optional<std::uint64_t> max_file_bytes;
  // Wrong passwords a minute, for one account and from one address; nothing: as many as come.
  std::optional<std::uint32_t> password_attempts = 60;
  std::chrono::seconds access_lifetime{3600};
  std::chrono::seconds refresh_lifetime{7 * 24 * 3600};
  // How long an upload in parts lives after its last part.
  std::chrono::seconds upload_session_lifetime{24 * 3600};
  // How many unfinished uploads in parts one account may have.
  std::uint64_t max_upload_sessions = 1'000;
  // How long a blob without references is kept. Who reads a file of parts that was deleted may go
  // on for half of it.
  std::chrono::milliseconds blob_grace = std::chrono::hours(24);
  // How long what is in the trash can be restored; 0: there is no trash.
  std::chrono::milliseconds trash_retention = std::chrono::hours(30 * 24);
};

struct Context {
  GuardedDatabase database;
  blobs::BlobStore& blobs;
  const Clock& clock;
  Entropy& entropy;
  Passwords& passwords;
  Classify classify;
  Policy policy;
  std::shared_ptr<PasswordAttempts> password_attempts = std::make_shared<PasswordAttempts>();
  std::shared_ptr<LastUses<SessionId>> session_uses = std::make_shared<LastUses<SessionId>>();
  std::shared_ptr<LastUses<ApiKeyId>> key_uses = std::make_shared<LastUses<ApiKeyId>>();
  std::shared_ptr<Reservations> reservations = std::make_shared<Reservations>();
  std::shared_ptr<UploadsInFlight> uploads_in_flight = std::make_shared<UploadsInFlight>();
  std::shared_ptr<WordRuns> word_runs = std::make_shared<WordRuns>();
  std::shared_ptr<DroppedBlobs> dropped_blobs = std::make_shared<DroppedBlobs>();
  // Called after a folder or a space was removed, for whoever clears it away.
  std::shared_ptr<Listener> removed = std::make_shared<Listener>();
};

}  // namespace coffer::vault
