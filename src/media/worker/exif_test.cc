#include "media/worker/exif.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "media/protocol/little_endian.h"

namespace coffer::media {
namespace {

struct Field {
  std::uint16_t tag;
  std::uint16_t type;
  std::uint32_t count;
  std::uint32_t value;  // or where it is
};

// One directory at `at`, little-endian.
void put_directory(Bytes& out, std::size_t at, const std::vector<Field>& fields) {
  out.resize(std::max(out.size(), at + 6 + fields.size() * 12));
  put_le(out.data() + at, static_cast<std::uint16_t>(fields.size()));
  for (std::size_t i = 0; i < fields.size(); ++i) {
    std::byte* const to = out.data() + at + 2 + i * 12;
    put_le(to, fields[i].tag);
    put_le(to + 2, fields[i].type);
    put_le(to + 4, fields[i].count);
    put_le(to + 8, fields[i].value);
  }
}

void put_text(Bytes& out, std::size_t at, std::string_view text) {
  out.resize(std::max(out.size(), at + text.size() + 1));
  std::ranges::copy(as_bytes(text), out.begin() + static_cast<std::ptrdiff_t>(at));
}

void put_rationals(Bytes& out, std::size_t at, std::initializer_list<std::uint32_t> values) {
  out.resize(std::max(out.size(), at + values.size() * 4));
  for (const std::uint32_t value : values) {
    put_le(out.data() + at, value);
    at += 4;
  }
}

Bytes tiff_head() {
  Bytes out;
  put_text(out, 0, "II*");
  out.resize(8);
  put_le(out.data() + 4, std::uint32_t{8});
  return out;
}

Bytes camera_file() {
  Bytes out = tiff_head();
  put_directory(
      out, 8,
      {{0x0112, 3, 1, 6}, {0x0110, 2, 4, 0x00434241}, {0x8769, 4, 1, 100}, {0x8825, 4, 1, 200}});
  put_directory(out, 100, {{0x9003, 2, 20, 400}, {0x9011, 2, 7, 430}, {0x9291, 2, 3, 0x00003532}});
  put_directory(out, 200, {{1, 2, 2, 'S'}, {2, 5, 3, 500}, {3, 2, 2, 'W'}, {4, 5, 3, 530}});
  put_text(out, 400, "2023:05:30 10:11:12");
  put_text(out, 430, "+02:00");
  put_rationals(out, 500, {33, 1, 30, 1, 0, 1});
  put_rationals(out, 530, {70, 1, 15, 1, 0, 1});
  return out;
}

std::optional<Exif> read(Bytes bytes) {
  MemorySource source(std::move(bytes));
  return read_exif(source);
}

TEST(ReadExif, FindsWhatACameraWrites) {
  const auto exif = read(camera_file());
  ASSERT_TRUE(exif);
  EXPECT_EQ(exif->orientation, 6);
  EXPECT_EQ(exif->model, "ABC");
  EXPECT_EQ(exif->taken_at, (Moment{1'685'441'472'250'000, std::int16_t{120}}));
  EXPECT_EQ(exif->location, (Coordinates{-335'000'000, -702'500'000}));
}

TEST(ReadExif, APlaceWithoutDenominatorsIsNone) {
  Bytes bytes = camera_file();
  put_rationals(bytes, 500, {0, 0, 0, 0, 0, 0});
  EXPECT_FALSE(read(std::move(bytes))->location);
}

TEST(ReadExif, DirectoriesInACircleEnd) {
  Bytes bytes = tiff_head();
  put_directory(bytes, 8, {{0x8769, 4, 1, 8}, {0x8825, 4, 1, 8}, {0x014a, 4, 1, 8}});
  put_le(bytes.data() + 8 + 2 + 36, std::uint32_t{8});
  EXPECT_TRUE(read(bytes));
  MemorySource source(std::move(bytes));
  EXPECT_FALSE(read_raw_file(source));
}

TEST(ReadExif, SurvivesAnyChange) {
  std::mt19937 random(2);
  const Bytes good = camera_file();
  for (int round = 0; round < 20'000; ++round) {
    Bytes bytes = good;
    for (int i = 0; i < 4; ++i) bytes[random() % 260] = static_cast<std::byte>(random());
    bytes.resize(random() % (bytes.size() + 1));
    if (const auto exif = read(bytes)) {
      Facts facts;
      facts.taken_at = exif->taken_at;
      facts.location = exif->location;
      facts.camera_model = exif->model;
      ASSERT_TRUE(is_valid(facts));
    }
    MemorySource source(std::move(bytes));
    read_raw_file(source);
  }
}

TEST(ReadExif, OtherFilesHaveNone) {
  EXPECT_FALSE(read({}));
  EXPECT_FALSE(read(Bytes(100)));
}

}  // namespace
}  // namespace coffer::media
