// Compares the objects of a bucket with what the database knows of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/task.h"
#include "blobs/place.h"
#include "blobs/s3/client.h"

namespace coffer::blobs::s3 {

// A place at which the database says that bytes are, or may be.
struct KnownPlace {
  enum class Kind : std::uint8_t {
    kReferenced,  // of a blob that something refers to, or of a public object
    kUnused,      // of one that nothing refers to any more
    kUnclaimed,   // of the ledger: there may be an object, or none
  };

  Place place;
  Kind kind = Kind::kUnclaimed;
  // But for kUnclaimed.
  Sha256Digest digest{};
  std::uint64_t size = 0;
};

// What a check finds out, in order of keys: of blobs, then of public objects.
class ObjectVisitor {
 public:
  virtual ~ObjectVisitor() = default;

  virtual void missing(const KnownPlace& known) = 0;
  virtual void damaged(const KnownPlace& known, const std::string& problem) = 0;
  // An object that is what it should be, as far as it was looked at.
  virtual void sound(const KnownPlace& known) = 0;
  // An object that nothing refers to; whether the server removes it.
  virtual void unreferenced(const std::string& key, std::uint64_t size, bool is_removed) = 0;
  // `bytes` were read since the last call. May block, so that no more are read for a while.
  virtual void advanced(std::uint64_t bytes) = 0;
};

// Places are random: each part has those that begin with the same byte.
inline constexpr unsigned kParts = 256;

// Which parts, and how.
struct ObjectCheck {
  unsigned first = 0;       // part
  unsigned end = kParts;    // the part behind the last one
  bool reads_them = false;  // all bytes of them; otherwise their sizes are compared
};

// Lists the objects and compares them with `known`, which are in order of their places and are all
// of these parts. Changes nothing. Throws Error where the service fails. REQUIRES: nobody stores or
// removes anything; client, `known` and `visitor` outlive the task.
Task<void> check_objects(Client& client, ObjectCheck check, const std::vector<KnownPlace>& known,
                         ObjectVisitor& visitor);

}  // namespace coffer::blobs::s3
