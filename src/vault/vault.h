// The core as one object: what a dialect is given.
#pragma once

#include <memory>
#include <span>
#include <stdexcept>

#include "db/database.h"
#include "vault/boxes/ai_models.h"
#include "vault/boxes/assets.h"
#include "vault/boxes/boxes.h"
#include "vault/boxes/projects.h"
#include "vault/events/events.h"
#include "vault/events/owner_events.h"
#include "vault/identity/accounts.h"
#include "vault/identity/sessions.h"
#include "vault/media/pictures.h"
#include "vault/media/queue.h"
#include "vault/model/context.h"
#include "vault/model/idempotency_keys.h"
#include "vault/sharing/list_cursors.h"
#include "vault/sharing/share_links.h"
#include "vault/sharing/shares.h"
#include "vault/sharing/short_links.h"
#include "vault/transfer/downloads.h"
#include "vault/transfer/files.h"
#include "vault/transfer/paths.h"
#include "vault/transfer/upload_sessions.h"
#include "vault/transfer/uploads.h"
#include "vault/tree/buckets.h"
#include "vault/tree/collections.h"
#include "vault/tree/entries.h"
#include "vault/tree/folders.h"
#include "vault/tree/groups.h"
#include "vault/tree/search_index.h"
#include "vault/upkeep/account_removal.h"
#include "vault/upkeep/checksum_backfill.h"
#include "vault/upkeep/clearing.h"
#include "vault/upkeep/kept_counts.h"
#include "vault/upkeep/reclaim.h"
#include "vault/upkeep/references.h"
#include "vault/upkeep/trash.h"
#include "vault/webhooks/deliveries.h"
#include "vault/webhooks/webhooks.h"

namespace coffer::vault {

// The schema, for Database::migrate().
std::span<const db::Migration> migrations();

// The bytes of files are no longer where they were when the vault was opened.
class StoreGoneError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Threads: any executor's.
class Vault {
 public:
  // REQUIRES: the database is migrated.
  static Task<std::unique_ptr<Vault>> open(Context context);

  Accounts& accounts() { return accounts_; }
  Sessions& sessions() { return *sessions_; }
  ApiKeys& api_keys() { return api_keys_; }
  IdempotencyKeys& idempotency_keys() { return idempotency_keys_; }
  Entries& entries() { return entries_; }
  Files& files() { return files_; }
  SearchIndex& search_index() { return search_index_; }
  const ListCursors& list_cursors() const { return *list_cursors_; }
  Folders& folders() { return folders_; }
  Paths& paths() { return paths_; }
  Pictures& pictures() { return pictures_; }
  MediaQueue& media_queue() { return media_queue_; }
  Buckets& buckets() { return buckets_; }
  Downloads& downloads() { return downloads_; }
  Collections& collections() { return collections_; }
  Groups& groups() { return groups_; }
  Projects& projects() { return projects_; }
  Boxes& boxes() { return boxes_; }
  Assets& assets() { return assets_; }
  AiModels& ai_models() { return ai_models_; }
  ShortLinks& addresses() { return *short_links_; }
  Shares& shares() { return *shares_; }
  ShareLinks& share_links() { return *share_links_; }
  Uploads& uploads() { return uploads_; }
  UploadSessions& upload_sessions() { return upload_sessions_; }
  const UploadsInFlight& uploads_in_flight() const { return *context_.uploads_in_flight; }
  ChecksumBackfill& digests() { return checksum_backfill_; }
  Events& events() { return events_; }
  OwnerEvents& owner_events() { return owner_events_; }
  Webhooks& webhooks() { return webhooks_; }
  DeliveryQueue& deliveries() { return deliveries_; }
  Clearing& clearing() { return clearing_; }
  Trash& trash() { return trash_; }
  AccountRemoval& account_removal() { return account_removal_; }
  const Passwords& passwords() const { return context_.passwords; }
  References& references() { return references_; }
  Reclaims& reclaims() { return reclaims_; }
  KeptCounts& kept_counts() { return kept_counts_; }
  const Clock& clock() const { return context_.clock; }

  // Whether database and blob store answer and have room for uploads. Throws what is wrong:
  // StoreGoneError, what is an Exhausted, or anything else.
  Task<void> check_ready();

  // Bytes that the blob store has room for.
  Task<std::uint64_t> free_bytes() { return context_.blobs.free_bytes(); }

 private:
  explicit Vault(Context context);

  Context context_;
  Accounts accounts_;
  ApiKeys api_keys_;
  IdempotencyKeys idempotency_keys_;
  Entries entries_;
  Files files_;
  Folders folders_;
  Paths paths_;
  Pictures pictures_;
  MediaQueue media_queue_;
  Buckets buckets_;
  Downloads downloads_;
  Collections collections_;
  Groups groups_;
  Projects projects_;
  Boxes boxes_;
  Assets assets_;
  AiModels ai_models_;
  SearchIndex search_index_;
  Uploads uploads_;
  UploadSessions upload_sessions_;
  ChecksumBackfill checksum_backfill_;
  Events events_;
  OwnerEvents owner_events_;
  Webhooks webhooks_;
  DeliveryQueue deliveries_;
  Clearing clearing_;
  AccountRemoval account_removal_;
  Trash trash_;
  References references_;
  Reclaims reclaims_;
  KeptCounts kept_counts_;
  std::unique_ptr<Sessions> sessions_;
  std::unique_ptr<Shares> shares_;
  std::unique_ptr<ShareLinks> share_links_;
  std::unique_ptr<ShortLinks> short_links_;
  std::unique_ptr<ListCursors> list_cursors_;
};

}  // namespace coffer::vault
