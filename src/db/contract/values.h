// The contract about arguments, columns and statements.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "db/contract/fixture.h"

namespace coffer::db::contract {

struct Sample {
  std::optional<std::int64_t> number;
  std::optional<double> fraction;
  std::optional<std::string> note;
  std::optional<Bytes> data;
  friend bool operator==(const Sample&, const Sample&) = default;
};

inline constexpr Statement kFindSample{
    "SELECT number, fraction, note, data FROM sample WHERE key = $1"};

inline Sample sample_from(const Row& row) {
  Sample sample{row.optional_integer(0), std::nullopt, row.optional_text(2), std::nullopt};
  if (!row.is_null(1)) sample.fraction = row.real(1);
  if (!row.is_null(3)) sample.data = Bytes(row.bytes(3).begin(), row.bytes(3).end());
  return sample;
}

inline Bytes bytes_of(std::string_view text) {
  return Bytes(as_bytes(text).begin(), as_bytes(text).end());
}

TEST_P(DatabaseContract, EveryValueComesBackAsItWas) {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte.push_back(static_cast<char>(byte));
  const std::vector<Sample> samples{
      {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<double>::max(), "x",
       bytes_of("x")},
      {std::numeric_limits<std::int64_t>::max(), std::numeric_limits<double>::lowest(),
       "gr\xC3\xBC\xC3\x9F \xF0\x9F\x8E\x9E", bytes_of(every_byte)},
      {-1, std::numeric_limits<double>::denorm_min(), "it's a \"quote\" \\ $1 %", bytes_of("$1")},
      {0, 0.1, std::string(1 << 20, 'a'), bytes_of(std::string(3 << 20, '\0'))},
      {1, 3.0, "3", bytes_of("\xFF\xFE")},
  };
  for (const Sample& sample : samples) {
    const std::string key = fmt::format("sample {}", &sample - samples.data());
    write(kAddSample, key, sample.number, sample.fraction, sample.note, ByteView(*sample.data));
    const auto found = run(database().read([&](Transaction& tx) -> Task<std::optional<Sample>> {
      co_return co_await tx.find(kFindSample, sample_from, key);
    }));
    EXPECT_TRUE(found == sample) << key;
  }
}

TEST_P(DatabaseContract, EmptyIsNotNull) {
  write(kAddSample, "empty", 0, 0.0, "", ByteView{});
  write(kAddSample, "default", 0, 0.0, std::string_view{}, Bytes{});
  write(kAddSample, "null", std::nullopt, std::nullopt, std::optional<std::string>{}, Value{});
  write(kAddSample, "", std::nullopt, std::nullopt, std::nullopt, std::nullopt);
  const auto find = [&](const char* key) {
    return run(database().read([&](Transaction& tx) -> Task<std::optional<Sample>> {
      co_return co_await tx.find(kFindSample, sample_from, key);
    }));
  };
  EXPECT_TRUE(find("empty") == (Sample{0, 0.0, "", Bytes{}}));
  EXPECT_TRUE(find("default") == (Sample{0, 0.0, "", Bytes{}}));
  EXPECT_TRUE(find("null") == (Sample{}));
  EXPECT_TRUE(find("") == (Sample{}));
}

TEST_P(DatabaseContract, TheFirstMomentIsNotNull) {
  write(kAddSample, "first", Time{}, std::nullopt, std::nullopt, std::nullopt);
  write(kAddKey, "null");
  const auto find = [&](const char* key) {
    const auto moment = [](const Row& row) { return row.optional_time(0); };
    return run(database().read([&](Transaction& tx) -> Task<std::optional<std::optional<Time>>> {
      co_return co_await tx.find(kFindSample, moment, key);
    }));
  };
  EXPECT_EQ(find("first").value(), Time{});
  EXPECT_EQ(find("null").value(), std::nullopt);
}

TEST_P(DatabaseContract, NullReadsAsNothing) {
  write(kAddKey, "null");
  const auto checked = run(database().read([&](Transaction& tx) -> Task<std::optional<bool>> {
    co_return co_await tx.find(
        kFindSample,
        [](const Row& row) {
          return row.integer(0) == 0 && row.real(1) == 0 && row.text(2).empty() &&
                 row.bytes(3).empty() && row.is_null(0) && row.is_null(3);
        },
        "null");
  }));
  EXPECT_EQ(checked, true);
}

// An engine may be unable to hold this text, but must not cut it.
TEST_P(DatabaseContract, TextWithNulIsKeptWholeOrRefused) {
  const std::string note("before\0after", 12);
  try {
    write(kAddSample, "nul", 0, 0.0, note, ByteView{});
  } catch (const Error&) {
    EXPECT_EQ(integer(kCountSamples), 0);
    return;
  }
  static constexpr Statement kNote{"SELECT note FROM sample WHERE note = $1"};
  EXPECT_THAT(texts(kNote, note), testing::ElementsAre(note));
  EXPECT_TRUE(texts(kNote, "before").empty());
}

TEST_P(DatabaseContract, TypedArgumentsBecomeNumbersAndBytes) {
  enum class Colour { kRed = 7 };
  const Time moment = from_micros(1'700'000'000'123'456);
  const Uuid uuid = *Uuid::parse("0190a0b0-c0d0-7000-8000-00000000ffff");
  write(kAddSample, "time", moment, 0.0, "", uuid);
  write(kAddSample, "enum", Colour::kRed, 0.0, "", ByteView{});
  write(kAddSample, "bool", true, 0.0, "", ByteView{});
  write(kAddSample, "id", Id<struct TestTag>{42}, 0.0, "", ByteView{});
  static constexpr Statement kByNumber{"SELECT key FROM sample WHERE number = $1"};
  static constexpr Statement kByData{"SELECT key FROM sample WHERE data = $1"};
  EXPECT_THAT(texts(kByNumber, to_micros(moment)), testing::ElementsAre("time"));
  EXPECT_THAT(texts(kByNumber, 7), testing::ElementsAre("enum"));
  EXPECT_THAT(texts(kByNumber, 1), testing::ElementsAre("bool"));
  EXPECT_THAT(texts(kByNumber, 42), testing::ElementsAre("id"));
  EXPECT_THAT(texts(kByData, uuid), testing::ElementsAre("time"));
}

TEST_P(DatabaseContract, ParametersAreFoundByNameNotByPlace) {
  static constexpr Statement kSwapped{"INSERT INTO sample (note, number, key) VALUES ($3, $1, $2)"};
  static constexpr Statement kTwice{
      "UPDATE sample SET note = $2, number = number + $1 WHERE key <> $2 AND number = $1"};
  write(kSwapped, 5, "key", "note");
  EXPECT_EQ(write(kTwice, 5, "other"), 1U);
  static constexpr Statement kFind{"SELECT note FROM sample WHERE key = $2 AND number = $1"};
  EXPECT_THAT(texts(kFind, 10, "key"), testing::ElementsAre("other"));
}

TEST_P(DatabaseContract, ArgumentsMustBeAsManyAsParameters) {
  EXPECT_THROW(write(kAddKey), Error);
  EXPECT_THROW(write(kAddKey, "a", "b"), Error);
  EXPECT_THROW(write(kAddSample, "a"), Error);
  EXPECT_EQ(integer(kCountSamples), 0);
}

TEST_P(DatabaseContract, TextIsOrderedBytewise) {
  std::vector<std::string> keys{"", "a", "B", "a/", "a0", "a-", "aa", "\x01", "a b", "Z", "\x7F",
                                "_", "\xC3\xA4", "A", "a/b", "a.b", "10", "9", "~",
                                // Beyond the first plane: after U+FFFD by bytes, before by UTF-16.
                                "\xEF\xBF\xBD", "\xF0\x9F\x8E\x9E"};
  for (const auto& key : keys) write(kAddKey, key);
  std::sort(keys.begin(), keys.end(), [](const std::string& a, const std::string& b) {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
      return static_cast<unsigned char>(x) < static_cast<unsigned char>(y);
    });
  });
  EXPECT_EQ(texts(kAllKeys), keys);
  static constexpr Statement kRange{
      "SELECT key FROM sample WHERE key >= $1 AND key < $2 ORDER BY key DESC"};
  EXPECT_THAT(texts(kRange, "a/", "a0"), testing::ElementsAre("a/b", "a/"));
}

