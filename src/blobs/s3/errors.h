// What an S3 service says when it refuses.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coffer::blobs::s3 {

// What to do about a reply that is no success.
enum class Remedy : std::uint8_t {
  kTryLater,          // the service is busy, broken, or asks for patience
  kSetClock,          // it has another time than this machine
  kOtherCredentials,  // it does not know these keys, or not any more
  kMakeRoom,          // its disk, or the quota of the bucket or of its owner, is full
  kNone,              // it will always answer that
};

struct ErrorReply {
  unsigned status = 0;
  std::string code;     // `NoSuchKey`; empty where it gave none
  std::string message;  // for people; may be empty
};

// The text of the first element of that name, anywhere in `xml`; nothing when there is none.
std::optional<std::string> xml_text(std::string_view xml, std::string_view element);
// The inner text of each element of that name, as it stands.
std::vector<std::string_view> xml_elements(std::string_view xml, std::string_view element);
// As the text of an element.
std::string xml_escape(std::string_view text);

ErrorReply read_error(unsigned status, std::string_view body);
Remedy remedy_for(const ErrorReply& refusal);

// `it answered 403 AccessDenied: …`, a clause for operators.
std::string describe(const ErrorReply& refusal);

}  // namespace coffer::blobs::s3
