// Request heads: the same however they are cut, and understood only when all of it is there.
#include <string>

#include "fuzz.h"
#include "http/head_parser.h"
#include "http/syntax.h"

using coffer::fuzz::Cuts;
using namespace coffer::http;

namespace {

constexpr std::size_t kMax = 4096;

HeadParser::Result read(std::string_view text, Cuts cuts, Request& request) {
  HeadParser parser(kMax);
  HeadParser::Result result{HeadParser::Status::kIncomplete};
  std::size_t have = 0;
  while (have < text.size() && result.status == HeadParser::Status::kIncomplete) {
    have += std::min(cuts.next(), text.size() - have);
    result = parser.read(coffer::as_bytes(text.substr(0, have)), request);
  }
  return result;
}

}  // namespace

COFFER_FUZZ(input) {
  const std::uint32_t seed = input.byte() + 1U;
  const std::string_view text = input.rest();
  Request whole;
  Request pieces;
  const auto first = read(text, Cuts(0), whole);
  const auto second = read(text, Cuts(seed), pieces);
  COFFER_CHECK(first.status == second.status);
  if (first.status == HeadParser::Status::kIncomplete) COFFER_CHECK(text.size() < kMax);
  if (first.status != HeadParser::Status::kComplete) return;
  COFFER_CHECK(first.head.size == second.head.size && first.head.size <= kMax);
  COFFER_CHECK(text.substr(0, first.head.size).ends_with("\r\n\r\n"));
  COFFER_CHECK(whole.target == pieces.target && whole.headers.size() == pieces.headers.size());
  const Framing& framing = first.head.framing;
  COFFER_CHECK(!framing.chunked || !framing.length);
  COFFER_CHECK(framing.chunked == whole.header("Transfer-Encoding").has_value());
  for (const auto& field : whole.headers) {
    COFFER_CHECK(is_token(field.name) && is_field_text(field.value));
  }
  COFFER_CHECK(is_authority(whole.header("Host").value_or("")));
}
