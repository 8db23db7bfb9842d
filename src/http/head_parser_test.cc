#include "http/head_parser.h"

#include <gtest/gtest.h>

#include <string>

namespace coffer::http {
namespace {

constexpr std::size_t kMax = 1024;

HeadParser::Result parse(std::string_view text, Request& request) {
  return HeadParser(kMax).read(as_bytes(text), request);
}

// Byte by byte, up to where it is decided.
HeadParser::Result parse_in_bytes(std::string_view text, Request& request) {
  HeadParser parser(kMax);
  HeadParser::Result result{HeadParser::Status::kIncomplete};
  for (std::size_t i = 1; i <= text.size(); ++i) {
    result = parser.read(as_bytes(text.substr(0, i)), request);
    if (result.status != HeadParser::Status::kIncomplete) break;
  }
  return result;
}

struct Case {
  const char* name;
  std::string head;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class GoodHead : public testing::TestWithParam<Case> {};
class BadHead : public testing::TestWithParam<Case> {};

TEST_P(GoodHead, IsTaken) {
  Request request;
  const auto result = parse(GetParam().head + "rest", request);
  ASSERT_EQ(result.status, HeadParser::Status::kComplete);
  EXPECT_EQ(result.head.size, GetParam().head.size());
  EXPECT_EQ(request.uri.raw_path, "/p");
  Request again;
  EXPECT_EQ(parse_in_bytes(GetParam().head, again).status, HeadParser::Status::kComplete);
  EXPECT_EQ(again.uri.raw_path, "/p");
}

INSTANTIATE_TEST_SUITE_P(
    Table, GoodHead,
    testing::Values(
        Case{"plain", "GET /p HTTP/1.1\r\nHost: h\r\n\r\n"}, Case{"old", "GET /p HTTP/1.0\r\n\r\n"},
        Case{"newer", "GET /p HTTP/1.2\r\nHost: h\r\n\r\n"},
        Case{"no host known", "GET /p HTTP/1.1\r\nHost:\r\n\r\n"},
        Case{"host by address", "GET /p HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"},
        Case{"absolute", "GET http://h/p HTTP/1.1\r\nHost: h\r\n\r\n"},
        Case{"chunked", "PUT /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"},
        Case{"length", "PUT /p HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n"},
        Case{"blanks and tabs", "GET /p HTTP/1.1\r\nHost:\t h \t\r\nX:\r\nY: \t\r\n\r\n"},
        Case{"bytes above ASCII", "GET /p HTTP/1.1\r\nHost: h\r\nX: \xc3\xa9\r\n\r\n"},
        Case{"other method", "BREW /p HTTP/1.1\r\nHost: h\r\n\r\n"}),
    [](const auto& param) {
      std::string name = param.param.name;
      std::erase(name, ' ');
      return name;
    });

// Everything that two readers could understand in two ways (RFC 9112 section 11.2).
TEST_P(BadHead, IsRefused) {
  Request request;
  EXPECT_EQ(parse(GetParam().head, request).status, HeadParser::Status::kBad);
  EXPECT_EQ(parse_in_bytes(GetParam().head, request).status, HeadParser::Status::kBad);
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadHead,
    testing::Values(
        Case{"NoHost", "GET /p HTTP/1.1\r\n\r\n"},
        Case{"TwoHosts", "GET /p HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
        Case{"LengthAndChunked",
             "PUT /p HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: "
             "chunked\r\n\r\n"},
        Case{"ChunkedAndLength",
             "PUT /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: "
             "4\r\n\r\n"},
        Case{"TwoLengths",
             "PUT /p HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n"},
        Case{"LengthList", "PUT /p HTTP/1.1\r\nHost: h\r\nContent-Length: 4, 4\r\n\r\n"},
        Case{"NegativeLength", "PUT /p HTTP/1.1\r\nHost: h\r\nContent-Length: -4\r\n\r\n"},
        Case{"SignedLength", "PUT /p HTTP/1.1\r\nHost: h\r\nContent-Length: +4\r\n\r\n"},
        Case{"HexLength", "PUT /p HTTP/1.1\r\nHost: h\r\nContent-Length: 0x4\r\n\r\n"},
        Case{"HugeLength",
             "PUT /p HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n"},
        Case{"LengthOfMoreThan63Bits",
             "PUT /p HTTP/1.1\r\nHost: h\r\nContent-Length: 9223372036854775808\r\n\r\n"},
        Case{"GzipCoding", "PUT /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n"},
        Case{"ChunkedNotLast",
             "PUT /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n"},
        Case{"ChunkedTwice",
             "PUT /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
             "chunked\r\n\r\n"},
        Case{"ChunkedInOld", "PUT /p HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"},
        Case{"SpaceBeforeColon", "GET /p HTTP/1.1\r\nHost : h\r\n\r\n"},
        Case{"Http2", "GET /p HTTP/2.0\r\nHost: h\r\n\r\n"},
        Case{"FoldedField", "GET /p HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n"},
        Case{"HostWithPath", "GET /p HTTP/1.1\r\nHost: h/p\r\n\r\n"},
        Case{"HostWithUser", "GET /p HTTP/1.1\r\nHost: u@h\r\n\r\n"},
        Case{"SpaceInTarget", "GET /p q HTTP/1.1\r\nHost: h\r\n\r\n"},
        Case{"LowerCaseProtocol", "GET /p http/1.1\r\nHost: h\r\n\r\n"},
        Case{"NoVersion", "GET /p\r\nHost: h\r\n\r\n"},
        Case{"BrokenEscape", "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n"},
        Case{"ControlInName", "GET /p HTTP/1.1\r\nHost: h\r\nX\x01: v\r\n\r\n"},
        Case{"ControlInValue", "GET /p HTTP/1.1\r\nHost: h\r\nX: \x01\r\n\r\n"},
        Case{"FoldedByTab", "GET /p HTTP/1.1\r\nHost: h\r\nX: a\r\n\tb\r\n\r\n"},
        Case{"FoldedFirstField", "GET /p HTTP/1.1\r\n Host: h\r\n\r\n"},
        Case{"NoName", "GET /p HTTP/1.1\r\nHost: h\r\n: v\r\n\r\n"},
        Case{"BareLineFeed", "GET /p HTTP/1.1\r\nHost: h\nX: a\r\n\r\n"},
        Case{"BareReturn", "GET /p HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n"},
        Case{"ReturnAtTheEnd", "GET /p HTTP/1.1\r\nHost: h\r\nX: a\r\r\n\r\n"},
        Case{"ZeroInValue", std::string("GET /p HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n", 36)},
        Case{"DelInValue", "GET /p HTTP/1.1\r\nHost: h\r\nX: \x7f\r\n\r\n"},
        Case{"MethodIsNoToken", "G@T /p HTTP/1.1\r\nHost: h\r\n\r\n"},
        Case{"LineFeedsAlone", "GET /p HTTP/1.1\nHost: h\n\n"},
        Case{"LineFeedsAlonePartly", "GET /p HTTP/1.1\r\nHost: h\n\r\n"},
        Case{"HostIsNoAddress", "GET /p HTTP/1.1\r\nHost: [::1\r\n\r\n"},
        Case{"NoColon", "GET /p HTTP/1.1\r\nHost: h\r\nnonsense\r\n\r\n"}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(HeadParser, AsksForMoreUntilTheHeadHasEnded) {
  const std::string whole = "GET /p HTTP/1.1\r\nHost: h\r\n\r\n";
  for (std::size_t i = 1; i < whole.size(); ++i) {
    Request request;
    EXPECT_EQ(parse(std::string_view(whole).substr(0, i), request).status,
              HeadParser::Status::kIncomplete)
        << i;
  }
}

BadMessage why(std::string_view head) {
  Request request;
  const auto result = parse(head, request);
  EXPECT_EQ(result.status, HeadParser::Status::kBad) << head;
  return result.why;
}

TEST(HeadParser, TellsVersionsFromRubbish) {
  EXPECT_EQ(why("GET / HTTP/2.0\r\n"), BadMessage::kUnsupportedVersion);
  EXPECT_EQ(why("GET / HTTP/0.9\r\n"), BadMessage::kUnsupportedVersion);
  EXPECT_EQ(why("GET / HTTP/1.10\r\n"), BadMessage::kMalformed);
}

TEST(HeadParser, TellsWhoseRequestAWrongLineIs) {
  const auto target_of = [](std::string_view line) {
    Request request;
    EXPECT_EQ(parse(std::string(line) + "\r\n", request).status, HeadParser::Status::kBad) << line;
    return request.target;
  };
  EXPECT_EQ(target_of("GET /p?q=1 HTTP/2.0"), "/p");
  EXPECT_EQ(target_of("GET /p HTTP/0.9"), "/p");
  EXPECT_EQ(target_of("GET /p"), "/p");
  EXPECT_EQ(target_of("GET /p x HTTP/1.1"), "/p");
  EXPECT_EQ(target_of("GET  /p HTTP/1.1"), "");
  EXPECT_EQ(target_of("G@T /p HTTP/1.1"), "");
}

// Not when the client gives up waiting.
TEST(HeadParser, RefusesAsSoonAsItShows) {
  for (const std::string_view start : {"\x16\x03\x01", "\n", "\rG", " ", "GET /p\r\n"}) {
    EXPECT_EQ(why(start), BadMessage::kMalformed) << start;
  }
  for (const std::string_view start :
       {"GET /p HTTP/1.1\n", "G\nET", "GET /p HTTP/1.1\r\nHost: h\n"}) {
    EXPECT_EQ(why(start), BadMessage::kBareLineFeed) << start;
  }
}

TEST(HeadParser, TellsWhichFieldIsWrong) {
  for (const char* fields : {"", "Host: a\r\nHost: a\r\n", "Host: a/b\r\n"}) {
    EXPECT_EQ(why("GET /p HTTP/1.1\r\n" + std::string(fields) + "\r\n"), BadMessage::kBadHost)
        << fields;
  }
  for (const char* fields : {"Content-Length: x\r\n", "Content-Length: 1\r\nContent-Length: 1\r\n",
                             "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"}) {
    EXPECT_EQ(why("PUT /p HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n"),
              BadMessage::kBadFraming)
        << fields;
  }
  EXPECT_EQ(why("PUT /p HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), BadMessage::kBadFraming);
}

TEST(HeadParser, TellsCodingsThatEndNowhereFromThoseThatAreUnknown) {
  const auto why_not = [](const std::string& coding) {
    return why("PUT /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: " + coding + "\r\n\r\n");
  };
  for (const char* coding :
       {"gzip", "identity", "", "chunked, gzip", "chunked,", ", chunked", "chunked, chunked",
        "chunked;a=b", "\"chunked\"", "xchunked", "chunked, gzip, chunked", "gzip,,chunked"}) {
    EXPECT_EQ(why_not(coding), BadMessage::kBadFraming) << coding;
  }
  EXPECT_EQ(why_not("gzip, chunked"), BadMessage::kUnsupportedCoding);
}

TEST(HeadParser, RefusesAHeadThatIsTooLarge) {
  const std::string much(kMax, 'x');
  EXPECT_EQ(why("GET /p HTTP/1.1\r\nHost: h\r\nX: " + much), BadMessage::kHeadTooLarge);
  EXPECT_EQ(why("GET /" + much), BadMessage::kTargetTooLong);
  const std::string max(kMax - 100, 'x');
  EXPECT_EQ(why("GET /" + max + " HTTP/1.1\r\nHost: h\r\nX: " + much), BadMessage::kTargetTooLong);
}

TEST(HeadParser, KeepsTheStartOfATargetThatIsTooLong) {
  Request request;
  parse("POST /api/v1/x?q=" + std::string(kMax, 'x'), request);
  EXPECT_EQ(request.method, Method::kPost);
  EXPECT_EQ(request.target, "/api/v1/x");
  parse("GET /" + std::string(kMax, 'x'), request);
  EXPECT_EQ(request.target, "/" + std::string(1023, 'x'));
  Request other;
  parse(std::string(kMax + 1, 'x'), other);
  EXPECT_EQ(other.target, "");
}

// So that who asked can be told, in the right shape and across origins.
TEST(HeadParser, KeepsWhatItUnderstoodOfAHeadThatIsTooLarge) {
  Request request;
  parse("GET /p HTTP/1.1\r\nHost: h\r\nOrigin: o\r\nX: " + std::string(kMax, 'x'), request);
  EXPECT_EQ(request.method, Method::kGet);
  EXPECT_EQ(request.target, "/p");
  EXPECT_EQ(request.header("Origin"), "o");
  EXPECT_EQ(request.header("X"), std::nullopt);
}

TEST(HeadParser, TellsHowTheBodyIsFramed) {
  Request request;
  auto framing = parse(
                     "PUT /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n"
                     "Connection: close\r\n\r\n",
                     request)
                     .head.framing;
  EXPECT_EQ(framing.length, 5U);
  EXPECT_TRUE(framing.expects_continue);
  EXPECT_FALSE(framing.keep_alive);
  framing = parse("PUT /p HTTP/1.0\r\n\r\n", request).head.framing;
  EXPECT_FALSE(framing.keep_alive);
  EXPECT_TRUE(framing.http_1_0);
}

TEST(HeadParser, TakesAHeadOfJustTheMostThatItMayHave) {
  const std::string start = "GET /p HTTP/1.1\r\nHost: h\r\nX: ";
  const std::string end = "\r\n\r\n";
  const std::string filler(kMax - start.size() - end.size(), 'x');
  Request request;
  EXPECT_EQ(parse(start + filler + end, request).status, HeadParser::Status::kComplete);
  EXPECT_EQ(parse(start + filler + 'x' + end, request).why, BadMessage::kHeadTooLarge);
}

TEST(HeadParser, KeepsFieldsInOrderAndAsSent) {
  Request request;
  parse("GET /p HTTP/1.1\r\nHost: h\r\nb: 1\r\nA:  two words \r\nB: 2:3\r\n\r\n", request);
  std::string all;
  for (const auto& field : request.headers) {
    all.append(field.name).append("=").append(field.value).append(";");
  }
  EXPECT_EQ(all, "Host=h;b=1;A=two words;B=2:3;");
}

TEST(HeadParser, TellsWhetherTheClientStays) {
  const auto stays = [](const std::string& version, const std::string& connection) {
    Request request;
    const std::string head = "GET /p " + version + "\r\nHost: h\r\n" + connection + "\r\n";
    const auto result = parse(head, request);
    EXPECT_EQ(result.status, HeadParser::Status::kComplete) << head;
    return result.head.framing.keep_alive;
  };
  EXPECT_TRUE(stays("HTTP/1.1", ""));
  EXPECT_TRUE(stays("HTTP/1.1", "Connection: keep-alive\r\n"));
  EXPECT_TRUE(stays("HTTP/1.1", "Connection: closed, x-close\r\n"));
  EXPECT_FALSE(stays("HTTP/1.1", "Connection: Upgrade , CLOSE\r\n"));
  EXPECT_FALSE(stays("HTTP/1.1", "Connection: Upgrade\r\nConnection: close\r\n"));
  EXPECT_FALSE(stays("HTTP/1.0", ""));
  EXPECT_TRUE(stays("HTTP/1.0", "Connection: Keep-Alive\r\n"));
  EXPECT_FALSE(stays("HTTP/1.0", "Connection: keep-alive, close\r\n"));
}

}  // namespace
}  // namespace coffer::http
