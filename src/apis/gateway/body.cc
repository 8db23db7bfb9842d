#include "apis/gateway/body.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace coffer::apis {
namespace {

constexpr std::size_t kMaxStep = 16 * 1024;
// Of a body whose length is not known.
constexpr std::size_t kBlindStep = 2 * 1024;
constexpr std::size_t kAssumedLength = 64 * 1024;
// `[0,0,…`: a value takes 24 bytes and is two bytes of text.
constexpr std::size_t kParsedBytes = 12;  // for one of text

Problem too_large(std::string_view what, std::uint64_t max_bytes) {
  return {ProblemKind::kPayloadTooLarge,
          std::string(what) + " may have at most " + std::to_string(max_bytes) + " bytes"};
}

// To the end of `stream`, which is `length` long if that is known; nothing above `max_bytes`.
Task<std::expected<std::optional<std::string>, Problem>> read_to_end(
    http::Request& request, InputStream& stream, std::optional<std::uint64_t> length,
    std::size_t max_bytes) {
  std::string text;
  for (;;) {
    const std::size_t have = text.size();
    if (length && have == *length) co_return text;
    const std::size_t step =
        length ? static_cast<std::size_t>(std::min<std::uint64_t>(*length - have, kMaxStep))
               : kBlindStep;
    if (!request.memory.grow(step)) co_return std::unexpected(no_memory());
    text.resize(have + step);
    const ByteSpan space = std::as_writable_bytes(std::span(text)).subspan(have);
    const auto count = co_await stream.read(space);
    if (!count) co_return std::unexpected(body_problem(request, count.error()));
    text.resize(have + *count);
    request.memory.shrink(step - *count);
    if (text.size() > max_bytes) co_return std::nullopt;
    if (*count == 0) co_return text;
  }
}

}  // namespace

Problem body_problem(const http::Request& request, StreamFault fault) {
  if (fault == StreamFault::kTooLarge) return too_large("The body", request.body->limit());
  return Problem::of(fault);
}

Task<std::expected<std::string, Problem>> read_whole_body(http::Request& request) {
  const std::optional<std::uint64_t> length = request.body->length();
  request.body->limit_time(std::max<std::uint64_t>(length.value_or(kAssumedLength), 1));
  auto text = co_await read_to_end(request, *request.body, length, SIZE_MAX);
  if (!text) co_return std::unexpected(std::move(text.error()));
  co_return std::move(text->value());
}

Task<std::expected<std::string, Problem>> read_whole_part(http::Request& request, InputStream& part,
                                                          std::size_t max_bytes,
                                                          std::size_t max_of_all) {
  request.body->limit_time(std::max<std::size_t>(max_bytes, 1));
  auto text = co_await read_to_end(request, part, std::nullopt, max_bytes);
  request.body->limit_time(0);
  if (!text) co_return std::unexpected(std::move(text.error()));
  if (!*text) {
    co_return std::unexpected(too_large("The fields of the form together", max_of_all));
  }
  co_return std::move(text->value());
}

http::MultipartReader form_parts(const http::Request& request, std::string boundary) {
  const std::string_view agent = request.header("User-Agent").value_or("");
  const bool is_aiohttp = agent.find("aiohttp/") != agent.npos;
  return {*request.body,
          std::move(boundary),
          {.max_parts = request.max_parts,
           .names = is_aiohttp ? http::NameEncoding::kPercent : http::NameEncoding::kBrowser}};
}

bool hold_parsed(http::Request& request, std::size_t bytes) {
  return request.memory.grow(bytes * kParsedBytes);
}

Problem no_memory() {
  return {ProblemKind::kBusy, "Too many requests are under way; try again in a moment"};
}

}  // namespace coffer::apis
