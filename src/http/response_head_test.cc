#include "http/response_head.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace coffer::http {
namespace {

using std::string_literals::operator""s;

std::string head_of(const Response& response) {
  return response_head(response, {.now = Time{}, .request_id = "id", .keep_alive = true});
}

// What stands between the server's own fields and the empty line.
std::string fields_of(const Response& response) {
  constexpr std::string_view kLastOwn = "X-Request-Id: id\r\n";
  const std::string head = head_of(response);
  const std::size_t start = head.find(kLastOwn) + kLastOwn.size();
  EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
  return head.substr(start, head.size() - start - 2);
}

TEST(ResponseHead, NoValueEndsItsField) {
  for (const char bad : {'\r', '\n', '\0'}) {
    const std::string value = "a"s + bad + "Set-Cookie: b";
    for (std::size_t place = 0; place < 3; ++place) {
      Response response;
      std::string expected;
      for (std::size_t i = 0; i < 3; ++i) {
        const std::string name = "X-" + std::to_string(i);
        response.headers.add(name, i == place ? value : "plain");
        expected += name + ": " + (i == place ? "a Set-Cookie: b" : "plain") + "\r\n";
      }
      EXPECT_EQ(fields_of(response), expected) << place;
    }
  }
}

TEST(ResponseHead, CleansAtBothEndsOfAValue) {
  Response response;
  response.headers.add("X-First", "\r\nfirst\r\n");
  response.headers.add("X-Second", "\n"s);
  EXPECT_EQ(fields_of(response), "X-First:   first  \r\nX-Second:  \r\n");
}

TEST(ResponseHead, LeavesOtherBytesAsTheyAre) {
  const std::string value = "tab\there, \x01 and \xC3\xA9\xFF\x7F";
  Response response;
  response.headers.add("X-Odd", value);
  EXPECT_EQ(fields_of(response), "X-Odd: " + value + "\r\n");
}

TEST(ResponseHead, HasOnlyWhatStillStands) {
  Response response;
  response.headers.add("X-Set", "bad\r\nvalue");
  response.headers.add("X-Gone", "bad\r\nvalue");
  response.headers.add("X-Last", "last");
  response.headers.set("X-Set", "good");
  response.headers.remove("X-Gone");
  EXPECT_EQ(fields_of(response), "X-Set: good\r\nX-Last: last\r\n");
}

TEST(ResponseHead, SaysHowLongTheBodyIsWhereThereIsOne) {
  Response response;
  EXPECT_NE(head_of(response).find("\r\nContent-Length: 0\r\n"), std::string::npos);
  for (const unsigned status : {204U, 304U}) {
    response.status = status;
    EXPECT_TRUE(has_no_body(status));
    EXPECT_EQ(head_of(response).find("Content-Length"), std::string::npos) << status;
  }
}

}  // namespace
}  // namespace coffer::http
