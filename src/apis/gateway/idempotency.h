// Requests that are safe to repeat: a POST with an Idempotency-Key is carried out once within a
// day, however often its client sends it, because it did not see the reply.
//
// The key and the first change that the request makes are committed together
// (vault/model/idempotency_claim.h): so there is no moment in which a crash leaves a change without
// its key, or a key without its change. The reply is kept after it is made. Requests that are under
// way are known to their server alone, and forgotten with it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "apis/gateway/body_check.h"
#include "apis/gateway/dialect.h"
#include "apis/gateway/metrics.h"
#include "base/task.h"
#include "vault/vault.h"

namespace coffer::apis {

// Threads: any.
class Idempotency {
 public:
  static constexpr std::size_t kKeyMax = 255;  // bytes, printable ASCII

  // REQUIRES: both outlive it.
  Idempotency(vault::Vault& vault, Metrics& metrics);

  // Whether a request of an account to the route may carry a key that counts: a POST that is not
  // carried out again.
  static bool is_offered(const Dialect& dialect, const Route& route);
  // Whether this request carries one.
  static bool applies(const Dialect& dialect, const Route& route, const RequestContext& context);

  // Answers a request with a key: calls the handler, or says what the first request of the account
  // with this key was told, with `Idempotency-Replayed: true`. Its status, the fields that describe
  // the body and the body are what was answered; a refusal changed nothing and is not kept: the
  // request is looked at again.
  // kInvalid for a key that is none; kIdempotencyMismatch where the key was used for another
  // request; kRequestInProgress while that one is under way; kReplyLost where it was carried out
  // and its reply is not known. What the handler throws. REQUIRES: applies(); `check` wants a
  // fingerprint.
  Task<Reply> call(const Dialect& dialect, const Route& route, RequestContext& context,
                   BodyCheck& check);

 private:
  // A key whose request is under way, for as long as it lives.
  class Slot {
   public:
    Slot(Idempotency& owner, std::string name) : owner_(owner), name_(std::move(name)) {}
    ~Slot() { owner_.leave(name_); }
    Slot(const Slot&) = delete;

   private:
    Idempotency& owner_;
    std::string name_;
  };

  // Null where one is.
  std::unique_ptr<Slot> enter(std::string name);
  void leave(const std::string& name);

  // `key`: its SHA-256.
  Task<Reply> answer_again(const Dialect& dialect, const Route& route, RequestContext& context,
                           BodyCheck& check, const Sha256Digest& key,
                           const vault::KeptRequest& kept);
  Task<Reply> reply_again(const Dialect& dialect, const Route& route, RequestContext& context,
                          const Sha256Digest& key, const vault::KeptRequest& kept);
  Task<void> keep(const Dialect& dialect, const Route& route, RequestContext& context,
                  const vault::IdempotencyClaim& claim, const http::Response& response);

  vault::Vault& vault_;
  std::mutex mutex_;
  std::unordered_set<std::string> under_way_;  // guarded by mutex_
  std::atomic<std::uint64_t> replayed_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
  std::atomic<std::uint64_t> lost_ = 0;
};

}  // namespace coffer::apis
