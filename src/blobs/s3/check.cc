#include "blobs/s3/check.h"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <utility>

#include "base/bytes.h"
#include "blobs/s3/keys.h"

namespace coffer::blobs::s3 {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{64} * 1024;

// What is wrong with the object's bytes; empty: nothing.
Task<std::string> find_damage(Client& client, const std::string& key, const KnownPlace& known,
                              ObjectVisitor& visitor) {
  Sha256 hash;
  Bytes block(kBlockBytes);
  const std::unique_ptr<Download> download = client.get(key, 0, known.size);
  std::string problem;
  try {
    for (;;) {
      const std::size_t count = co_await download->read(block);
      if (count == 0) break;
      hash.update(ByteView(block).first(count));
      visitor.advanced(count);
    }
    if (hash.finish() != known.digest) problem = "its bytes are damaged";
  } catch (const Error& error) {
    problem = error.what();
  }
  // Where the service fails altogether, nothing is known of the object.
  if (!problem.empty()) co_await client.check();
  co_return problem;
}

// Of an object that is there.
Task<void> compare(Client& client, const ObjectCheck& check, const ListedObject& object,
                   const KnownPlace& known, ObjectVisitor& visitor) {
  if (known.kind != KnownPlace::Kind::kReferenced) {
    visitor.unreferenced(object.key, object.size, true);
    co_return;
  }
  std::string problem;
  if (object.size != known.size) {
    problem = fmt::format("it has {} bytes, the database says {}", object.size, known.size);
  } else if (check.reads_them) {
    problem = co_await find_damage(client, object.key, known, visitor);
  }
  if (problem.empty()) {
    visitor.sound(known);
  } else {
    visitor.damaged(known, problem);
  }
}

// The first key of a part; the first part begins with the prefix itself.
std::string key_of_part(const std::string& prefix, unsigned part) {
  if (part == 0) return prefix;
  const std::array byte{static_cast<std::byte>(part)};
  return prefix + to_hex(byte);
}

// Of the objects whose keys begin with `prefix`.
Task<void> check_keys(Client& client, const ObjectCheck& check, std::string prefix,
                      const std::vector<KnownPlace>& known, ObjectVisitor& visitor) {
  auto next = known.begin();
  const auto miss = [&] {
    if (next->kind == KnownPlace::Kind::kReferenced) visitor.missing(*next);
    ++next;
  };
  std::string after = key_of_part(prefix, check.first);
  for (bool is_end = false; !is_end;) {
    const ObjectPage page = co_await client.list(prefix, after);
    is_end = page.is_end;
    if (!page.objects.empty()) after = page.objects.back().key;
    for (const ListedObject& object : page.objects) {
      if (check.end < kParts && object.key >= key_of_part(prefix, check.end)) {
        is_end = true;
        break;
      }
      while (next != known.end() && key_of(next->place) < object.key) miss();
      if (next != known.end() && key_of(next->place) == object.key) {
        const KnownPlace& its = *next++;
        co_await compare(client, check, object, its, visitor);
      } else {
        visitor.unreferenced(object.key, object.size, false);
      }
    }
    visitor.advanced(0);
  }
  while (next != known.end()) miss();
}

}  // namespace

Task<void> check_objects(Client& client, ObjectCheck check, const std::vector<KnownPlace>& known,
                         ObjectVisitor& visitor) {
  std::vector<KnownPlace> blobs;
  std::vector<KnownPlace> public_objects;
  for (const KnownPlace& place : known) {
    (is_public(place.place) ? public_objects : blobs).push_back(place);
  }
  co_await check_keys(client, check, kBlobPrefix, blobs, visitor);
  co_await check_keys(client, check, kPublicPrefix, public_objects, visitor);
}

}  // namespace coffer::blobs::s3
