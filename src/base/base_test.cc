// Small vocabulary: bytes, text, time, ids, entropy.
#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/entropy.h"
#include "base/fingerprint.h"
#include "base/hash.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/log_record.h"
#include "base/text.h"

namespace coffer {
namespace {

TEST(Bytes, HexIsStrict) {
  EXPECT_EQ(to_hex(as_bytes("\x01\xfe")), "01fe");
  EXPECT_EQ(to_hex(ByteView()), "");
  EXPECT_EQ(from_hex("01FE"), from_hex("01fe"));
  for (const char* wrong : {"0", "0g", "0x", " 0", "-1"}) EXPECT_FALSE(from_hex(wrong)) << wrong;
}

TEST(Bytes, Base64urlHasNoPaddingAndNoSlash) {
  EXPECT_EQ(to_base64url(as_bytes("\xff\xff\xfe")), "___-");
  EXPECT_EQ(to_base64url(as_bytes("a")), "YQ");
  EXPECT_EQ(to_base64url({}), "");
  EXPECT_EQ(to_base64(as_bytes("\xff\xff\xfe")), "///+");
  EXPECT_EQ(to_base64(as_bytes("a")), "YQ==");
  for (const char* text : {"YQ==", "YQ"}) {
    EXPECT_EQ(as_text(from_base64(text).value()), "a") << text;
  }
  EXPECT_EQ(from_base64("")->size(), 0U);
  for (const char* text : {"YQ=", "YR==", "Y", "YQ==YQ==", "Y Q=", "___-", "="}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
}

TEST(Bytes, ConstantTimeComparisonComparesAll) {
  EXPECT_TRUE(equal_in_constant_time(as_bytes("secret"), as_bytes("secret")));
  EXPECT_FALSE(equal_in_constant_time(as_bytes("secret"), as_bytes("secreT")));
  EXPECT_FALSE(equal_in_constant_time(as_bytes("secret"), as_bytes("secre")));
  EXPECT_TRUE(equal_in_constant_time({}, {}));
}

TEST(Fingerprint, TellsTextsAndWhereTheyAreCut) {
  EXPECT_EQ(fingerprint({"list", "of two"}), fingerprint({"list", "of two"}));
  EXPECT_EQ(fingerprint({"list"}).size(), 32U);
  EXPECT_NE(fingerprint({"list"}), fingerprint({"lisp"}));
  EXPECT_NE(fingerprint({"list", "of two"}), fingerprint({"listof", " two"}));
  EXPECT_NE(fingerprint({"list"}), fingerprint({"list", ""}));
}

TEST(Sha256, MatchesTheStandardsExample) {  // FIPS 180-4, "abc"
  constexpr char kAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  EXPECT_EQ(Sha256::of(as_bytes("abc")).hex(), kAbc);
  Sha256 hash;
  hash.update(as_bytes("a"));
  hash.update({});
  hash.update(as_bytes("bc"));
  EXPECT_EQ(hash.finish().hex(), kAbc);
  EXPECT_EQ(Sha256Digest::from_hex(kAbc), Sha256::of(as_bytes("abc")));
  EXPECT_FALSE(Sha256Digest::from_hex("ba78"));
}

TEST(Clock, ReadsIso8601) {
  const Time time = from_micros(1'685'440'800'000'000);
  for (const char* form :
       {"2023-05-30T10:00:00Z", "2023-05-30T10:00", "2023-05-30 10:00:00.000", "2023-05-30t10:00z",
        "2023-05-30T12:30:00+02:30", "2023-05-30T08:00-0200", "2023-05-30T10:00:00.0000009Z"}) {
    EXPECT_EQ(from_iso8601(form), time) << form;
  }
  EXPECT_EQ(from_iso8601("2023-05-30T10:00:00.25Z"), time + std::chrono::milliseconds(250));
  EXPECT_EQ(from_iso8601("9999-12-31T23:59:59Z"), from_micros(253'402'300'799'000'000));
  EXPECT_EQ(from_iso8601("1970-01-01T00:00:00Z"), from_micros(0));
  EXPECT_EQ(from_iso8601("1969-12-31T23:59:59.5Z"), from_micros(-500'000));
  EXPECT_EQ(from_iso8601("1850-06-01T12:00:00Z"), from_micros(-3'773'736'000'000'000));
  EXPECT_EQ(from_iso8601("0001-01-01T02:00+02:00"), from_micros(-62'135'596'800'000'000));
  for (const char* wrong :
       {"", "2023-05-30", "2023-05-30T", "2023-05-30T10", "2023-05-30T24:00Z", "2023-02-29T10:00Z",
        "2023-13-01T10:00Z", "2023-00-01T10:00Z", "2023-05-30T10:60Z", "2023-05-30T10:00:60Z",
        "2023-05-30T10:00:00.Z", "2023-05-30T10:00:00ZZ", "2023-05-30T10:00+2", "1850-02-29T12:00Z",
        " 2023-05-30T10:00Z", "2023-5-30T10:00Z", "+2023-05-30T10:00Z", "10000-01-01T00:00Z"}) {
    EXPECT_FALSE(from_iso8601(wrong)) << wrong;
  }
  for (const char* outside :
       {"0000-12-31T23:59Z", "0001-01-01T01:59+02:00", "9999-12-31T23:59-00:01"}) {
    EXPECT_FALSE(from_iso8601(outside)) << outside;
  }
}

TEST(Clock, WritesAndReadsHttpDates) {
  const Time time = from_micros(1'685'440'800'000'000);
  EXPECT_EQ(to_iso8601(time), "2023-05-30T10:00:00Z");
  EXPECT_EQ(to_http_date(time), "Tue, 30 May 2023 10:00:00 GMT");
  for (const char* form : {"Tue, 30 May 2023 10:00:00 GMT", "Tuesday, 30-May-23 10:00:00 GMT",
                           "Tue May 30 10:00:00 2023"}) {
    EXPECT_EQ(from_http_date(form), time) << form;
  }
  for (const char* wrong : {"", "2023-05-30T10:00:00Z", "Tue, 30 May 2023 10:00:00 GMT trailing",
                            "Tue, 41 May 2023 10:00:00 GMT", "Tue, 31 Feb 2023 10:00:00 GMT",
                            "Wed, 29 Feb 2023 10:00:00 GMT", "Tue, 00 May 2023 10:00:00 GMT",
                            "Tue, 30 May 2023 24:00:00 GMT", "Tue, 30 May 2023 10:60:00 GMT",
                            "Friday, 31-Nov-23 10:00:00 GMT", "Thu Jun 31 10:00:00 2023"}) {
    EXPECT_FALSE(from_http_date(wrong)) << wrong;
  }
}

// A year from a Thursday on, a leap year behind it: every day and month has its name.
TEST(Clock, NamesEveryDayAndMonth) {
  constexpr std::array kDays = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
  constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  for (int day = 0; day < 3 * 366; ++day) {
    const std::chrono::sys_days date{std::chrono::days(day)};
    const std::chrono::year_month_day parts(date);
    const std::string text = to_http_date(Time(date) + std::chrono::seconds(day));
    EXPECT_EQ(text.substr(0, 3), kDays[static_cast<std::size_t>(day) % 7]) << text;
    EXPECT_EQ(text.substr(8, 3), kMonths[static_cast<unsigned>(parts.month()) - 1]) << text;
    EXPECT_EQ(from_http_date(text), Time(date) + std::chrono::seconds(day)) << text;
  }
}

TEST(Clock, FormatsMomentsBefore1970) {
  EXPECT_EQ(to_iso8601(from_micros(-1)), "1969-12-31T23:59:59Z");
  for (const char* form : {"1850-06-01T12:00:00Z", "0001-01-01T00:00:00Z"}) {
    EXPECT_EQ(to_iso8601(from_iso8601(form).value()), form);
  }
}

TEST(Uuid, IsVersion7AndOrderedByTime) {
  const Uuid early = Uuid::make(from_micros(1'000'000), system_entropy());
  const Uuid late = Uuid::make(from_micros(2'000'000), system_entropy());
  EXPECT_LT(early, late);
  EXPECT_EQ(early.str()[14], '7');
  EXPECT_NE(std::string("89ab").find(early.str()[19]), std::string::npos);
  EXPECT_EQ(Uuid::parse(early.str()), early);
}

TEST(Uuid, ParsesTheCanonicalFormAlone) {
  const char* good = "0190163d-8694-739b-aea5-966c26f8ad91";
  ASSERT_TRUE(Uuid::parse(good));
  EXPECT_EQ(Uuid::parse(good)->str(), good);
  for (const char* wrong :
       {"", "0190163d8694739baea5966c26f8ad91", "{0190163d-8694-739b-aea5-966c26f8ad91}",
        "0190163d-8694-739b-aea5-966c26f8ad9", "0190163d-8694-739b-aea5-966c26f8ad9g",
        "0190163d-8694-739b-aea5966c26f8ad91-"}) {
    EXPECT_FALSE(Uuid::parse(wrong)) << wrong;
  }
}

// Gives bytes in turn, so that what is drawn can be foretold.
class CountingEntropy final : public Entropy {
 public:
  void fill(ByteSpan out) override {
    for (auto& b : out) b = static_cast<std::byte>(next_++);
  }

 private:
  unsigned char next_ = 250;
};

TEST(Entropy, DrawsEvenlyFromAnAlphabet) {
  CountingEntropy entropy;
  // 250 to 254 stand for 0 to 4; 255 would favour 0 and is passed over; then 0, 1 …
  EXPECT_EQ(random_text(entropy, 7, "01234"), "0123401");
  EXPECT_THROW(random_text(entropy, 1, "x"), std::invalid_argument);
}

TEST(Entropy, NeverRepeatsASecret) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random_secret(system_entropy()));
  EXPECT_EQ(seen.size(), 1000U);
  EXPECT_EQ(seen.begin()->size(), 43U);
}

TEST(Entropy, GivesNoBytesTwiceInWhateverPortions) {
  std::set<std::string> seen;
  std::size_t draws = 0;
  for (const std::size_t size : {8U, 16U, 100U, 128U, 129U, 512U, 1000U}) {
    for (int i = 0; i < 300; ++i) {
      Bytes bytes(size);
      system_entropy().fill(bytes);
      for (std::size_t at = 0; at + 8 <= size; at += 8) {
        seen.insert(to_hex(ByteView(bytes).subspan(at, 8)));
        ++draws;
      }
    }
  }
  EXPECT_EQ(seen.size(), draws);
}

TEST(Text, ChecksUtf8) {
  for (const char* good : {"", "a", "ä", "€", "😀", "\xef\xbf\xbd"}) EXPECT_TRUE(is_utf8(good));
  for (const char* wrong : {"\x80", "\xc0\xaf", "\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    EXPECT_FALSE(is_utf8(wrong));
  }
}

TEST(Text, NeverCutsACodePoint) {
  EXPECT_EQ(truncate_utf8("a😀b", 4), "a");
  EXPECT_EQ(truncate_utf8("a😀b", 5), "a😀");
  EXPECT_EQ(truncate_utf8("abc", 9), "abc");
  EXPECT_EQ(count_code_points("a😀b"), 3U);
}

TEST(Text, FoldsCaseAndComposition) {
  EXPECT_EQ(fold_case("STRASSE"), fold_case("straße"));
  EXPECT_EQ(fold_case("\u00c5ngstr\u00f6m"), fold_case("a\u030angstro\u0308m"));
  EXPECT_NE(fold_case("anna"), fold_case("anne"));
}

// Names of ASCII alone take a shorter way to the same.
TEST(Text, FoldsAsciiAsItDoesAmongOthers) {
  const std::string other = "\xc3\xa9";
  for (int byte = 0; byte < 0x80; ++byte) {
    const std::string text(3, static_cast<char>(byte));
    EXPECT_EQ(other + fold_case(text) + other, fold_case(other + text + other)) << byte;
  }
}

TEST(Text, ReadsWholeNumbersOnly) {
  EXPECT_EQ(parse_unsigned("18446744073709551615"), 18446744073709551615U);
  for (const char* wrong : {"", "-1", "+1", " 1", "1 ", "1x", "0x1", "18446744073709551616"}) {
    EXPECT_FALSE(parse_unsigned(wrong)) << wrong;
  }
}

TEST(Text, QuotesWhateverIsThrownAtIt) {
  EXPECT_EQ(json_quoted("a\"\\\n\x01"), "\"a\\\"\\\\\\n\\u0001\"");
  EXPECT_EQ(json_quoted("a\xff"), "\"a\xef\xbf\xbd\"");
  EXPECT_EQ(json_quoted("ä"), "\"ä\"");
  EXPECT_EQ(json_quoted("\ta\r\x7f"), "\"\\ta\\r\\u007f\"");
  EXPECT_EQ(json_quoted(""), "\"\"");
}

TEST(Log, ARecordBecomesTheLineThatItWasToBe) {
  std::string record;
  {
    // What it says may be gone when it is written.
    const std::string event = "a \"b\"";
    const std::string text = "line\nline";
    const std::vector<log::Field> fields{{"text", text},   {"none", ""},  {"least", INT64_MIN},
                                         {"real", 0.25},   {"yes", true}, {"no", false},
                                         {"bytes", "\xff"}};
    log::append_record(record, from_micros(1'685'440'800'999'999), log::Level::kWarning, event,
                       fields);
  }
  std::string out = "before\n";
  log::append_line(out, record);
  EXPECT_EQ(out,
            "before\n"
            R"({"time":"2023-05-30T10:00:00Z","level":"warning","event":"a \"b\"",)"
            R"("text":"line\nline","none":"","least":-9223372036854775808,"real":0.25,)"
            R"("yes":true,"no":false,"bytes":"�"})"
            "\n");
}

}  // namespace
}  // namespace coffer
