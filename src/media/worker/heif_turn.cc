#include "media/worker/heif_turn.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "media/worker/big_endian.h"
#include "media/worker/boxes.h"

namespace coffer::media {
namespace {

// Profiles of colours are among the properties.
constexpr std::uint64_t kMaxProperties = 16u << 20;
constexpr std::uint64_t kMaxAssociations = 1u << 20;

// As many as associations have numbers for.
constexpr std::size_t kMaxCount = 0x7fff;

struct Property {
  bool turns = false;  // by 90 or 270 degrees
  std::optional<ItemSize> size;
};

Property property_of(std::string_view type, ByteView body) {
  Property property;
  property.turns = type == "irot" && !body.empty() && (std::to_integer<int>(body[0]) & 1) != 0;
  // Behind version and flags.
  if (type == "ispe" && body.size() >= 12) property.size = {get_be32(body, 4), get_be32(body, 8)};
  return property;
}

// In the order by which associations name them, the first by 1.
std::vector<Property> properties_of(Source& file, const BoxBody& container) {
  constexpr std::size_t kHead = 8;
  constexpr std::size_t kBody = 12;
  std::vector<Property> properties;
  const std::uint64_t end = container.offset + container.length;
  for (std::uint64_t at = container.offset; at < end && properties.size() < kMaxCount;) {
    const Bytes box = file.read_range(at, kHead + kBody);
    if (box.size() < kHead || end - at < kHead) break;
    const std::uint64_t length = get_be32(box, 0);
    if (length < kHead || length > end - at) break;
    const std::size_t body = std::min<std::uint64_t>(length, box.size()) - kHead;
    properties.push_back(
        property_of(as_text(box).substr(4, 4), ByteView(box).subspan(kHead, body)));
    at += length;
  }
  return properties;
}

class AssociationReader {
 public:
  explicit AssociationReader(ByteView bytes) : bytes_(bytes) {}

  std::optional<std::uint32_t> number(std::size_t size) {
    if (bytes_.size() < size) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      value = value << 8 | std::to_integer<std::uint32_t>(bytes_[i]);
    }
    bytes_ = bytes_.subspan(size);
    return value;
  }

 private:
  ByteView bytes_;
};

// The numbers of the item's properties, in their order.
std::vector<std::uint32_t> associations_of(ByteView box, std::uint32_t item) {
  AssociationReader reader(box);
  const std::uint32_t kind = reader.number(4).value_or(0);
  const std::size_t id_size = kind >> 24 == 0 ? 2 : 4;
  const std::size_t index_size = (kind & 1) == 0 ? 1 : 2;
  const std::uint32_t essential = index_size == 1 ? 0x80 : 0x8000;
  const std::uint32_t items = reader.number(4).value_or(0);
  for (std::uint32_t i = 0; i < items; ++i) {
    const auto id = reader.number(id_size);
    const auto count = reader.number(1);
    if (!count) break;
    std::vector<std::uint32_t> numbers;
    for (std::uint32_t j = 0; j < *count; ++j) {
      const auto number = reader.number(index_size);
      if (!number) return {};
      numbers.push_back(*number & ~essential);
    }
    if (id == item) return numbers;
  }
  return {};
}

}  // namespace

std::optional<ItemSize> size_behind_turn(Source& file, std::uint32_t item) {
  auto meta = find_box(file, {0, file.size()}, "meta");
  if (!meta || meta->length < 4) return std::nullopt;
  // Its version and flags.
  meta = BoxBody{meta->offset + 4, meta->length - 4};
  const auto both = find_box(file, *meta, "iprp");
  if (!both) return std::nullopt;
  const auto container = find_box(file, *both, "ipco");
  const auto associations = find_box(file, *both, "ipma");
  if (!container || container->length > kMaxProperties) return std::nullopt;
  if (!associations || associations->length > kMaxAssociations) return std::nullopt;
  const Bytes bytes =
      file.read_range(associations->offset, static_cast<std::size_t>(associations->length));
  const std::vector<std::uint32_t> numbers = associations_of(bytes, item);
  if (numbers.empty()) return std::nullopt;
  const std::vector<Property> properties = properties_of(file, *container);
  bool turned = false;
  for (const std::uint32_t number : numbers) {
    if (number < 1 || number > properties.size()) continue;
    const Property& property = properties[number - 1];
    if (property.size) return turned ? property.size : std::nullopt;
    if (property.turns) turned = !turned;
  }
  return std::nullopt;
}

}  // namespace coffer::media
