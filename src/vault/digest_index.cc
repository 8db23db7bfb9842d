#include "vault/digest_index.h"

#include <algorithm>
#include <chrono>

namespace coffer::vault {
namespace {

constexpr std::size_t kBatchRows = 100'000;
// How long uploads that commit together with a part of the batch may wait for it.
constexpr auto kPartTime = std::chrono::milliseconds(2);

constexpr db::Statement kIndexed{"SELECT up_to FROM blob_indexed"};
constexpr db::Statement kAdded{"SELECT id, digest FROM blob WHERE id > $1 ORDER BY id LIMIT $2"};
// By number: the row may have gone since it was read.
constexpr db::Statement kEnter{
    "INSERT INTO blob_digest (digest, blob_id) SELECT digest, id FROM blob WHERE id = $1"
    " ON CONFLICT DO NOTHING"};
constexpr db::Statement kRaise{"UPDATE blob_indexed SET up_to = $1 WHERE up_to < $1"};

}  // namespace

Task<bool> DigestIndex::step() {
  // What comes after a clock was set back looks older than it is.
  if (complete_at_) complete_at_ = std::min(*complete_at_, context_.clock.now());
  if (entered_ == batch_.size()) co_await look();
  if (!batch_.empty()) {
    co_await enter();
    if (entered_ < batch_.size()) co_return true;
    co_await raise();
    batch_ = std::vector<Row>();
    entered_ = 0;
  }
  if (is_whole_) complete_at_ = looked_at_;
  co_return !is_whole_;
}

Task<void> DigestIndex::look() {
  looked_at_ = context_.clock.now();
  // A write, though it changes nothing, because writes come one after another: the rows of those
  // before it are found below; those after it refuse bytes that are older than half the grace time
  // (is_too_old()), as they see in their transactions, after the moment above.
  auto ask = [&](db::Transaction& tx) -> Task<std::optional<BlobId>> {
    co_return co_await tx.find(kIndexed, [](const db::Row& row) { return row.id<BlobId>(0); });
  };
  const auto up_to = co_await context_.database.write(ask);
  auto read = [&](db::Transaction& tx) -> Task<std::vector<Row>> {
    const auto from = [](const db::Row& row) {
      return Row{row.id<BlobId>(0), Sha256Digest::from_bytes(row.bytes(1)).value()};
    };
    co_return co_await tx.all(kAdded, from, up_to.value(), kBatchRows);
  };
  batch_ = co_await context_.database.scan(read);
  entered_ = 0;
  is_whole_ = batch_.size() < kBatchRows;
  if (!batch_.empty()) last_ = batch_.back().id;
  std::ranges::sort(batch_, {}, &Row::digest);
}

Task<void> DigestIndex::enter() {
  auto part = [&](db::Transaction& tx) -> Task<std::size_t> {
    const auto deadline = std::chrono::steady_clock::now() + kPartTime;
    std::size_t next = entered_;
    while (next < batch_.size()) {
      co_await tx.execute(kEnter, batch_[next++].id);
      if (std::chrono::steady_clock::now() >= deadline) break;
    }
    co_return next;
  };
  entered_ = co_await context_.database.write(part);
}

Task<void> DigestIndex::raise() {
  auto body = [&](db::Transaction& tx) -> Task<void> { co_await tx.execute(kRaise, last_); };
  co_await context_.database.write(body);
}

}  // namespace coffer::vault
