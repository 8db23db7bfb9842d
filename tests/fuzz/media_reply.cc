// What a media worker says: frames, facts, pictures, its start, the end of a job; and what the
// server asks it.
#include "media/protocol/picture.h"
#include "media/protocol/reply.h"

#include "fuzz.h"

using namespace coffer;
using namespace coffer::media;

COFFER_FUZZ(input) {
  Request request;
  // The first two as the corpus has them.
  const std::uint8_t job = input.byte() % 4;
  request.job = job == 3 ? Job::kOptimize : job % 2 == 0 ? Job::kProbe : Job::kRender;
  request.format = static_cast<PictureFormat>(1 + input.byte() % 3);
  // What is made smaller has to be smaller than the file.
  request.length = 1000;
  const std::size_t step = 1 + input.byte();
  const ByteView bytes = as_bytes(input.rest());

  ReplyReader reader(request);
  bool good = true;
  for (std::size_t at = 0; at < bytes.size() && good; at += step) {
    good = reader.push(bytes.subspan(at, std::min(step, bytes.size() - at)));
  }
  ReplyReader at_once(request);
  COFFER_CHECK(at_once.push(bytes) == good);
  COFFER_CHECK(!good || at_once.ended() == reader.ended());
  const Reply reply = reader.take();
  COFFER_CHECK(!reply.facts || is_valid(*reply.facts));
  COFFER_CHECK(!(reply.picture && reply.failure));
  if (reply.picture) {
    COFFER_CHECK(reply.picture->width <= request.width && reply.picture->height <= request.height);
    const bool keeps_format = request.job == Job::kOptimize;
    COFFER_CHECK(keeps_format || reply.picture->format == request.format);
    COFFER_CHECK(!keeps_format || reply.picture->bytes.size() < request.length);
    const auto size = check_picture(reply.picture->format, reply.picture->bytes);
    COFFER_CHECK(size && size->width == reply.picture->width);
  }

  if (const auto facts = decode_facts(bytes)) {
    const Bytes again = facts_frame(*facts);
    COFFER_CHECK(decode_facts(ByteView(again).subspan(kFrameHeadBytes)) == facts);
  }
  if (const auto told = decode_request(bytes)) {
    const auto again = encode(*told);
    COFFER_CHECK(decode_request(again) == told);
  }
  if (const auto hello = decode_hello(bytes)) {
    const auto again = encode(*hello);
    COFFER_CHECK(decode_hello(again) == hello);
  }
  if (const auto end = decode_job_end(bytes)) {
    const auto again = encode(*end);
    COFFER_CHECK(decode_job_end(again) == end);
  }
  check_picture(PictureFormat::kPng, bytes);
  check_picture(PictureFormat::kWebp, bytes);
  check_picture(PictureFormat::kJpeg, bytes);
  check_picture(PictureFormat::kAvif, bytes);
}
