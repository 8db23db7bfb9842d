#include "http/content.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "http/uri.h"

namespace coffer::http {
namespace {

using testing::StartsWith;
using Ranges = std::vector<ByteRange>;

struct RangeCase {
  const char* field;
  std::uint64_t size;
  std::optional<Ranges> expected;
};

TEST(ParseRange, Table) {
  const std::vector<RangeCase> cases{
      {"bytes=0-0", 10, Ranges{{0, 1}}},
      {"bytes=0-", 10, Ranges{{0, 10}}},
      {"bytes=3-5", 10, Ranges{{3, 6}}},
      {"bytes=9-9", 10, Ranges{{9, 10}}},
      {"bytes=5-99", 10, Ranges{{5, 10}}},
      {"bytes=-3", 10, Ranges{{7, 10}}},
      {"bytes=-99", 10, Ranges{{0, 10}}},
      {"BYTES=0-0", 10, Ranges{{0, 1}}},
      {"bytes=0-18446744073709551615", 10, Ranges{{0, 10}}},
      {"bytes=0-99999999999999999999999", 10, Ranges{{0, 10}}},
      {"bytes=-99999999999999999999999", 10, Ranges{{0, 10}}},
      {"bytes=4294967296-4294967297", 1ULL << 40U, Ranges{{4294967296, 4294967298}}},
      {"bytes=0-1,4-5", 10, Ranges{{0, 2}, {4, 6}}},
      {"bytes= 0-1 ,\t4-5 ", 10, Ranges{{0, 2}, {4, 6}}},
      {"bytes=8-9,0-1", 10, Ranges{{8, 10}, {0, 2}}},
      {"bytes=,0-1,,", 10, Ranges{{0, 2}}},
      {"bytes=0-1,20-30", 10, Ranges{{0, 2}}},
      // None can be satisfied.
      {"bytes=10-", 10, Ranges{}},
      {"bytes=10-11,99-", 10, Ranges{}},
      {"bytes=-0", 10, Ranges{}},
      {"bytes=99999999999999999999999-", 10, Ranges{}},
      {"bytes=18446744073709551615-18446744073709551615", 10, Ranges{}},
      {"bytes=0-", 0, Ranges{}},
      {"bytes=0-0", 0, Ranges{}},
      // The end of nothing is all of it.
      {"bytes=-5", 0, std::nullopt},
      // Not understood.
      {"bytes=", 10, std::nullopt},
      {"bytes=,", 10, std::nullopt},
      {"bytes", 10, std::nullopt},
      {"", 10, std::nullopt},
      {"items=0-1", 10, std::nullopt},
      {"bytes=5-3", 10, std::nullopt},
      {"bytes=-", 10, std::nullopt},
      {"bytes=a-b", 10, std::nullopt},
      {"bytes=1", 10, std::nullopt},
      {"bytes=--1", 10, std::nullopt},
      {"bytes=1-2-3", 10, std::nullopt},
      {"bytes=+1-2", 10, std::nullopt},
      {"bytes=1 - 2", 10, std::nullopt},
      {"bytes=0-1,x", 10, std::nullopt},
      {"bytes=0x0-1", 10, std::nullopt},
      // Hostile: many, or much of the same.
      {"bytes=0-,0-", 10, Ranges{{0, 10}, {0, 10}}},
      {"bytes=0-,0-,0-", 10, std::nullopt},
      {"bytes=0-4,4-6,6-9", 10, Ranges{{0, 5}, {4, 7}, {6, 10}}},
      {"bytes=0-4,3-6,5-8,7-9", 10, std::nullopt},
  };
  for (const RangeCase& c : cases) EXPECT_EQ(parse_range(c.field, c.size), c.expected) << c.field;
}

TEST(ParseRange, SixteenAreServedSeventeenAreNot) {
  std::string field = "bytes=";
  for (int i = 0; i < 16; ++i) field += std::to_string(i * 2) + "-" + std::to_string(i * 2) + ",";
  ASSERT_TRUE(parse_range(field, 100));
  EXPECT_EQ(parse_range(field, 100)->size(), 16U);
  EXPECT_FALSE(parse_range(field + "99-99", 100));
  EXPECT_FALSE(parse_range(field + "500-", 100)) << "those beyond the end count too";
}

class Text final : public Content {
 public:
  explicit Text(std::string text) : text_(std::move(text)) {}
  std::uint64_t size() const noexcept override { return text_.size(); }
  Task<Piece> piece(std::uint64_t, std::uint64_t) const override {
    throw std::logic_error("unused");
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

constexpr std::string_view kTag = "\"abc\"";
constexpr std::string_view kDate = "Tue, 30 May 2023 10:00:00 GMT";
constexpr std::string_view kBefore = "Tue, 30 May 2023 09:59:59 GMT";
constexpr std::string_view kAfter = "Tue, 30 May 2023 10:00:01 GMT";

struct Asked {
  std::vector<std::pair<std::string_view, std::string_view>> fields{};
  Method method = Method::kGet;
  std::string content = "0123456789";
};

Response ask(const Asked& asked) {
  Request request;
  request.method = asked.method;
  for (const auto& [name, value] : asked.fields) {
    request.headers.add(std::string(name), std::string(value));
  }
  // Stored times are finer than those of fields.
  const Time modified = *from_http_date(kDate) + std::chrono::microseconds(999'999);
  return content_response(request, {.content = std::make_shared<Text>(asked.content),
                                    .content_type = "video/mp4",
                                    .etag = std::string(kTag),
                                    .last_modified = modified,
                                    .disposition = "inline; filename=\"a.mp4\""});
}

std::string sent(const Response& response) {
  std::string out;
  for (const Segment& segment : response.body) {
    if (const auto* text = std::get_if<std::string>(&segment)) {
      out += *text;
      continue;
    }
    const auto& section = std::get<ContentSection>(segment);
    out +=
        dynamic_cast<const Text&>(*section.content).text().substr(section.offset, section.length);
  }
  EXPECT_EQ(out.size(), response.length());
  return out;
}

struct PreconditionCase {
  const char* why;
  std::vector<std::pair<std::string_view, std::string_view>> fields;
  unsigned expected;
};

TEST(ContentResponse, PreconditionsInTheirOrder) {
  const std::vector<PreconditionCase> cases{
      {"nothing asked", {}, 200},
      {"tag matches", {{"If-Match", "\"abc\""}}, 200},
      {"one of several", {{"If-Match", "\"x\", \"abc\""}}, 200},
      {"any", {{"If-Match", " * "}}, 200},
      {"none of them", {{"If-Match", "\"x\""}}, 412},
      {"weak never matches strongly", {{"If-Match", "W/\"abc\""}}, 412},
      {"a malformed tag matches nothing", {{"If-Match", "abc"}}, 412},
      {"a comma within a tag separates nothing", {{"If-Match", "\"x,\"abc\",y\""}}, 412},
      {"tags in two fields", {{"If-Match", "\"x\""}, {"If-Match", "\"abc\""}}, 200},
      {"unmodified since", {{"If-Unmodified-Since", kDate}}, 200},
      {"modified since", {{"If-Unmodified-Since", kBefore}}, 412},
      {"no date is no condition", {{"If-Unmodified-Since", "yesterday"}}, 200},
      {"If-Match goes before the date",
       {{"If-Match", kTag}, {"If-Unmodified-Since", kBefore}},
       200},
      {"client has it", {{"If-None-Match", "\"abc\""}}, 304},
      {"weakly too", {{"If-None-Match", "\"x\" , W/\"abc\""}}, 304},
      {"any that is there", {{"If-None-Match", "*"}}, 304},
      {"client has another", {{"If-None-Match", "\"abcd\""}}, 200},
      {"lower-case w is no tag", {{"If-None-Match", "w/\"abc\""}}, 200},
      {"tag left open", {{"If-None-Match", "\"abc"}}, 200},
      {"junk before a good one", {{"If-None-Match", "junk, \"abc\""}}, 304},
      {"not modified", {{"If-Modified-Since", kDate}}, 304},
      {"not modified, later", {{"If-Modified-Since", kAfter}}, 304},
      {"modified", {{"If-Modified-Since", kBefore}}, 200},
      {"the old form of a date", {{"If-Modified-Since", "Tuesday, 30-May-23 10:00:00 GMT"}}, 304},
      {"tag goes before the date", {{"If-None-Match", "\"x\""}, {"If-Modified-Since", kDate}}, 200},
      {"first the write's condition", {{"If-Match", "\"x\""}, {"If-None-Match", kTag}}, 412},
      {"then the read's", {{"If-Match", kTag}, {"If-None-Match", kTag}}, 304},
      {"conditions before ranges", {{"If-None-Match", kTag}, {"Range", "bytes=99-"}}, 304},
      {"and before them too", {{"If-Match", "\"x\""}, {"Range", "bytes=0-1"}}, 412},
      {"range", {{"Range", "bytes=0-1"}}, 206},
      {"range that is not there", {{"Range", "bytes=10-"}}, 416},
      {"range of what the client has", {{"Range", "bytes=0-1"}, {"If-Range", kTag}}, 206},
      {"of something else", {{"Range", "bytes=0-1"}, {"If-Range", "\"x\""}}, 200},
      {"weak tags do not do", {{"Range", "bytes=0-1"}, {"If-Range", "W/\"abc\""}}, 200},
      {"nor do lists", {{"Range", "bytes=0-1"}, {"If-Range", "\"abc\", \"x\""}}, 200},
      {"by date", {{"Range", "bytes=0-1"}, {"If-Range", kDate}}, 206},
      {"which must be exact", {{"Range", "bytes=0-1"}, {"If-Range", kAfter}}, 200},
      {"and a date", {{"Range", "bytes=0-1"}, {"If-Range", "soon"}}, 200},
      {"the whole, not 416", {{"Range", "bytes=99-"}, {"If-Range", "\"x\""}}, 200},
      {"If-Range alone", {{"If-Range", "\"x\""}}, 200},
  };
  for (const PreconditionCase& c : cases) {
    for (const Method method : {Method::kGet, Method::kHead}) {
      const Response response = ask({.fields = c.fields, .method = method});
      const bool by_range = c.expected == 206 || c.expected == 416;  // GET's alone
      EXPECT_EQ(response.status, by_range && method == Method::kHead ? 200 : c.expected) << c.why;
      EXPECT_EQ(response.headers.get("ETag"), kTag) << c.why;
      EXPECT_EQ(response.headers.get("Last-Modified"), kDate) << c.why;
    }
  }
}

TEST(ContentResponse, OtherMethodsKnowNeitherRangesNorNotModified) {
  EXPECT_EQ(ask({.fields = {{"Range", "bytes=0-1"}}, .method = Method::kPost}).status, 200U);
  EXPECT_EQ(ask({.fields = {{"If-None-Match", "*"}}, .method = Method::kPut}).status, 412U);
  EXPECT_EQ(ask({.fields = {{"If-Modified-Since", kDate}}, .method = Method::kPost}).status, 200U);
}

TEST(ContentResponse, Whole) {
  const Response response = ask({});
  EXPECT_EQ(sent(response), "0123456789");
  EXPECT_EQ(response.headers.get("Content-Type"), "video/mp4");
  EXPECT_EQ(response.headers.get("Accept-Ranges"), "bytes");
  EXPECT_EQ(response.headers.get("Content-Disposition"), "inline; filename=\"a.mp4\"");
  EXPECT_EQ(response.headers.get("Content-Range"), std::nullopt);
}

TEST(ContentResponse, WholeOfNothing) {
  const Response response = ask({.content = ""});
  EXPECT_EQ(response.status, 200U);
  EXPECT_TRUE(response.body.empty()) << "no section may start at the end of its content";
  const Response beyond = ask({.fields = {{"Range", "bytes=0-"}}, .content = ""});
  EXPECT_EQ(beyond.status, 416U);
  EXPECT_EQ(beyond.headers.get("Content-Range"), "bytes */0");
}

TEST(ContentResponse, OneRange) {
  const Response response = ask({.fields = {{"Range", "bytes=-3"}}});
  EXPECT_EQ(sent(response), "789");
  EXPECT_EQ(response.headers.get("Content-Range"), "bytes 7-9/10");
  EXPECT_EQ(response.headers.get("Content-Type"), "video/mp4");
  EXPECT_EQ(response.headers.get("Accept-Ranges"), "bytes");
}

TEST(ContentResponse, OneOfTwoRangesIsThereAndComesPlain) {
  const Response response = ask({.fields = {{"Range", "bytes=2-3,50-60"}}});
  EXPECT_EQ(response.status, 206U);
  EXPECT_EQ(sent(response), "23");
  EXPECT_EQ(response.headers.get("Content-Range"), "bytes 2-3/10");
}

TEST(ContentResponse, SeveralRangesAsTheyWereAskedFor) {
  const Response response = ask({.fields = {{"Range", "bytes=8-,0-1"}}});
  EXPECT_EQ(response.status, 206U);
  EXPECT_EQ(response.headers.get("Content-Range"), std::nullopt);
  const std::string type(response.headers.get("Content-Type").value());
  constexpr std::string_view kStart = "multipart/byteranges; boundary=";
  ASSERT_THAT(type, StartsWith(std::string(kStart)));
  const std::string boundary = type.substr(kStart.size());
  EXPECT_EQ(boundary.size(), 32U);
  EXPECT_EQ(sent(response), "--" + boundary +
                                "\r\nContent-Type: video/mp4\r\n"
                                "Content-Range: bytes 8-9/10\r\n\r\n89\r\n--" +
                                boundary +
                                "\r\nContent-Type: video/mp4\r\n"
                                "Content-Range: bytes 0-1/10\r\n\r\n01\r\n--" +
                                boundary + "--\r\n");
}

TEST(ContentResponse, HeadSaysWhatGetWouldWithoutARange) {
  const Response get = ask({});
  for (const char* range : {"bytes=0-3", "bytes=0-1,4-5", "bytes=99-", "bytes=x"}) {
    const Response head = ask({.fields = {{"Range", range}}, .method = Method::kHead});
    EXPECT_EQ(head.status, get.status);
    EXPECT_EQ(head.length(), get.length());
    ASSERT_EQ(head.headers.size(), get.headers.size());
    for (const auto& field : get.headers) EXPECT_EQ(head.headers.get(field.name), field.value);
  }
}

TEST(ContentResponse, RenewsWhatACacheKeepsBesideTheBytes) {
  const Response kept = ask({});
  const Response fresh = ask({.fields = {{"If-None-Match", kTag}}});
  EXPECT_EQ(fresh.status, 304U);
  EXPECT_TRUE(fresh.body.empty());
  for (const char* name : {"Content-Type", "Content-Disposition", "ETag", "Last-Modified"}) {
    EXPECT_TRUE(fresh.headers.get(name)) << name;
    EXPECT_EQ(fresh.headers.get(name), kept.headers.get(name));
  }
}

TEST(ContentResponse, WhatHasNoBodyHasNoneOfItsFields) {
  for (const auto& response :
       {ask({.fields = {{"If-Match", "\"x\""}}}), ask({.fields = {{"Range", "bytes=10-"}}})}) {
    EXPECT_TRUE(response.body.empty());
    EXPECT_EQ(response.headers.get("Content-Type"), std::nullopt);
    EXPECT_EQ(response.headers.get("Content-Disposition"), std::nullopt);
  }
}

TEST(ContentDisposition, Table) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"a.txt", "attachment; filename=\"a.txt\""},
      {"a b;c=d,e'f.txt", "attachment; filename=\"a b;c=d,e'f.txt\""},
      {"", "attachment"},
      {"a\"b\\c", "attachment; filename=\"a_b_c\"; filename*=UTF-8''a%22b_c"},
      {"a\\b/c", "attachment; filename=\"a_b_c\""},
      {"/\u00e9", "attachment; filename=\"__\"; filename*=UTF-8''_%C3%A9"},
      {"..", "attachment; filename=\"__\""},
      {".", "attachment; filename=\"_\""},
      {"na\u00efve.txt", "attachment; filename=\"na_ve.txt\"; filename*=UTF-8''na%C3%AFve.txt"},
      {"\U0001F3B5", "attachment; filename=\"_\"; filename*=UTF-8''%F0%9F%8E%B5"},
      {"100%25", "attachment; filename=\"100%25\"; filename*=UTF-8''100%2525"},
      {"x\r\nSet-Cookie: a=b",
       "attachment; filename=\"x__Set-Cookie: a=b\"; "
       "filename*=UTF-8''x%0D%0ASet-Cookie%3A%20a%3Db"},
      {"../etc", "attachment; filename=\".._etc\""},
      {"\x7f", "attachment; filename=\"_\"; filename*=UTF-8''%7F"},
  };
  for (const auto& [name, expected] : cases) {
    EXPECT_EQ(content_disposition("attachment", name), expected) << name;
  }
}

// nginx takes heads of 4 KiB from the servers behind it.
TEST(ContentDisposition, IsShortEnoughForAProxy) {
  const auto times = [](std::size_t count, std::string_view character) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += character;
    return text;
  };
  const std::string whole = times(251, "\u6f22") + ".txt";
  EXPECT_TRUE(content_disposition("attachment", whole).ends_with(percent_encode(whole)));
  for (const std::string_view character : {"\u6f22", "\U0001F3B5", "%", "\x01"}) {
    const std::string field = content_disposition("attachment", times(512, character) + ".txt");
    EXPECT_LT(field.size(), 3000U) << character;
    EXPECT_TRUE(field.ends_with(".txt")) << character;
    const std::size_t name = field.find("''") + 2;
    EXPECT_TRUE(is_utf8(percent_decode(field.substr(name)).value())) << character;
  }
  EXPECT_LT(content_disposition("inline", "." + times(512, "\u6f22")).size(), 3000U);
  for (const std::string_view character : {"x", "%"}) {
    const std::string name = times(2200, "x") + std::string(character);
    EXPECT_LT(content_disposition("inline", name).size(), 3000U) << character;
  }
}

TEST(ContentDisposition, NoByteEndsTheField) {
  for (int i = 0; i < 256; ++i) {
    const std::string field = content_disposition("inline", std::string(3, static_cast<char>(i)));
    for (const char c : field) {
      EXPECT_TRUE(c >= 0x20 && c < 0x7f) << i << ": " << field;
    }
  }
}

}  // namespace
}  // namespace coffer::http
