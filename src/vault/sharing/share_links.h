// Share links: links to a file or a collection with a policy of their own, which their owner makes,
// lists, changes and revokes. An entry's one share token: shares.h.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/hash.h"
#include "base/task.h"
#include "vault/model/context.h"
#include "vault/model/failure.h"
#include "vault/model/precondition.h"
#include "vault/model/types.h"
#include "vault/sharing/link_cipher.h"
#include "vault/tree/collections.h"

namespace coffer::vault {

using ShareLinkId = Id<struct ShareLinkTag>;

inline constexpr std::uint64_t kShareLinksMax = 100;  // of one file or collection
inline constexpr std::uint64_t kShareDownloadsMax = 1'000'000'000;

using Shareable = std::variant<EntryId, CollectionId>;

struct ShareLink {
  ShareLinkId id = {};
  AccountId owner = {};
  Uuid token = {};
  Shareable target = {};
  std::string password = {};                        // in its stored form; empty: none
  std::optional<Time> expires_at = {};              // nothing: never
  std::optional<std::uint64_t> max_downloads = {};  // nothing: any number, which is not counted
  std::uint64_t downloads = 0;                      // that were counted
  bool allow_download = true;                       // false: it is for looking at
  Time created_at = {};
  Time updated_at = {};

  // Names what its owner has set: another when that changes, the same whatever visitors do.
  std::string state_tag() const;

  bool has_password() const noexcept { return !password.empty(); }
  // Only what belongs to a download that was counted is sent any more.
  bool is_used_up() const noexcept { return max_downloads && downloads >= *max_downloads; }
};

struct ShareLinkPolicy {
  std::optional<std::string> password = {};  // as its visitors type it
  std::optional<Time> expires_at = {};
  std::optional<std::uint64_t> max_downloads = {};
  bool allow_download = true;
};

// Only what is set changes; an empty optional inside clears.
struct ShareLinkChanges {
  std::optional<std::optional<std::string>> password = {};
  std::optional<std::optional<Time>> expires_at = {};
  std::optional<std::optional<std::uint64_t>> max_downloads = {};
  std::optional<bool> allow_download = {};
};

struct ShareLinkQuery {
  std::optional<Shareable> target = {};    // nothing: all of the owner's
  std::optional<ShareLinkId> before = {};  // those made before that one
  std::uint64_t offset = 0;
  std::uint64_t limit = 20;
};
struct ShareLinkPage {
  std::vector<ShareLink> links;  // the newest first
  std::uint64_t total = 0;       // of all pages
};

// What a visitor sees of a link: it and what it is of. The file as for_reader() gives it.
struct OpenShareLink {
  ShareLink link;
  std::variant<Entry, Collection> shared;
};

// A request for a file's bytes, as far as counting goes.
struct ShareDownload {
  bool is_range = false;    // it asks for a part, as players and resumed downloads do
  std::string client;       // names the client: the same in all requests of one download
  std::uint64_t bytes = 0;  // that its reply may send
};

// A download that was counted, or belongs to one that was.
struct CountedDownload {
  ShareLinkId link = {};
  EntryId file = {};
  Sha256Digest client = {};
  std::optional<Time> counted_at = {};  // nothing: it needs no counting
  bool is_first = false;                // false: it was counted before
  std::uint64_t bytes = 0;              // that the reply may send
};

// How long requests for parts of a file belong to the download that was counted, and until how many
// times its bytes have been sent for it. Then the next request is another download.
inline constexpr std::chrono::hours kShareDownloadLasts{6};
inline constexpr std::uint64_t kShareDownloadSends = 2;

// Threads: any executor's.
class ShareLinks {
 public:
  ShareLinks(Context& context, std::shared_ptr<const LinkCipher> cipher)
      : context_(context), cipher_(std::move(cipher)) {}

  // For the owner: links of others do not exist.

