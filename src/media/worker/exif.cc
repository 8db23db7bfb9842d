#include "media/worker/exif.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "media/worker/dates.h"
#include "media/worker/fact_text.h"

namespace coffer::media {
namespace {

// Real files have a few hundred entries in a dozen directories.
constexpr std::size_t kMaxEntries = 1000;
constexpr std::size_t kMaxDirectories = 64;
constexpr std::size_t kMaxTagText = 2048;

enum Type : std::uint16_t {
  kByte = 1,
  kAscii = 2,
  kShort = 3,
  kLong = 4,
  kRational = 5,
  kUndefined = 7,
  kSignedLong = 9,
  kSignedRational = 10,
  kIfd = 13,
};

std::size_t size_of(std::uint16_t type) noexcept {
  switch (type) {
    case kByte:
    case kAscii:
    case 6:
    case kUndefined: return 1;
    case kShort:
    case 8: return 2;
    case kLong:
    case kSignedLong:
    case 11:
    case kIfd: return 4;
    case kRational:
    case kSignedRational:
    case 12: return 8;
    default: return 0;
  }
}

struct Entry {
  std::uint16_t tag = 0;
  std::uint16_t type = 0;
  std::uint32_t count = 0;
  std::uint64_t offset = 0;  // of the value
};

class Tiff {
 public:
  explicit Tiff(Source& source) : source_(source) {
    const Bytes head = source_.read_range(0, 8);
    if (head.size() < 8) return;
    const std::string_view mark = as_text(head);
    big_endian_ = mark.starts_with("MM");
    if (!big_endian_ && !mark.starts_with("II")) return;
    const std::uint32_t magic = number(head, 2, 2);
    // Olympus and Panasonic have numbers of their own for the same structure.
    is_tiff_ = magic == 42 || magic == 0x4f52 || magic == 0x5352 || magic == 0x55;
    first_ = number(head, 4, 4);
  }

  bool is_tiff() const noexcept { return is_tiff_; }
  std::uint32_t first_directory() const noexcept { return first_; }

  // The entries of a directory, each directory once; `next` is where the following one is.
  std::vector<Entry> directory(std::uint64_t offset, std::uint32_t* next = nullptr) {
    if (next != nullptr) *next = 0;
    if (offset < 8 || visited_.size() >= kMaxDirectories || !visited_.insert(offset).second) {
      return {};
    }
    const Bytes count_bytes = source_.read_range(offset, 2);
    if (count_bytes.size() < 2) return {};
    const std::size_t count = std::min<std::size_t>(number(count_bytes, 0, 2), kMaxEntries);
    const Bytes bytes = source_.read_range(offset + 2, count * 12 + 4);
    std::vector<Entry> entries;
    for (std::size_t at = 0; at + 12 <= bytes.size() && entries.size() < count; at += 12) {
      Entry entry;
      entry.tag = static_cast<std::uint16_t>(number(bytes, at, 2));
      entry.type = static_cast<std::uint16_t>(number(bytes, at + 2, 2));
      entry.count = number(bytes, at + 4, 4);
      const std::uint64_t length = std::uint64_t{entry.count} * size_of(entry.type);
      if (length == 0) continue;
      entry.offset = length <= 4 ? offset + 2 + at + 8 : number(bytes, at + 8, 4);
      if (entry.offset + length > source_.size()) continue;
      entries.push_back(entry);
    }
    if (next != nullptr && bytes.size() >= count * 12 + 4) *next = number(bytes, count * 12, 4);
    return entries;
  }

  std::optional<std::uint32_t> integer(const Entry& entry, std::uint32_t index = 0) {
    const std::size_t size = entry.type == kIfd ? 4 : size_of(entry.type);
    if (index >= entry.count || size > 4 || entry.type == kAscii) return std::nullopt;
    const Bytes bytes = source_.read_range(entry.offset + std::uint64_t{index} * size, size);
    if (bytes.size() < size) return std::nullopt;
    return number(bytes, 0, size);
  }

  std::optional<double> rational(const Entry& entry, std::uint32_t index) {
    if (entry.type != kRational && entry.type != kSignedRational) return std::nullopt;
    if (index >= entry.count) return std::nullopt;
    const Bytes bytes = source_.read_range(entry.offset + std::uint64_t{index} * 8, 8);
    if (bytes.size() < 8) return std::nullopt;
    const std::uint32_t above = number(bytes, 0, 4);
    const std::uint32_t below = number(bytes, 4, 4);
    if (below == 0) return std::nullopt;
    if (entry.type == kSignedRational) {
      return static_cast<double>(static_cast<std::int32_t>(above)) /
             static_cast<double>(static_cast<std::int32_t>(below));
    }
    return static_cast<double>(above) / static_cast<double>(below);
  }

  std::string text(const Entry& entry) {
    if (size_of(entry.type) != 1) return {};
    const Bytes bytes =
        source_.read_range(entry.offset, std::min<std::size_t>(entry.count, kMaxTagText));
    const std::string_view view = as_text(bytes);
    return std::string(trim(view.substr(0, view.find('\0'))));
  }

