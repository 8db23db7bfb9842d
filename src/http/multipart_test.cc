#include "http/multipart.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <random>

#include "base/executor.h"

namespace coffer::http {
namespace {

using namespace std::string_literals;

// How many bytes the next read may give.
using Cut = std::function<std::size_t()>;

Cut every(std::size_t bytes) {
  return [bytes] { return bytes; };
}

Cut at_random(std::mt19937::result_type seed, std::size_t max) {
  return [random = std::mt19937(seed), max]() mutable { return 1 + random() % max; };
}

// A body that comes in pieces, and after its last byte ends, or breaks.
class Body final : public InputStream {
 public:
  Body(std::string_view text, Cut cut, std::optional<StreamFault> fault = {})
      : text_(text), cut_(std::move(cut)), fault_(fault) {}

  Task<std::expected<std::size_t, StreamFault>> read(ByteSpan into) override {
    EXPECT_FALSE(into.empty());
    const std::size_t count = std::min({cut_(), text_.size(), into.size()});
    if (count == 0 && fault_) co_return std::unexpected(*fault_);
    if (count > 0) std::memcpy(into.data(), text_.data(), count);
    text_.remove_prefix(count);
    co_return count;
  }

  std::size_t left() const { return text_.size(); }

 private:
  std::string_view text_;
  Cut cut_;
  std::optional<StreamFault> fault_;
};

std::string name_of(StreamFault fault) {
  switch (fault) {
    case StreamFault::kTruncated: return "TRUNCATED";
    case StreamFault::kTooLarge: return "TOO LARGE";
    case StreamFault::kTooSlow: return "TOO SLOW";
    case StreamFault::kMalformed: return "MALFORMED";
    case StreamFault::kStalled: return "STALLED";
    case StreamFault::kCorrupt: return "CORRUPT";
  }
  return "?";
}

std::string describe_head(const PartHead& head) {
  std::string out = "[" + head.name;
  if (head.filename) out += "|" + *head.filename;
  if (!head.content_type.empty()) out += "|type=" + head.content_type;
  return out + "]";
}

// Reads all of `body`; what was got of it, as a text: `[name|filename|type=…]content` for each
// part, a fault at the end. With no read size, contents are skipped.
Task<std::string> transcript(InputStream& body, std::string boundary, std::size_t read_size) {
  MultipartReader reader(body, std::move(boundary), {});
  std::string out;
  Bytes buffer(std::max<std::size_t>(read_size, 1));
  for (;;) {
    const auto head = co_await reader.next();
    if (!head) {
      const auto again = co_await reader.next();
      const auto content = co_await reader.read(buffer);
      EXPECT_TRUE(!again && again.error() == head.error()) << "a fault is final";
      EXPECT_TRUE(!content && content.error() == head.error()) << "a fault is final";
      co_return out + name_of(head.error());
    }
    if (!*head) break;
    out += describe_head(**head);
    while (read_size > 0) {
      const auto count = co_await reader.read(buffer);
      if (!count) co_return out + name_of(count.error());
      if (*count == 0) break;
      out += as_text(ByteView(buffer).first(*count));
    }
  }
  const auto more = co_await reader.next();
  EXPECT_TRUE(more && !*more) << "the end is final";
  co_return out;
}

std::string parse(std::string_view text, const std::string& boundary, Cut cut,
                  std::size_t read_size) {
  Body body(text, std::move(cut));
  InlineExecutor executor;
  return executor.run(transcript(body, boundary, read_size));
}

// The transcript, which must be one and the same however the bytes come and are asked for.
std::string parse(std::string_view text, const std::string& boundary = "B") {
  const std::string whole = parse(text, boundary, every(SIZE_MAX), 100'000);
  unsigned seed = 1;
  for (const std::size_t read_size : {1, 7, 1000, 4096, 5000, 100'000}) {
    for (const std::size_t cut : {1, 2, 3, 1460, 16'384}) {
      EXPECT_EQ(parse(text, boundary, every(cut), read_size), whole)
          << "pieces of " << cut << ", reads of " << read_size;
    }
    EXPECT_EQ(parse(text, boundary, at_random(seed++, 9), read_size), whole);
    EXPECT_EQ(parse(text, boundary, at_random(seed++, 9000), read_size), whole);
  }
  return whole;
}

std::string part(std::string_view disposition, std::string_view content = "x") {
  return fmt::format("--B\r\nContent-Disposition: {}\r\n\r\n{}\r\n--B--\r\n", disposition, content);
}

TEST(MultipartBoundary, Table) {
  const std::vector<std::pair<std::string, std::optional<std::string>>> cases{
      {"multipart/form-data; boundary=abc", "abc"},
      {"Multipart/Form-Data ;BOUNDARY=\"a b:c\"", "a b:c"},
      {"multipart/form-data; charset=utf-8; boundary=----WebKitFormBoundaryX; x=y",
       "----WebKitFormBoundaryX"},
      {"multipart/form-data; boundary=" + std::string(70, 'a'), std::string(70, 'a')},
      {"multipart/form-data; boundary=" + std::string(71, 'a'), std::nullopt},
      {"multipart/form-data; boundary=\"a;b\"", "a;b"},
      {"multipart/form-data", std::nullopt},
      {"multipart/form-data; boundary=", std::nullopt},
      {"multipart/form-data; boundary=\"\"", std::nullopt},
      {"multipart/form-data; boundary=\"a", std::nullopt},
      {"multipart/form-data; boundary=\"a \"", std::nullopt},
      {"multipart/form-data; boundary=a; boundary=b", std::nullopt},
      {"multipart/form-data; boundary=\"a\r\nb\"", std::nullopt},
      {"multipart/form-data; boundary=\xc3\xa9", std::nullopt},
      {"multipart/mixed; boundary=a", std::nullopt},
      {"multipart/form-datax; boundary=a", std::nullopt},
      {"boundary=a", std::nullopt},
      {"", std::nullopt},
  };
  for (const auto& [field, expected] : cases) {
    const auto boundary = multipart_boundary(field);
    ASSERT_EQ(boundary.has_value(), expected.has_value()) << field;
    if (boundary) {
      EXPECT_EQ(*boundary, *expected) << field;
    }
  }
}

TEST(MultipartBoundary, TellsAFormWithoutOneFromWhatIsNoForm) {
  for (const char* form : {"multipart/form-data", "Multipart/Form-Data; charset=utf-8",
                           "multipart/form-data; boundary=", "multipart/form-data; rubbish"}) {
    EXPECT_EQ(multipart_boundary(form).error(), NoBoundary::kInvalid) << form;
  }
  for (const char* other : {"", "multipart/mixed; boundary=a", "application/json"}) {
    EXPECT_EQ(multipart_boundary(other).error(), NoBoundary::kNotAForm) << other;
  }
}

struct Case {
  std::string body;
  std::string expected;
};

TEST(Multipart, Framing) {
  const std::string a = "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n";
  const std::string b = "--B\r\nContent-Disposition: form-data; name=b\r\n\r\n";
  const std::vector<Case> cases{
      {a + "1\r\n--B--\r\n", "[a]1"},
      {a + "1\r\n--B--", "[a]1"},
      {a + "1\r\n" + b + "2\r\n--B--\r\n", "[a]1[b]2"},
      {a + "\r\n" + b + "\r\n--B--\r\n", "[a][b]"},
      {"--B--\r\n", ""},
      {"\r\n--B--", ""},
      {"preamble\r\nof lines\r\n" + a + "1\r\n--B--\r\nepilogue\r\n--B\r\n", "[a]1"},
      // A boundary starts a line; the text alone is content.
      {"x--B\r\n\r\n" + a + "1\r\n--B--", "[a]1"},
      {a + "x--B--\r\n--B--", "[a]x--B--"},
      {a + "\n--B--\r\n--B--", "[a]\n--B--"},
      {a + "\r--B--\r\n--B--", "[a]\r--B--"},
      {a + "\r\n\r\n--B--", "[a]\r\n"},
      {a + "\r\r\n--B--", "[a]\r"},
      {a + "\r\n-\r\n--\r\n--\r\r\n--B--", "[a]\r\n-\r\n--\r\n--\r"},
      {a + "\r\n--Bx\r\n--B-\r\n--B x\r\n--B\rx\r\n--B\n\r\n--B--",
       "[a]\r\n--Bx\r\n--B-\r\n--B x\r\n--B\rx\r\n--B\n"},
      {a + "\r\n--b--\r\n--B--", "[a]\r\n--b--"},
      {a + "1\r\n--B \t \r\nContent-Disposition: form-data; name=c\r\n\r\n2\r\n--B--", "[a]1[c]2"},
      {a + "1\r\n" + "--B" + std::string(64, ' ') + b.substr(3) + "2\r\n--B--", "[a]1[b]2"},
      {a + "\r\n--B" + std::string(65, ' ') + "\r\n\r\n--B--",
       "[a]\r\n--B" + std::string(65, ' ') + "\r\n"},
      {a + "1\0\xff\r\n--B--"s, "[a]1\0\xff"s},
      // Cut short, anywhere.
      {"", "TRUNCATED"},
      {"--B", "TRUNCATED"},
      {"--B-", "TRUNCATED"},
      {"--B\r\n", "TRUNCATED"},
      {"--B\r\nContent-Disposition: form-data; name=a", "TRUNCATED"},
      {a, "[a]TRUNCATED"},
      {a + "1", "[a]1TRUNCATED"},
      {a + "1\r\n", "[a]1TRUNCATED"},
      {a + "1\r\n--B", "[a]1TRUNCATED"},
      {a + "1\r\n--B\r\n", "[a]1TRUNCATED"},
      {a + "1\r\n--B-", "[a]1TRUNCATED"},
      {"no boundary at all", "TRUNCATED"},
      {std::string(16 * 1024, 'p') + "\r\n--B--", ""},
      {std::string(16 * 1024 + 1, 'p') + "\r\n--B--", "MALFORMED"},
      {"--B--" + std::string(64 * 1024, 'e'), ""},
      {"--B--" + std::string(64 * 1024 + 1, 'e'), "MALFORMED"},
  };
  for (const Case& c : cases) EXPECT_EQ(parse(c.body), c.expected) << c.body.substr(0, 200);
}

TEST(Multipart, Heads) {
  const std::string big(15'000, 'h');
  const std::string too_big(16'384, 'h');
  const std::string named = "Content-Disposition: form-data; name=a\r\n";
  const auto with = [](const std::string& head) { return "--B\r\n" + head + "\r\n\r\n--B--"; };
  const std::vector<Case> cases{
      {with(named + "Content-Type: image/png; x=y\r\n"), "[a|type=image/png; x=y]"},
      {with("content-type:text/plain\r\nCONTENT-DISPOSITION:form-data;name=a\r\n"),
       "[a|type=text/plain]"},
      {with(named + "X-Other: " + big + "\r\n"), "[a]"},
      {with(named + "X-Other: " + too_big + "\r\n"), "MALFORMED"},
      {with(named + "Content-Transfer-Encoding: BINARY\r\n"), "[a]"},
      {with(named + "Content-Transfer-Encoding: base64\r\n"), "MALFORMED"},
      {with(""), "MALFORMED"},
      {with("Content-Type: text/plain\r\n"), "MALFORMED"},
      {with(named + named), "MALFORMED"},
      {with("Content-Disposition: form-data;\r\n name=a\r\n"), "MALFORMED"},
      {with(" " + named), "MALFORMED"},
      {with(named + "no colon\r\n"), "MALFORMED"},
      {with(named + ": no name\r\n"), "MALFORMED"},
      {with(named + "X : blank before the colon\r\n"), "MALFORMED"},
      {with(named + "X: bare\nline end\r\n"), "MALFORMED"},
      {with(named + "X: bare\rreturn\r\n"), "MALFORMED"},
      {with(named + "X: \0\r\n"s), "MALFORMED"},
      {with("Content-Disposition: form-data; name=a\n"), "MALFORMED"},
  };
  for (const Case& c : cases) EXPECT_EQ(parse(c.body), c.expected) << c.body.substr(0, 200);
}

TEST(Multipart, Names) {
  const std::vector<Case> cases{
      {R"(form-data; name="a"; filename="f.txt")", "[a|f.txt]x"},
      {R"(form-data; filename="f.txt"; name="a")", "[a|f.txt]x"},
      {R"(Form-Data ; NAME = "a" ; FileName = f.txt ;)", "[a|f.txt]x"},
      {"form-data;name=a;filename=two words.txt", "[a|two words.txt]x"},
      {R"(form-data; name=""; filename="")", "[|]x"},
      {R"(form-data; name="a;b=c"; filename="d; name=e")", "[a;b=c|d; name=e]x"},
      {R"(form-data; name=a; filename="say \"hi\".txt")", "[a|say \"hi\".txt]x"},
      {R"(form-data; name=a; filename="say %22hi%22%0d%0A.txt")", "[a|say \"hi\"\r\n.txt]x"},
      {R"(form-data; name=a; filename="100%25 %41 %2 %")", "[a|100%25 %41 %2 %]x"},
      {R"(form-data; name=a; filename="a%20b.txt")", "[a|a%20b.txt]x"},
      {R"(form-data; name=a; filename="%E6%BC%A2%20a.txt")", "[a|漢 a.txt]x"},
      {R"(form-data; name=a; filename="%e6%bc%a2.txt")", "[a|%e6%bc%a2.txt]x"},
      {R"(form-data; name=a; filename="%E6%BC%A2 .txt")", "[a|%E6%BC%A2 .txt]x"},
      {R"(form-data; name=a; filename="%E6%BC.txt")", "[a|%E6%BC.txt]x"},
      {R"(form-data; name=a; filename="%E6%BC%A2%4")", "[a|%E6%BC%A2%4]x"},
      {R"(form-data; name=a; filename="%41"; filename*=UTF-8''%25E6%25BC%25A2)", "[a|%E6%BC%A2]x"},
      {R"(form-data; name=a; filename="C:\dir\x.txt")", R"([a|C:\dir\x.txt]x)"},
      {R"(form-data; name=a; filename="a\\b")", R"([a|a\\b]x)"},
      {R"(form-data; name=a; filename="\\\"")", R"([a|\\"]x)"},
      {R"(form-data; name=a; filename="report\")", R"([a|report\]x)"},
      {R"(form-data; filename="report\"; name=a)", R"([a|report\]x)"},
      {R"(form-data; filename="a\" ; name = a)", R"([a|a\]x)"},
      {R"(form-data; name=a; filename="ends in two\\")", R"([a|ends in two\\]x)"},
      {R"(form-data; name=a; filename="\")", R"([a|\]x)"},
      {R"(form-data; name=a; filename="\"quoted\"")", R"([a|"quoted"]x)"},
      {R"(form-data; name=a; filename="one\";two")", R"([a|one";two]x)"},
      {R"(form-data; name=a; filename=a\b%22)", R"([a|a\b%22]x)"},
      {"form-data; name=\"\xc3\xa9\"; filename=\"\xe2\x82\xac.txt\"", "[é|€.txt]x"},
      {"form-data; name=a; filename=e.txt; filename*=UTF-8''%e2%82%ac.txt", "[a|€.txt]x"},
      {"form-data; filename*=utf-8'de'%e2%82%ac.txt; name=a; filename=e.txt", "[a|€.txt]x"},
      {"form-data; name=a; filename*=iso-8859-1''%e9%ff.txt", "[a|éÿ.txt]x"},
      {"form-data; name*=UTF-8''%C3%A9", "[é]x"},
      {R"(form-data; name=a; filename*="UTF-8''%c3%a9")", "[a|é]x"},
      {"form-data; name=a; filename*=UTF-8''a'b+c", "[a|a'b+c]x"},
      {"form-data; name=a; filename*=UTF-8''%00", "[a|\0]x"s},
      {"form-data; name=a; filename=../../etc/passwd", "[a|../../etc/passwd]x"},
      {"form-data; name=a; filename*0=x; size=3", "[a]x"},
      {"form-data; name=\"a\xff\"", "MALFORMED"},
      {"form-data; name=a; filename=\"\xed\xa0\x80\"", "MALFORMED"},
      {"form-data; name=a; filename*=UTF-8''%ff", "MALFORMED"},
      {"form-data; name=a; filename*=UTF-8''%f", "MALFORMED"},
      {"form-data; name=a; filename*=UTF-8'x", "MALFORMED"},
      {"form-data; name=a; filename*=x", "MALFORMED"},
      {"form-data; name=a; filename*=koi8-r''%c1", "MALFORMED"},
      {"form-data; name=a; filename=b; filename=c", "MALFORMED"},
      {"form-data; name=a; name=b", "MALFORMED"},
      {"form-data; name=\"a", "MALFORMED"},
      {"form-data; name=\"a\\\"b", "MALFORMED"},
      {"form-data; name=\"a\"b", "MALFORMED"},
      {"form-data; name", "MALFORMED"},
      {"form-data; =a; name=b", "MALFORMED"},
      {"form-data; filename=x", "MALFORMED"},
      {"form-data", "MALFORMED"},
      {"attachment; name=a", "MALFORMED"},
      {"", "MALFORMED"},
  };
  for (const Case& c : cases) EXPECT_EQ(parse(part(c.body)), c.expected) << c.body;
}

TEST(Multipart, LongestBoundaryAndOneThatRepeatsItself) {
  for (const std::string& boundary :
       {std::string(70, '-'), "--"s, "-"s, std::string(35, 'a') + std::string(35, '-')}) {
    std::string content;
    for (std::size_t n = 0; n < boundary.size(); ++n) {
      content += "\r\n--" + boundary.substr(0, n) + "_";
    }
    const std::string text = "--" + boundary +
                             "\r\nContent-Disposition: form-data; name=a\r\n\r\n" + content +
                             "\r\n--" + boundary + "--";
    EXPECT_EQ(parse(text, boundary), "[a]" + content);
  }
}

TEST(Multipart, NoMorePartsThanAllowed) {
  const std::string one = "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n";
  std::string text;
  std::string expected;
  for (std::size_t i = 0; i < MultipartReader::Options().max_parts; ++i) {
    text += one;
    expected += "[a]";
  }
  EXPECT_EQ(parse(text + "--B--", "B", every(SIZE_MAX), 5000), expected);
  EXPECT_EQ(parse(text + one + "--B--", "B", every(SIZE_MAX), 5000), expected + "MALFORMED");
}

// What a reader says is wrong with a form, read through.
MultipartReader::Fault fault_of(std::string_view text, MultipartReader::Options options = {}) {
  Body body(text, every(100));
  MultipartReader reader(body, "B", options);
  InlineExecutor executor;
  const auto read = [](MultipartReader& through) -> Task<bool> {
    for (;;) {
      const auto head = co_await through.next();
      if (!head || !*head) co_return head.has_value();
    }
  };
  const bool good = executor.run(read(reader));
  EXPECT_EQ(good, reader.fault() == MultipartReader::Fault::kNone);
  return reader.fault();
}

TEST(Multipart, TellsWhatIsWrong) {
  using Fault = MultipartReader::Fault;
  const std::string one = "--B\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n";
  EXPECT_EQ(fault_of(one + "--B--"), Fault::kNone);
  EXPECT_EQ(fault_of(""), Fault::kNoBoundary);
  EXPECT_EQ(fault_of("--C\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--C--"),
            Fault::kNoBoundary);
  EXPECT_EQ(fault_of(std::string(100'000, 'x')), Fault::kNoBoundary);
  EXPECT_EQ(fault_of("--B\r\nContent-Disp"), Fault::kNoEnd);
  EXPECT_EQ(fault_of(one), Fault::kNoEnd);
  EXPECT_EQ(fault_of("--B\r\nContent-Type: text/plain\r\n\r\nx\r\n--B--"), Fault::kHead);
  EXPECT_EQ(fault_of("--B\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"), Fault::kExcess);
  EXPECT_EQ(fault_of(one + "--B--" + std::string(100'000, 'x')), Fault::kExcess);
  EXPECT_EQ(fault_of(one + one + "--B--", {.max_parts = 2}), Fault::kNone);
  EXPECT_EQ(fault_of(one + one + one + "--B--", {.max_parts = 2}), Fault::kTooManyParts);
}

TEST(Multipart, DecodesNamesOfClientsThatEncodeThemAll) {
  const auto name_in = [](std::string_view disposition) {
    const std::string text = part(disposition);
    Body body(text, every(SIZE_MAX));
    MultipartReader reader(body, "B", {.names = NameEncoding::kPercent});
    InlineExecutor executor;
    const auto head = executor.run(reader.next());
    return head && *head ? (*head)->filename.value_or("") : "?";
  };
  EXPECT_EQ(name_in(R"(form-data; name=a; filename="my%20file%20%281%29.txt")"), "my file (1).txt");
  EXPECT_EQ(name_in(R"(form-data; name=a; filename="%E6%BC%A2")"), "漢");
  EXPECT_EQ(name_in(R"(form-data; name=a; filename="100%25")"), "100%");
  EXPECT_EQ(name_in(R"(form-data; name=a; filename="100%")"), "100%");
  EXPECT_EQ(name_in(R"(form-data; name=a; filename="a b%20c")"), "a b%20c");
}

TEST(Multipart, SkippedPartsAreReadPast) {
  const std::string filler(50'000, '\r');
  const std::string text =
      "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n" + filler +
      "\r\n--B\r\nContent-Disposition: form-data; name=b\r\n\r\nshort\r\n--B--";
  for (const std::size_t cut : {std::size_t{1}, std::size_t{1000}, SIZE_MAX}) {
    EXPECT_EQ(parse(text, "B", every(cut), 0), "[a][b]");
  }
}

// Contents made of what delimiters are made of, in sizes around those of the buffers.
TEST(Multipart, AnyContentComesBackAsItWas) {
  std::mt19937 random(7);
  const std::vector<std::string> pieces{
      "\r", "\n", "-", "B", "\r\n", "\r\n--", "\r\n--B", "--B--", " ", "x", std::string(3000, 'y')};
  for (int round = 0; round < 60; ++round) {
    std::string text;
    std::string expected;
    for (auto parts = 1 + random() % 4; parts > 0; --parts) {
      std::string content;
      for (auto count = random() % 60; count > 0; --count) {
        content += pieces[random() % pieces.size()];
        // Whatever is built, it is no delimiter's line.
        if (content.ends_with("\r\n--B")) content += "x";
        if (content.ends_with("\r\n--B--")) content.insert(content.size() - 2, "x");
      }
      text += "--B\r\nContent-Disposition: form-data; name=n\r\n\r\n" + content + "\r\n";
      expected += "[n]" + content;
    }
    text += "--B--\r\n";
    for (const std::size_t read_size : {64, 4096, 70'000}) {
      ASSERT_EQ(parse(text, "B", at_random(random(), 20), read_size), expected);
      ASSERT_EQ(parse(text, "B", at_random(random(), 80'000), read_size), expected);
    }
  }
}

// Whatever comes, it ends, and means the same in whatever pieces it comes.
TEST(Multipart, DamagedBodiesEndAlikeHoweverTheyCome) {
  const std::string sound =
      "preamble\r\n--B\r\nContent-Disposition: form-data; name=\"a\\\"b\"; "
      "filename*=UTF-8''%e2%82%ac\r\nContent-Type: text/plain\r\n\r\nfirst\r\n--Bx\r\n"
      "--B \r\nContent-Disposition: form-data; name=c; filename=\"d%22e\"\r\n\r\n" +
      std::string(200, '-') + "\r\n--B--\r\nepilogue";
  const std::string bytes =
      "\r\n-B\";:=*'% \\\0\xff"
      "a"s;
  std::mt19937 random(11);
  const auto spot = [&](const std::string& text) { return random() % (text.size() + 1); };
  for (int round = 0; round < 3000; ++round) {
    std::string text = sound;
    for (auto changes = 1 + random() % 4; changes > 0; --changes) {
      const std::size_t at = spot(text);
      switch (random() % 4) {
        case 0: text.insert(at, 1, bytes[random() % bytes.size()]); break;
        case 1: text.erase(at, 1 + random() % 3); break;
        case 2: text.resize(at); break;
        default: text.insert(at, text.substr(spot(text), random() % 40)); break;
      }
    }
    const std::string whole = parse(text, "B", every(SIZE_MAX), 100'000);
    ASSERT_EQ(parse(text, "B", every(1), 1), whole) << text;
    ASSERT_EQ(parse(text, "B", at_random(random(), 30), 4096), whole) << text;
  }
}

// A body of many small pieces must not cost stack for each.
TEST(Multipart, ManySmallReadsNeedNoStack) {
  const std::string content(1'000'000, '\r');
  EXPECT_EQ(parse(part("form-data; name=a", content), "B", every(1), 100), "[a]" + content);
}

TEST(Multipart, PassesTheBodysFaultsOn) {
  InlineExecutor executor;
  for (const std::string& text :
       {""s, "--B\r\nConte"s, "--B\r\nContent-Disposition: form-data; name=a\r\n\r\ncon"s,
        part("form-data; name=a")}) {
    Body body(text, every(10), StreamFault::kTooSlow);
    EXPECT_THAT(executor.run(transcript(body, "B", 100)), testing::EndsWith("TOO SLOW")) << text;
  }
}

TEST(Multipart, TextOfFieldsIsBounded) {
  const std::string text = part("form-data; name=a", std::string(3000, 'v'));
  const auto read_up_to = [&](std::size_t max) -> Task<std::string> {
    Body body(text, every(700));
    MultipartReader reader(body, "B", {});
    const auto before = co_await reader.read_text(max);
    EXPECT_EQ(before, "") << "before the first part there is nothing";
    const auto head = co_await reader.next();
    EXPECT_TRUE(head && *head);
    const auto content = co_await reader.read_text(max);
    if (!content) {
      const auto after = co_await reader.next();
      EXPECT_FALSE(after) << "a fault is final";
      co_return name_of(content.error());
    }
    const auto again = co_await reader.read_text(max);
    EXPECT_EQ(again, "");
    co_return std::to_string(content->size());
  };
  InlineExecutor executor;
  EXPECT_EQ(executor.run(read_up_to(3000)), "3000");
  EXPECT_EQ(executor.run(read_up_to(SIZE_MAX)), "3000");
  EXPECT_EQ(executor.run(read_up_to(2999)), "TOO LARGE");
  EXPECT_EQ(executor.run(read_up_to(0)), "TOO LARGE");
}

// What was not asked for stays with the sender.
TEST(Multipart, TakesNoMoreThanItsWindowAhead) {
  const std::string text = part("form-data; name=a", std::string(1'000'000, 'v'));
  Body body(text, every(SIZE_MAX));
  MultipartReader reader(body, "B", {});
  InlineExecutor executor;
  ASSERT_TRUE(executor.run(reader.next()));
  EXPECT_GE(body.left(), text.size() - 16 * 1024);
}

}  // namespace
}  // namespace coffer::http