  // kNotFound without that file or collection of the actor's; kInvalid for a password that is
  // empty or longer than an account's and an end that has passed; kQuotaExceeded, also above
  // kShareLinksMax; kBusy.
  Task<Result<ShareLink>> create(Actor actor, Shareable target, ShareLinkPolicy policy);
  // What create() and update() find wrong with the fields: see Accounts::faults_of().
  std::vector<FieldFault> faults_of(const ShareLinkChanges& changes) const;
  // kNotFound.
  Task<Result<ShareLink>> find(AccountId owner, ShareLinkId id);
  // An unknown target has no links.
  Task<ShareLinkPage> list(AccountId owner, ShareLinkQuery query);
  // A new password locks out those who gave the old one. kNotFound;
  // kPreconditionFailed, about state_tag(); kInvalid as create().
  Task<Result<ShareLink>> update(Actor actor, ShareLinkId id, ShareLinkChanges changes,
                                 Precondition precondition = {});
  // kNotFound; kPreconditionFailed, about state_tag().
  Task<Result<void>> revoke(Actor actor, ShareLinkId id, Precondition precondition = {});

  // For visitors.

  // kNotFound when the link is none, has expired, or its owner is disabled.
  Task<Result<OpenShareLink>> open(Uuid token);

  // Compares the password, of which wrong ones are counted as those of accounts are, but apart from
  // them: by the link and by the address. A key with which is_unlocked() is true for some hours, as
  // long as the link has this password. kWrongPassword, kRateLimited, kBusy.
  struct Key {
    std::string text;
    std::chrono::seconds lasts;
  };
  Task<Result<Key>> unlock(const ShareLink& link, std::string password, std::string address);
  // Whether the link needs no password, or `key` is one that unlock() gave.
  bool is_unlocked(const ShareLink& link, std::string_view key) const;

  // The file that `ref`, a token that for_reader() gave, stands for, while it is in the shared
  // collection; the file as for_reader() gives it. kNotFound.
  Task<Result<Entry>> find_file(const ShareLink& link, Uuid ref);
  // `file` as visitors may know it: a token derived from the link stands in for its UUID and its
  // share token, except of a file that is itself what is shared.
  Entry for_reader(const ShareLink& link, Entry file) const;

  // Whether the request gets anything of the file, if only its head. Of a link that is used up only
  // what count() takes for a part of a download that was counted does.
  Task<bool> is_open_to(const ShareLink& link, const Entry& file, ShareDownload download);
  // Counts one download of the file, before its bytes are sent, where the link has a maximum: of
  // however many at once, so many succeed. A request for a part by a client whose download of the
  // file was counted belongs to that, as long as kShareDownloadLasts and kShareDownloadSends say.
  // kNotFound when the link has been used up, or has ended.
  Task<Result<CountedDownload>> count(const ShareLink& link, const Entry& file,
                                      ShareDownload download);
  // Its reply has sent so many bytes; `is_lost`: it has ended before its end. Without any it is as
  // if it had not been counted.
  Task<void> settle(CountedDownload counted, std::uint64_t sent, bool is_lost);

  // Visitors who got nothing, since the start.
  struct Refusals {
    std::uint64_t wrong_passwords = 0;
    std::uint64_t ended = 0;    // their link has expired, or its owner is disabled
    std::uint64_t used_up = 0;  // it has had its downloads
  };
  Refusals refusals() const noexcept {
    return {.wrong_passwords = wrong_passwords_, .ended = ended_, .used_up = used_up_};
  }

  // For the collector: forgets up to `limit` clients of downloads that have ended. Whether there
  // may be more.
  Task<bool> prune(std::size_t limit);

 private:
  Context& context_;
  std::shared_ptr<const LinkCipher> cipher_;
  std::atomic<std::uint64_t> wrong_passwords_ = 0;
  std::atomic<std::uint64_t> ended_ = 0;
  std::atomic<std::uint64_t> used_up_ = 0;
};

}  // namespace coffer::vault