 private:
  std::uint32_t number(const Bytes& bytes, std::size_t at, std::size_t size) const noexcept {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t from = big_endian_ ? at + i : at + size - 1 - i;
      value = value << 8 | std::to_integer<std::uint32_t>(bytes[from]);
    }
    return value;
  }

  Source& source_;
  bool big_endian_ = false;
  bool is_tiff_ = false;
  std::uint32_t first_ = 0;
  std::set<std::uint64_t> visited_;
};

// The date of one of the three pairs of fields that EXIF has.
struct Date {
  std::string date;
  std::string fraction;
  std::string offset;

  std::optional<Moment> moment() const {
    auto found = parse_moment(date);
    if (!found) return std::nullopt;
    if (!found->offset_minutes) found->offset_minutes = parse_offset(offset);
    std::int64_t weight = 100'000;
    for (const char c : fraction) {
      if (c < '0' || c > '9' || weight == 0) break;
      found->local_micros += weight * (c - '0');
      weight /= 10;
    }
    return found;
  }
};

struct Found {
  Exif exif;
  Date original;
  Date digitized;
  Date changed;
};

void read_main(Tiff& tiff, const std::vector<Entry>& entries, Found& found) {
  for (const Entry& entry : entries) {
    switch (entry.tag) {
      case 0x010e: found.exif.title = fact_text(tiff.text(entry)); break;
      case 0x010f: found.exif.make = fact_text(tiff.text(entry)); break;
      case 0x0110: found.exif.model = fact_text(tiff.text(entry)); break;
      case 0x0112: {
        const auto value = tiff.integer(entry).value_or(1);
        if (value >= 1 && value <= 8) found.exif.orientation = static_cast<std::uint16_t>(value);
        break;
      }
      case 0x0132: found.changed.date = tiff.text(entry); break;
      case 0x013b: found.exif.artist = fact_text(tiff.text(entry)); break;
      // DNG and TIFF/EP have these here.
      case 0x9003: found.original.date = tiff.text(entry); break;
      default: break;
    }
  }
}

void read_camera(Tiff& tiff, const std::vector<Entry>& entries, Found& found) {
  for (const Entry& entry : entries) {
    switch (entry.tag) {
      case 0x9003: found.original.date = tiff.text(entry); break;
      case 0x9004: found.digitized.date = tiff.text(entry); break;
      case 0x9010: found.changed.offset = tiff.text(entry); break;
      case 0x9011: found.original.offset = tiff.text(entry); break;
      case 0x9012: found.digitized.offset = tiff.text(entry); break;
      case 0x9290: found.changed.fraction = tiff.text(entry); break;
      case 0x9291: found.original.fraction = tiff.text(entry); break;
      case 0x9292: found.digitized.fraction = tiff.text(entry); break;
      case 0xa001: {
        const auto value = tiff.integer(entry);
        if (value) found.exif.colour_space = static_cast<std::uint16_t>(*value);
        break;
      }
      default: break;
    }
  }
}

// Degrees of an entry of three rationals; what is not there counts as none.
std::optional<double> degrees(Tiff& tiff, const Entry& entry) {
  const auto whole = tiff.rational(entry, 0);
  if (!whole) return std::nullopt;
  return *whole + tiff.rational(entry, 1).value_or(0) / 60 +
         tiff.rational(entry, 2).value_or(0) / 3600;
}

std::optional<Coordinates> read_place(Tiff& tiff, const std::vector<Entry>& entries) {
  std::array<std::optional<double>, 2> values;
  std::array<std::string, 2> sides;
  for (const Entry& entry : entries) {
    if (entry.tag == 1 || entry.tag == 3) sides[entry.tag / 2] = tiff.text(entry);
    if (entry.tag == 2 || entry.tag == 4) values[entry.tag / 2 - 1] = degrees(tiff, entry);
  }
  if (!values[0] || !values[1]) return std::nullopt;
  const double north = sides[0].starts_with('S') || sides[0].starts_with('s') ? -1 : 1;
  const double east = sides[1].starts_with('W') || sides[1].starts_with('w') ? -1 : 1;
  return coordinates(north * *values[0], east * *values[1]);
}

// The directory that an entry of another refers to.
std::vector<Entry> child(Tiff& tiff, const std::vector<Entry>& entries, std::uint16_t tag) {
  for (const Entry& entry : entries) {
    if (entry.tag != tag) continue;
    const auto offset = tiff.integer(entry);
    return offset ? tiff.directory(*offset) : std::vector<Entry>{};
  }
  return {};
}

// One picture of a TIFF file.
struct Ifd {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t compression = 0;
  std::uint32_t photometric = 0;
  EmbeddedJpeg strip;
  EmbeddedJpeg jpeg;
  bool is_dng = false;
  std::vector<std::uint32_t> children;
};

Ifd read_ifd(Tiff& tiff, const std::vector<Entry>& entries) {
  Ifd ifd;
  for (const Entry& entry : entries) {
    const std::uint32_t value = tiff.integer(entry).value_or(0);
    switch (entry.tag) {
      case 0x0100: ifd.width = value; break;
      case 0x0101: ifd.height = value; break;
      case 0x0103: ifd.compression = value; break;
      case 0x0106: ifd.photometric = value; break;
      case 0x0111:
        if (entry.count == 1) ifd.strip.offset = value;
        break;
      case 0x0117:
        if (entry.count == 1) ifd.strip.length = value;
        break;
      // Panasonic's preview, as a value.
      case 0x002e:
        if (entry.type == kUndefined) ifd.jpeg = {entry.offset, entry.count};
        break;
      case 0x0201: ifd.jpeg.offset = value; break;
      case 0x0202: ifd.jpeg.length = value; break;
      case 0xc612: ifd.is_dng = true; break;
      case 0x014a:
        for (std::uint32_t i = 0; i < std::min(entry.count, 16u); ++i) {
          ifd.children.push_back(tiff.integer(entry, i).value_or(0));
        }
        break;
      default: break;
    }
  }
  return ifd;
}

bool is_sensor_data(const Ifd& ifd) noexcept {
  constexpr std::uint32_t kColourFilterArray = 32803;
  constexpr std::uint32_t kLinearRaw = 34892;
  constexpr std::uint32_t kSony = 32767;
  constexpr std::uint32_t kNikon = 34713;
  return ifd.photometric == kColourFilterArray || ifd.photometric == kLinearRaw ||
         ifd.compression == kSony || ifd.compression == kNikon;
}

Exif finished(Found found) {
  for (const Date* date : {&found.original, &found.digitized, &found.changed}) {
    if (!found.exif.taken_at) found.exif.taken_at = date->moment();
  }
  return std::move(found.exif);
}

// All pictures of a file, in its order, those inside of others behind them.
std::vector<Ifd> read_ifds(Tiff& tiff) {
  std::vector<Ifd> ifds;
  std::vector<std::uint32_t> waiting = {tiff.first_directory()};
  while (!waiting.empty() && ifds.size() < kMaxDirectories) {
    const std::uint32_t offset = waiting.front();
    waiting.erase(waiting.begin());
    std::uint32_t next = 0;
    const auto entries = tiff.directory(offset, &next);
    if (entries.empty()) continue;
    ifds.push_back(read_ifd(tiff, entries));
    for (const std::uint32_t below : ifds.back().children) waiting.push_back(below);
    if (next != 0) waiting.push_back(next);
  }
  return ifds;
}

void enlarge(RawFile& raw, const Ifd& ifd) noexcept {
  if (std::uint64_t{ifd.width} * ifd.height <= std::uint64_t{raw.width} * raw.height) return;
  raw.width = ifd.width;
  raw.height = ifd.height;
}

}  // namespace

