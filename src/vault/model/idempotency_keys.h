// What is remembered of requests with idempotency keys: that they were carried out, and what was
// answered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/task.h"
#include "vault/model/context.h"
#include "vault/model/failure.h"
#include "vault/model/idempotency_claim.h"
#include "vault/model/types.h"

namespace coffer::vault {

// The most bytes of a reply that are kept.
inline constexpr std::size_t kKeptReplyMax = std::size_t{128} << 10U;

struct KeptReply {
  unsigned status = 0;
  std::string headers;  // `Name: value` and CR LF each
  std::string body;
};

// A request that was carried out.
struct KeptRequest {
  Sha256Digest fingerprint;
  // The events of its change; none where the last comes before the first.
  EventId first_event;
  EventId last_event;
  std::optional<KeptReply> reply;  // nothing: it is not known (any more)
};

// Threads: any executor's.
class IdempotencyKeys {
 public:
  explicit IdempotencyKeys(Context& context) : context_(context) {}

  // Nothing where no request with this key (its SHA-256) was carried out within
  // kIdempotencyLifetime.
  Task<std::optional<KeptRequest>> find(AccountId account, Sha256Digest key);

  // Keeps the reply to the request that `claim` is of. False: it is not kept, because it is too
  // long or the quota has no room for it; that the request was carried out stays known. REQUIRES:
  // the actor is the one with the claim, which outlives the task.
  Task<bool> keep(Actor actor, const IdempotencyClaim& claim, KeptReply reply);

  // A reply with a secret in it, as it is kept: so that only the credentials of the request that it
  // is the reply to open it again. `credentials`: those that nobody can guess, a token or a key.
  KeptReply seal(KeptReply reply, std::string_view credentials, const Sha256Digest& key) const;
  // Nothing with other credentials than those.
  static std::optional<KeptReply> unseal(KeptReply reply, std::string_view credentials,
                                         const Sha256Digest& key);

  // Forgets up to `limit` keys that have expired; how many.
  Task<std::uint64_t> prune(std::size_t limit);

 private:
  Context& context_;
};

}  // namespace coffer::vault
