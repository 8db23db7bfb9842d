#include "vault/sharing/list_cursors.h"

#include <sodium.h>

#include <cstring>

#include "base/bytes.h"
#include "base/hash.h"

namespace coffer::vault {
namespace {

constexpr std::byte kVersion{1};
constexpr std::size_t kSealBytes = 16;
constexpr std::size_t kTextMax = 4096;
// The version, whether there are more than the total, four numbers.
constexpr std::size_t kFixedBytes = 2 + 4 * 8;

void append(Bytes& out, std::uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<std::byte>(value >> shift));
}

// Its length first, so that no two lists of fields are the same bytes.
void append(Bytes& out, std::string_view text) {
  append(out, text.size());
  const ByteView bytes = as_bytes(text);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

template <class T, class AsNumber>
void append_optional(Bytes& out, const std::optional<T>& value, AsNumber as_number) {
  out.push_back(value ? std::byte{1} : std::byte{0});
  append(out, value ? static_cast<std::uint64_t>(as_number(*value)) : 0);
}

std::uint64_t number_at(ByteView bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    value |= std::to_integer<std::uint64_t>(bytes[at + i]) << (8 * i);
  }
  return value;
}

Sha256Digest digest_of(const EntryQuery& query) {
  Bytes fields;
  append(fields, static_cast<std::uint64_t>(query.owner.value));
  append_optional(fields, query.kind, [](FileKind kind) { return static_cast<int>(kind); });
  append_optional(fields, query.collection, [](CollectionId id) { return id.value; });
  append_optional(fields, query.created_from, to_micros);
  append_optional(fields, query.created_before, to_micros);
  append_optional(fields, query.taken_from, to_micros);
  append_optional(fields, query.taken_before, to_micros);
  append(fields, static_cast<std::uint64_t>(query.sort));
  append(fields, static_cast<std::uint64_t>(query.descending));
  for (const auto* text : {&query.text, &query.tag}) {
    fields.push_back(*text ? std::byte{1} : std::byte{0});
    append(fields, text->value_or(""));
  }
  return Sha256::of(fields);
}

// Where that of a query says whether it has a kind, which is 0 or 1, this has another byte.
Sha256Digest digest_of(const NamedList& list) {
  Bytes fields;
  append(fields, static_cast<std::uint64_t>(list.owner.value));
  fields.push_back(std::byte{2});
  append(fields, list.name);
  return Sha256::of(fields);
}

std::optional<Bytes> from_base64url(std::string_view text) {
  Bytes bytes(text.size() / 4 * 3 + 3);  // never none: a null pointer may not be passed
  std::size_t length = 0;
  const int failed = sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(),
                                       text.data(), text.size(), nullptr, &length, nullptr,
                                       sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  if (failed != 0) return std::nullopt;
  bytes.resize(length);
  return bytes;
}

}  // namespace

std::string ListCursors::seal(const EntryQuery& query, const ListCursor& cursor) const {
  return seal(digest_of(query), cursor);
}

std::string ListCursors::seal(const NamedList& list, const ListCursor& cursor) const {
  return seal(digest_of(list), cursor);
}

std::optional<ListCursor> ListCursors::open(const EntryQuery& query, std::string_view text) const {
  return open(digest_of(query), text);
}

std::optional<ListCursor> ListCursors::open(const NamedList& list, std::string_view text) const {
  return open(digest_of(list), text);
}

Uuid ListCursors::seal_of(const Sha256Digest& list, ByteView content) const {
  Bytes message(list.bytes.begin(), list.bytes.end());
  message.insert(message.end(), content.begin(), content.end());
  return cipher_->cursor_seal(message);
}

std::string ListCursors::seal(const Sha256Digest& list, const ListCursor& cursor) const {
  Bytes content{kVersion, cursor.total_is_more ? std::byte{1} : std::byte{0}};
  append(content, cursor.page);
  append(content, cursor.total);
  append(content, static_cast<std::uint64_t>(cursor.position.number));
  append(content, static_cast<std::uint64_t>(cursor.position.id.value));
  const ByteView name = as_bytes(cursor.position.name);
  content.insert(content.end(), name.begin(), name.end());
  const Uuid seal = seal_of(list, content);
  content.insert(content.end(), seal.bytes.begin(), seal.bytes.end());
  return to_base64url(content);
}

std::optional<ListCursor> ListCursors::open(const Sha256Digest& list, std::string_view text) const {
  if (text.size() > kTextMax) return std::nullopt;
  const auto bytes = from_base64url(text);
  if (!bytes || bytes->size() < kFixedBytes + kSealBytes) return std::nullopt;
  const ByteView all = *bytes;
  const ByteView content = all.first(all.size() - kSealBytes);
  const Uuid seal = seal_of(list, content);
  if (!equal_in_constant_time(seal.bytes, all.last(kSealBytes))) return std::nullopt;
  if (content[0] != kVersion) return std::nullopt;
  ListCursor cursor;
  cursor.total_is_more = content[1] != std::byte{0};
  cursor.page = number_at(content, 2);
  cursor.total = number_at(content, 10);
  cursor.position.number = static_cast<std::int64_t>(number_at(content, 18));
  cursor.position.id = EntryId{static_cast<std::int64_t>(number_at(content, 26))};
  cursor.position.name = as_text(content.subspan(kFixedBytes));
  return cursor;
}

}  // namespace coffer::vault
