#include "media/worker/fact_text.h"

#include <gtest/gtest.h>

namespace coffer::media {
namespace {

TEST(FactText, KeepsUtf8) {
  EXPECT_EQ(fact_text("Café \xe2\x82\xac"), "Café €");
  EXPECT_EQ(fact_text("plain\n"), "plain");
}

TEST(FactText, TakesOtherBytesForLatin1) {
  EXPECT_EQ(fact_text("D\xe9j\xe0 vu"), "Déjà vu");
  EXPECT_EQ(fact_text("Caf\xe9"), "Café");
}

TEST(FactText, EndsWhereACharacterWasCut) {
  EXPECT_EQ(fact_text("D\xc3\xa9j\xc3\xa0 v\xc3"), "Déjà v");
  EXPECT_EQ(fact_text("ein \xe2\x82"), "ein");
}

}  // namespace
}  // namespace coffer::media