TEST_P(DatabaseContract, ChangedCountsRowsOfThisStatementAlone) {
  EXPECT_EQ(write(kAddKey, "a"), 1U);
  EXPECT_EQ(write(kAddKey, "b"), 1U);
  static constexpr Statement kSkip{"INSERT INTO sample (key) VALUES ($1) ON CONFLICT DO NOTHING"};
  static constexpr Statement kNoteAll{"UPDATE sample SET note = $1"};
  static constexpr Statement kNoteOne{"UPDATE sample SET note = $1 WHERE key = $2"};
  static constexpr Statement kRemove{"DELETE FROM sample WHERE key = $1"};
  static constexpr Statement kRemoveAll{"DELETE FROM sample"};
  const auto counts = run(database().write([](Transaction& tx) -> Task<std::vector<std::uint64_t>> {
    std::vector<std::uint64_t> changed;
    changed.push_back(co_await tx.execute(kNoteAll, "x"));
    changed.push_back(co_await tx.execute(kSkip, "a"));
    changed.push_back(co_await tx.execute(kNoteOne, "x", "nobody"));
    changed.push_back(co_await tx.execute(kNoteOne, "x", "a"));
    changed.push_back(co_await tx.execute(kAllKeys));
    changed.push_back(co_await tx.execute(kRemove, "a"));
    changed.push_back(co_await tx.execute(kRemove, "a"));
    changed.push_back(co_await tx.execute(kRemoveAll));
    co_return changed;
  }));
  EXPECT_THAT(counts, testing::ElementsAre(2U, 0U, 0U, 1U, 0U, 1U, 0U, 1U));
}