std::optional<Exif> read_exif(Source& source) {
  Tiff tiff(source);
  if (!tiff.is_tiff()) return std::nullopt;
  Found found;
  const auto main = tiff.directory(tiff.first_directory());
  read_main(tiff, main, found);
  read_camera(tiff, child(tiff, main, 0x8769), found);
  found.exif.location = read_place(tiff, child(tiff, main, 0x8825));
  return finished(std::move(found));
}

Exif read_exif_parts(Source& main, Source& camera, Source& place) {
  Found found;
  if (Tiff tiff(main); tiff.is_tiff()) {
    read_main(tiff, tiff.directory(tiff.first_directory()), found);
  }
  if (Tiff tiff(camera); tiff.is_tiff()) {
    read_camera(tiff, tiff.directory(tiff.first_directory()), found);
  }
  if (Tiff tiff(place); tiff.is_tiff()) {
    found.exif.location = read_place(tiff, tiff.directory(tiff.first_directory()));
  }
  return finished(std::move(found));
}

RawFile read_picture_size(Source& source) {
  RawFile size;
  Tiff tiff(source);
  if (!tiff.is_tiff()) return size;
  for (const Ifd& ifd : read_ifds(tiff)) enlarge(size, ifd);
  return size;
}

std::optional<RawFile> read_raw_file(Source& source) {
  Tiff tiff(source);
  if (!tiff.is_tiff()) return std::nullopt;
  RawFile raw;
  // Canon, Panasonic and Olympus say in their headers what their directories do not.
  const Bytes head = source.read_range(0, 10);
  const std::string_view mark = as_text(head);
  bool is_raw = mark.ends_with("CR") || mark.starts_with("IIU") || mark.starts_with("IIR");
  for (const Ifd& ifd : read_ifds(tiff)) {
    is_raw = is_raw || ifd.is_dng || is_sensor_data(ifd);
    enlarge(raw, ifd);
    if (ifd.jpeg.length > 0) raw.previews.push_back(ifd.jpeg);
    if ((ifd.compression == 6 || ifd.compression == 7) && ifd.strip.length > 0 &&
        !is_sensor_data(ifd)) {
      raw.previews.push_back(ifd.strip);
    }
  }
  if (!is_raw) return std::nullopt;
  return raw;
}

}  // namespace coffer::media
