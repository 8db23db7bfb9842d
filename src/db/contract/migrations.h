// The contract about bringing a schema up to date.
#pragma once

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "db/contract/fixture.h"

namespace coffer::db::contract {

inline constexpr Statement kSteps{"SELECT CAST(count(*) AS BIGINT) FROM step"};
inline constexpr Statement kFilledNote{"SELECT note FROM step WHERE number = 2"};
inline constexpr Statement kApplied{"SELECT name FROM schema_migration ORDER BY number"};

// Each depends on the one before and would fail if it were run twice.
struct Steps {
  std::span<const Migration> first(std::size_t count) const { return std::span(list).first(count); }

  std::vector<Migration> list{
      {1, "make", "CREATE TABLE step (number {integer} NOT NULL PRIMARY KEY){options}"},
      {2, "grow", "ALTER TABLE step ADD COLUMN note {text}"},
      {3, "fill",
       "INSERT INTO step (number) VALUES (1);"
       " INSERT INTO step (number, note) VALUES (2, ';{{}}')"}};
};

inline std::string refusal(Database& database, std::span<const Migration> migrations) {
  try {
    database.migrate(migrations);
  } catch (const Error& error) {
    return error.what();
  }
  return "not refused";
}

TEST_P(MigrationContract, AreAppliedInOrderAndOnce) {
  const Steps steps;
  database().migrate(steps.first(2));
  EXPECT_EQ(integer(kSteps), 0);
  database().migrate(steps.first(3));
  database().migrate(steps.first(3));
  EXPECT_EQ(integer(kSteps), 2);
  reopen();
  database().migrate(steps.first(3));
  EXPECT_EQ(integer(kSteps), 2);
  EXPECT_THAT(texts(kApplied), testing::ElementsAre("make", "grow", "fill"));
}

TEST_P(MigrationContract, WhatWasAppliedIsCounted) {
  const Steps steps;
  EXPECT_EQ(database().applied(steps.first(3)), 0u);
  database().migrate(steps.first(2));
  EXPECT_EQ(database().applied(steps.first(3)), 2u);
  reopen();
  EXPECT_EQ(database().applied(steps.first(2)), 2u);
  EXPECT_THROW(database().applied(steps.first(1)), Error);
}

TEST_P(MigrationContract, ADatabaseThatIsWellHasNoFaults) {
  const Steps steps;
  EXPECT_THAT(database().check(steps.first(3)), testing::IsEmpty());
  database().migrate(steps.first(3));
  EXPECT_THAT(database().check(steps.first(3)), testing::IsEmpty());
}

TEST_P(MigrationContract, AnotherSchemaIsAFault) {
  const Steps steps;
  database().migrate(steps.first(3));
  const std::vector<Migration> other{
      {1, "make", "CREATE TABLE other (number INTEGER)"}, steps.list[1], steps.list[2]};
  EXPECT_THAT(database().check(other), testing::Not(testing::IsEmpty()));
}

TEST_P(MigrationContract, ANewerDatabaseIsRefused) {
  const Steps steps;
  database().migrate(steps.first(3));
  EXPECT_THAT(refusal(database(), steps.first(2)), testing::HasSubstr("newer"));
  EXPECT_THAT(refusal(database(), {}), testing::HasSubstr("newer"));
  EXPECT_EQ(integer(kSteps), 2);
}

TEST_P(MigrationContract, ANumberWithAnotherNameIsRefused) {
  const Steps steps;
  database().migrate(steps.first(1));
  const std::vector<Migration> foreign{{1, "other", "SELECT 1"}, {2, "more", "DROP TABLE step"}};
  EXPECT_THAT(refusal(database(), foreign), testing::HasSubstr("other"));
  EXPECT_EQ(integer(kSteps), 0);
}

TEST_P(MigrationContract, GapsAndDisorderAreRefusedBeforeAnythingIsDone) {
  const Steps steps;
  const std::vector<Migration> gap{steps.list[0], steps.list[2]};
  const std::vector<Migration> swapped{steps.list[1], steps.list[0]};
  const std::vector<Migration> from_two{steps.list[1]};
  for (const auto& wrong : {gap, swapped, from_two}) {
    EXPECT_NE(refusal(database(), wrong), "not refused");
  }
  database().migrate(steps.first(3));
  EXPECT_EQ(integer(kSteps), 2);
}

TEST_P(MigrationContract, BracesStandForWordsOfTheEngineUnlessTheyAreDoubled) {
  const Steps steps;
  database().migrate(steps.first(3));
  EXPECT_THAT(texts(kFilledNote), testing::ElementsAre(";{}"));
  std::vector<Migration> broken = steps.list;
  broken.push_back({4, "unknown", "ALTER TABLE step ADD COLUMN other {number}"});
  EXPECT_THAT(refusal(database(), broken), testing::HasSubstr("unknown"));
  EXPECT_EQ(database().applied(steps.first(3)), 3u);
}

TEST_P(MigrationContract, AFailedOneLeavesTheStateBeforeIt) {
  const Steps steps;
  std::vector<Migration> broken = steps.list;
  broken[2].sql = "INSERT INTO step (number) VALUES (1); INSERT INTO step (number) VALUES (1)";
  const std::string reason = refusal(database(), broken);
  EXPECT_THAT(reason, testing::HasSubstr("fill"));
  EXPECT_THAT(texts(kApplied), testing::ElementsAre("make", "grow"));
  EXPECT_EQ(integer(kSteps), 0);
  database().migrate(steps.first(3));
  EXPECT_EQ(integer(kSteps), 2);
}

TEST_P(MigrationContract, SeveralProgramsMayMigrateAtOnce) {
  const Steps steps;
  at_once(4, [&](int) -> Task<void> {
    const auto own = storage().open();
    own->migrate(steps.first(3));
    co_return;
  });
  EXPECT_EQ(integer(kSteps), 2);
  EXPECT_THAT(texts(kApplied), testing::ElementsAre("make", "grow", "fill"));
}

}  // namespace coffer::db::contract