TEST_P(DatabaseContract, ReturningGivesWhatWasWritten) {
  static constexpr Statement kCount{
      "INSERT INTO counter (key, amount) VALUES ($1, 1)"
      " ON CONFLICT (key) DO UPDATE SET amount = counter.amount + 1 RETURNING amount"};
  const auto count = [&] {
    return run(database().write([](Transaction& tx) -> Task<std::optional<std::int64_t>> {
      co_return co_await tx.find(kCount, integer_from, "visits");
    }));
  };
  EXPECT_EQ(count(), 1);
  EXPECT_EQ(count(), 2);
  EXPECT_EQ(integer(kAmount, "visits"), 2);
  static constexpr Statement kRemove{"DELETE FROM counter WHERE amount > $1 RETURNING key"};
  const auto removed = run(database().write([](Transaction& tx) -> Task<std::vector<std::string>> {
    co_return co_await tx.all(kRemove, text_from, 1);
  }));
  EXPECT_THAT(removed, testing::ElementsAre("visits"));
}

TEST_P(DatabaseContract, FindTakesTheFirstAndAllTakesEveryRowInOrder) {
  for (const char* key : {"c", "a", "b"}) write(kAddKey, key);
  static constexpr Statement kNothing{"SELECT key FROM sample WHERE key = $1"};
  const auto first = run(database().read([](Transaction& tx) -> Task<std::optional<std::string>> {
    co_return co_await tx.find(kAllKeys, text_from);
  }));
  EXPECT_EQ(first, "a");
  const auto none = run(database().read([](Transaction& tx) -> Task<std::optional<std::string>> {
    co_return co_await tx.find(kNothing, text_from, "d");
  }));
  EXPECT_EQ(none, std::nullopt);
  EXPECT_TRUE(texts(kNothing, "d").empty());
  std::string joined;
  run(database().read([&](Transaction& tx) -> Task<void> {
    co_await tx.for_each(kAllKeys, [&](const Row& row) { joined += row.text(0); });
  }));
  EXPECT_EQ(joined, "abc");
}

TEST_P(DatabaseContract, NoFurtherRowIsHandedOutThanIsWanted) {
  for (const char* key : {"a", "b", "c", "d"}) write(kAddKey, key);
  std::string joined;
  run(database().read([&](Transaction& tx) -> Task<void> {
    const auto until_b = [&](const Row& row) {
      joined += row.text(0);
      return row.text(0) != "b";
    };
    co_await tx.while_each(kAllKeys, until_b);
    co_await tx.while_each(kAllKeys, [&](const Row& row) {
      joined += row.text(0);
      return true;
    });
  }));
  EXPECT_EQ(joined, "ababcd");
}

}  // namespace coffer::db::contract
