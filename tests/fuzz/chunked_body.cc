// Chunked bodies: data and end are the same however they are cut, and framing is bounded.
#include <string>

#include "fuzz.h"
#include "http/chunked.h"

using coffer::fuzz::Cuts;
using coffer::http::ChunkedFraming;
using State = ChunkedFraming::State;

namespace {

struct Outcome {
  State state = State::kMore;
  std::string data;
  std::size_t used = 0;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome read(std::string_view body, Cuts cuts) {
  ChunkedFraming framing;
  Outcome out;
  std::size_t have = 0;
  std::uint64_t left = 0;
  while (have < body.size() && out.state == State::kMore) {
    have += std::min(cuts.next(), body.size() - have);
    for (;;) {
      const std::string_view unread = body.substr(out.used, have - out.used);
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left, unread.size()));
      out.data += unread.substr(0, count);
      out.used += count;
      left -= count;
      if (left > 0) break;
      const auto step = framing.advance(unread.substr(count));
      COFFER_CHECK(step.used <= unread.size() - count);
      COFFER_CHECK((step.state == State::kData) == (step.size > 0));
      out.state = step.state;
      if (step.state == State::kMalformed) return {State::kMalformed, {}, 0};
      out.used += step.used;
      left = step.size;
      if (step.state == State::kMore) {
        COFFER_CHECK(have - out.used < ChunkedFraming::kMaxLine);
        break;
      }
      if (step.state == State::kEnd) break;
      out.state = State::kMore;
    }
  }
  return out;
}

}  // namespace

COFFER_FUZZ(input) {
  const std::uint32_t seed = input.byte() + 1U;
  const std::string_view body = input.rest();
  const Outcome whole = read(body, Cuts(0));
  COFFER_CHECK(whole == read(body, Cuts(seed)));
  if (whole.state == State::kEnd) COFFER_CHECK(body.substr(0, whole.used).ends_with("\r\n\r\n"));
}
