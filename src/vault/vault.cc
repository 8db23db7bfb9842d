#include "vault/vault.h"

#include <utility>

#include "blobs/unavailable_error.h"

namespace coffer::vault {
namespace {
constexpr db::Statement kProbe{"SELECT id FROM account ORDER BY id LIMIT 1"};
}  // namespace

Vault::Vault(Context context)
    : context_(std::move(context)),
      accounts_(context_),
      api_keys_(context_),
      idempotency_keys_(context_),
      entries_(context_),
      files_(context_),
      folders_(context_),
      paths_(context_),
      pictures_(context_),
      media_queue_(context_),
      buckets_(context_),
      downloads_(context_),
      collections_(context_),
      groups_(context_),
      projects_(context_),
      boxes_(context_),
      assets_(context_),
      ai_models_(context_),
      search_index_(context_),
      uploads_(context_),
      upload_sessions_(context_),
      checksum_backfill_(context_),
      events_(context_),
      owner_events_(context_),
      webhooks_(context_),
      deliveries_(context_),
      clearing_(context_),
      account_removal_(context_),
      trash_(context_),
      references_(context_),
      reclaims_(context_, references_),
      kept_counts_(context_) {}

Task<std::unique_ptr<Vault>> Vault::open(Context context) {
  std::unique_ptr<Vault> vault(new Vault(std::move(context)));
  vault->sessions_ = co_await Sessions::open(vault->context_);
  const auto cipher = co_await open_link_cipher(vault->context_);
  vault->shares_ = std::make_unique<Shares>(vault->context_, cipher);
  vault->share_links_ = std::make_unique<ShareLinks>(vault->context_, cipher);
  vault->short_links_ = std::make_unique<ShortLinks>(vault->context_, cipher);
  vault->list_cursors_ = std::make_unique<ListCursors>(cipher);
  co_return vault;
}

Task<void> Vault::check_ready() {
  auto body = [&](db::Transaction& tx) -> Task<void> { co_await tx.execute(kProbe); };
  co_await context_.database.read(body);
  // Whether it is locked, or its file gone, is seen by asking to write. Nothing is written.
  co_await context_.database.write(Actor::System{}, body);
  try {
    co_await context_.blobs.check_present();
  } catch (const blobs::UnavailableError&) {
    throw;
  } catch (const blobs::Error& error) {
    throw StoreGoneError(error.what());
  }
  const std::uint64_t left = co_await context_.blobs.free_bytes();
  if (left == 0) {
    throw blobs::NoSpaceError(
        "less of the disk is free than storage.reserve asks for, or it takes hardly any more "
        "files");
  }
}

}  // namespace coffer::vault
