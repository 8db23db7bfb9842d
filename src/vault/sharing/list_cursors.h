// Positions in lists as texts that clients bring back.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/hash.h"
#include "vault/sharing/link_cipher.h"
#include "vault/tree/entries.h"

namespace coffer::vault {

// What is known where one page ends and the next begins.
struct ListCursor {
  EntryPosition position = {};
  std::uint64_t page = 1;   // the number of the next page
  std::uint64_t total = 0;  // as it was when the first page was read
  bool total_is_more = false;

  friend bool operator==(const ListCursor&, const ListCursor&) = default;
};

// A list of anything but entries. Its cursors' positions have a number that it is sorted by, and an
// id where that is not enough.
struct NamedList {
  AccountId owner = {};
  std::string name = {};  // another one for each list of the owner's, with what filters it

  friend bool operator==(const NamedList&, const NamedList&) = default;
};

// Nothing is stored: a cursor says all there is, and is good for ever, for its list alone: the
// owner, the filters and the order. Nobody makes or changes one without the key. Threads: any.
class ListCursors {
 public:
  explicit ListCursors(std::shared_ptr<const LinkCipher> cipher) : cipher_(std::move(cipher)) {}

  // Letters, digits, `-` and `_`: a hundred or so, and up to 2,731 more in a list by names.
  std::string seal(const EntryQuery& query, const ListCursor& cursor) const;
  std::string seal(const NamedList& list, const ListCursor& cursor) const;

  // Nothing for a text that seal() did not give for the same list. `limit`, `offset` and `after` of
  // the query are no part of it.
  std::optional<ListCursor> open(const EntryQuery& query, std::string_view text) const;
  std::optional<ListCursor> open(const NamedList& list, std::string_view text) const;

 private:
  // `list`: a digest of what tells the list from others.
  std::string seal(const Sha256Digest& list, const ListCursor& cursor) const;
  std::optional<ListCursor> open(const Sha256Digest& list, std::string_view text) const;
  Uuid seal_of(const Sha256Digest& list, ByteView content) const;

  std::shared_ptr<const LinkCipher> cipher_;
};

}  // namespace coffer::vault
