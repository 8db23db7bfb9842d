#include "http/chunked.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>

namespace coffer::http {
namespace {

using State = ChunkedFraming::State;

// The data of a body that arrives `cut` bytes at a time; nothing where it is malformed or does
// not end where `body` does.
std::optional<std::string> data_of(std::string_view body, std::size_t cut) {
  ChunkedFraming framing;
  std::string data;
  std::string unread;
  std::uint64_t left = 0;
  bool ended = false;
  for (std::size_t at = 0; at < body.size(); at += cut) {
    if (ended) return std::nullopt;
    unread += body.substr(at, cut);
    while (!ended) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left, unread.size()));
      data += unread.substr(0, count);
      unread.erase(0, count);
      left -= count;
      if (left > 0) break;
      const auto step = framing.advance(unread);
      if (step.state == State::kMalformed) return std::nullopt;
      unread.erase(0, step.used);
      left = step.size;
      ended = step.state == State::kEnd;
      if (step.state == State::kMore) break;
    }
  }
  if (!ended || !unread.empty()) return std::nullopt;
  return data;
}

// The same however it is cut.
std::optional<std::string> data_of(std::string_view body) {
  const auto whole = data_of(body, body.size());
  for (const std::size_t cut : {1, 2, 3, 7, 1000}) EXPECT_EQ(data_of(body, cut), whole) << body;
  return whole;
}

std::string with_line(std::string_view line) {
  return std::string(line) + "\r\nhello\r\n0\r\n\r\n";
}

std::string with_trailer(std::string_view line) {
  return "5\r\nhello\r\n0\r\n" + std::string(line) + "\r\n\r\n";
}

TEST(ChunkedFraming, TakesWhatTheGrammarHas) {
  for (const std::string_view line :
       {"5", "05", "0000000000000005", "5;a", "5;a=b", "5 ;\ta\t= b", "5;a=\"b;c\"", "5;a=b;c",
        R"(5;a="\"\\";b)", "5;a=\"\"", "5;a=\"\xc3\xa9\t\"", "5;!#$%&'*+-.^_`|~9=~"}) {
    EXPECT_EQ(data_of(with_line(line)), "hello") << line;
  }
  EXPECT_EQ(data_of("3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"), "abc0123456789");
  EXPECT_EQ(data_of("0;x\r\n\r\n"), "");
  EXPECT_EQ(data_of(with_trailer("X-Good: yes\r\nY:\r\nZ: \xc3\xa9\t")), "hello");
}

TEST(ChunkedFraming, RefusesChunkLinesOutsideTheGrammar) {
  using namespace std::string_view_literals;
  for (const std::string_view line : {""sv,
                                      "x"sv,
                                      "-5"sv,
                                      "+5"sv,
                                      "0x5"sv,
                                      " 5"sv,
                                      "5 "sv,
                                      "5 6"sv,
                                      "5,"sv,
                                      "10000000000000005"sv,
                                      "00000000000000005"sv,
                                      "5;"sv,
                                      "5; "sv,
                                      "5;;a"sv,
                                      "5;a;"sv,
                                      "5;a "sv,
                                      "5;a="sv,
                                      "5;=b"sv,
                                      "5;[a"sv,
                                      "5;a=b c"sv,
                                      "5;a=\"b"sv,
                                      "5;a=\"b\\\""sv,
                                      "5;a=\"b\"c"sv,
                                      "5;a\rb"sv,
                                      "5\r;a"sv,
                                      "5;a\r"sv,
                                      "5\r"sv,
                                      "5;a\0b"sv,
                                      "5;a=\"\0\""sv,
                                      "5;a\x7f"sv,
                                      "5;a=\"\x1f\""sv,
                                      "5;\xc3\xa9"sv}) {
    EXPECT_EQ(data_of(with_line(line)), std::nullopt) << line;
  }
  EXPECT_EQ(data_of("5\nhello\r\n0\r\n\r\n"), std::nullopt);
  EXPECT_EQ(data_of("5;a\nb\r\nhello\r\n0\r\n\r\n"), std::nullopt);
}

TEST(ChunkedFraming, RefusesTrailersThatAreNoFields) {
  using namespace std::string_view_literals;
  for (const std::string_view line :
       {"GET /admin HTTP/1.1"sv, "X: a\0b"sv, "X: a\rb"sv, "\r"sv, "X : a"sv, "X: a\r\n b"sv,
        ": a"sv, "X"sv, "X: \x7f"sv, "X: a\nY: b"sv, "\n"sv}) {
    EXPECT_EQ(data_of(with_trailer(line)), std::nullopt) << line;
  }
}

TEST(ChunkedFraming, RefusesAWrongEndOfAChunkAtOnce) {
  for (const std::string_view wrong : {"x", "\n", "\rx", "\r\r\n"}) {
    ChunkedFraming framing;
    ASSERT_EQ(framing.advance("2\r\n").state, State::kData);
    EXPECT_EQ(framing.advance(wrong).state, State::kMalformed) << wrong;
  }
  EXPECT_EQ(data_of("2\r\nabc\r\n0\r\n\r\n"), std::nullopt);
  EXPECT_EQ(data_of("3\r\nab\r\n0\r\n\r\n"), std::nullopt);
}

// Limits, to the byte.
TEST(ChunkedFraming, BoundsALine) {
  const auto line = [](std::size_t size) { return "5;" + std::string(size - 4, 'x'); };
  EXPECT_EQ(data_of(with_line(line(ChunkedFraming::kMaxLine))), "hello");
  EXPECT_EQ(data_of(with_line(line(ChunkedFraming::kMaxLine + 1))), std::nullopt);
  ChunkedFraming framing;
  EXPECT_EQ(framing.advance(std::string(ChunkedFraming::kMaxLine - 1, '5')).state, State::kMore);
  EXPECT_EQ(framing.advance(std::string(ChunkedFraming::kMaxLine, '5')).state, State::kMalformed);
}

TEST(ChunkedFraming, BoundsExtensionsAndTrailersInSum) {
  const std::string chunk = "1;" + std::string(63, 'x') + "\r\na\r\n";  // 64 bytes of extension
  std::string body;
  for (std::size_t i = 0; i < ChunkedFraming::kMaxExtra / 64; ++i) body += chunk;
  EXPECT_TRUE(data_of(body + "0\r\n\r\n"));
  EXPECT_FALSE(data_of(body + "0;x\r\n\r\n"));
  EXPECT_FALSE(data_of(body + "0\r\nX:\r\n\r\n"));

  const std::string trailer = "X: " + std::string(61, 'x') + "\r\n";  // 64 bytes without its end
  std::string trailers;
  for (std::size_t i = 0; i < ChunkedFraming::kMaxExtra / 64; ++i) trailers += trailer;
  EXPECT_TRUE(data_of("0\r\n" + trailers + "\r\n"));
  EXPECT_FALSE(data_of("0\r\n" + trailers + "X:\r\n\r\n"));
  EXPECT_FALSE(data_of("0;x\r\n" + trailers + "\r\n"));
}

}  // namespace
}  // namespace coffer::http
