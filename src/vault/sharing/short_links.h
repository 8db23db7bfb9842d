// Short addresses: every file has one for everybody, and a key with which whoever has it may
// delete the file or take it over. Made of the file's number (vault/sharing/link_cipher.h).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/task.h"
#include "vault/model/context.h"
#include "vault/model/failure.h"
#include "vault/model/page.h"
#include "vault/model/types.h"
#include "vault/sharing/link_cipher.h"

namespace coffer::vault {

// A file with what people call it by.
struct Addressed {
  Entry entry;
  std::string address;  // 10 characters of [A-Za-z0-9_-], and the extension where that was wanted
  Uuid delete_key;
};

// Threads: any executor's.
class ShortLinks {
 public:
  ShortLinks(Context& context, std::shared_ptr<const LinkCipher> cipher)
      : context_(context), cipher_(std::move(cipher)) {}

  // `extension`: the one that was stored with the file (NewFile::address_extension).
  Addressed of(Entry entry, std::string_view extension = {}) const;

  // The file of that address, which may end in the extension that the file has or was stored with.
  // kNotFound; also when it is shared no longer, while its owner is disabled, and when it lies in a
  // bucket that was removed.
  Task<Result<Addressed>> find(std::string address);

  // Deletes the file. kNotFound; kInvalid when `key` is neither its delete key nor, while it is in
  // a group, the group_key().
  Task<Result<void>> remove(std::string address, std::string key);

  // The key by which the owner of the group that the file is in may delete it. It ends when the
  // group or the file's place in it does.
  Uuid group_key(const Entry& file) const;

  // Makes all links of the file new, and its delete key (Shares::rotate). kNotFound; kInvalid when
  // `key` is not its delete key; kConflict when it could have no short link any more.
  Task<Result<Addressed>> rotate(std::string address, std::string key);

  // One of the files that an account wants to have.
  struct Claim {
    std::string address;
    std::string key;
  };
  // Makes each file the caller's that the guests own: it moves to the caller's home and counts in
  // the caller's quota; events `entry.deleted` and `entry.created`. What is the caller's already
  // stays as it is. Whether each of them is the caller's now: not when address or key are wrong,
  // somebody else owns it or the quota does not allow it.
  Task<Result<std::vector<bool>>> transfer(Actor actor, std::vector<Claim> claims);

  // Files that `owner` owns outside of groups, with ids above `after`, in order of ids. Looks at a
  // page of all the owner's files at a time.
  struct OwnFiles {
    std::vector<Addressed> files;
    std::optional<EntryId> next;  // to go on behind; nothing: this was the last page
  };
  Task<OwnFiles> list_own(AccountId owner, EntryId after, PageLimit limit = {});

  // Files that lie directly in `space`, with keys above `after`, in order of keys. REQUIRES: the
  // caller may see the space.
  Task<Page<Addressed>> list_space(SpaceId space, std::string after, PageLimit limit = {});

 private:
  Task<std::optional<Addressed>> look_up(const std::string& address, bool for_everybody);

  Context& context_;
  std::shared_ptr<const LinkCipher> cipher_;
};

// The cipher of the vault's key, which is made when there is none yet. Throws when it is damaged.
Task<std::shared_ptr<const LinkCipher>> open_link_cipher(Context& context);

// The extension of a name with its dot, as users of addresses know it: the last one (`.gz`), none
// where nothing but dots stands before it.
std::string_view extension_of_name(std::string_view name) noexcept;

// The same where it may stand in an address as it is: letters, digits, `_` and `-`, at most 32 of
// them; else empty.
std::string_view address_extension(std::string_view name) noexcept;

}  // namespace coffer::vault
