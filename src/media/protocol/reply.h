// The answer to a job, as frames: facts, a picture or the reason why there is none, the end.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "media/protocol/facts.h"
#include "media/protocol/request.h"

namespace coffer::media {

// Why there is no picture, or no facts either.
enum class Failure : std::uint8_t {
  kUnsupported = 1,  // of a kind that is not looked into
  kDamaged = 2,
  kTooLarge = 3,   // more pixels than the limits allow
  kNoPicture = 4,  // nothing to see in it: a film without a frame, a document
  kNoDecoder = 5,
  kMemory = 6,
  kTime = 7,  // it took too long
  kCrashed = 8,
  kProtocol = 9,     // the worker's answer was wrong
  kNotSmaller = 10,  // of kOptimize: not without a loss that can be seen
  kProtected = 11,   // a password is needed to see it
};
inline constexpr Failure kLastFailure = Failure::kProtected;
// What a person is told: `the file is damaged`.
std::string_view describe(Failure failure) noexcept;
// Whether another try may end otherwise.
bool may_be_transient(Failure failure) noexcept;

struct Picture {
  PictureFormat format = PictureFormat::kWebp;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  Bytes bytes;
};

struct Reply {
  std::optional<Facts> facts;
  std::optional<Picture> picture;
  std::optional<Failure> failure;  // where there is no picture
  // Somebody else ended the job: the kernel where memory was short, or a person. Little is said of
  // the file, and another try may end otherwise.
  bool was_killed = false;
  // What the job cost, for statistics: 0 where it was ended by the clock.
  std::uint32_t memory_kib = 0;
  std::uint32_t cpu_millis = 0;
};

enum class FrameType : std::uint8_t { kFacts = 1, kPicture = 2, kFailure = 3, kEnd = 4 };
inline constexpr std::size_t kFrameHeadBytes = 12;
inline constexpr std::size_t kMaxFactsBytes = 8192;

// Whole frames. REQUIRES: is_valid(facts).
Bytes facts_frame(const Facts& facts);
Bytes picture_frame(const Picture& picture);
Bytes failure_frame(Failure failure);
Bytes end_frame();

// Nothing unless every field is known, in its range and there once.
std::optional<Facts> decode_facts(ByteView bytes);

// Reads the frames of one answer, as they come. Threads: one at a time.
class ReplyReader {
 public:
  explicit ReplyReader(const Request& request) : request_(request) {}

  // Takes what came. False: the answer breaks the rules (order, length, range, form), and so is
  // of no use; every further call says the same.
  bool push(ByteView bytes);
  // Whether the end has come.
  bool ended() const noexcept { return ended_; }
  // What came in good order so far.
  Reply take() { return std::move(reply_); }

 private:
  bool take_frame(FrameType type, ByteView body);
  bool take_picture(ByteView body);
  std::size_t max_body(FrameType type) const noexcept;

  const Request request_;
  Bytes pending_;
  Reply reply_;
  bool ended_ = false;
  bool broken_ = false;
};

}  // namespace coffer::media
