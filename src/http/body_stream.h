// The body of a request on a connection: of a known length, or chunked (RFC 9112 section 7.1).
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "http/chunked.h"
#include "http/connection.h"

namespace coffer::http {

class BodyStream final : public RequestBody {
 public:
  // REQUIRES: `connection` outlives it.
  BodyStream(Connection& connection, const Framing& framing);

  std::optional<std::uint64_t> length() const noexcept override;
  void set_limit(std::uint64_t bytes) noexcept override { limit_ = bytes; }
  std::uint64_t limit() const noexcept override { return limit_; }
  void limit_time(std::uint64_t bytes) noexcept override;
  void set_sender(std::string_view address) override { sender_ = address; }
  Task<std::expected<std::size_t, StreamFault>> read(ByteSpan into) override;
  Task<std::expected<std::size_t, StreamFault>> read_within(
      ByteSpan into, std::chrono::milliseconds patience) override;
  Task<void> ready() override;
  Task<bool> wait(OneShotEvent& event, std::chrono::milliseconds max_wait) override;
  std::string_view sender() const noexcept override { return sender_; }

  std::uint64_t received() const noexcept { return received_; }

  // Whether all of it was read.
  bool has_ended() const noexcept { return phase_ == Phase::kEnd; }
  // Whether the connection can serve another request after this body: it has ended, or so
  // little of it is left that reading on costs less than a new connection.
  bool can_be_drained() const noexcept;
  // Reads what is left. False when that is not possible. REQUIRES: can_be_drained().
  Task<bool> drain();

 private:
  enum class Phase { kFixed, kFraming, kChunkData, kEnd };
  using Count = std::expected<std::size_t, StreamFault>;

  Task<Count> read_some(ByteSpan into, std::chrono::milliseconds patience);
  Task<Count> read_data(ByteSpan into, std::chrono::milliseconds patience);
  // Sends the 100 that the client waits for, if it does.
  Task<std::expected<void, StreamFault>> send_continue();
  // Reads framing up to the next data or the end.
  Task<std::expected<void, StreamFault>> next_chunk(std::chrono::milliseconds patience);
  void count_transfer() noexcept;

  Connection& connection_;
  Framing framing_;
  ChunkedFraming chunks_;
  MinDataRate rate_;
  Phase phase_;
  std::uint64_t left_ = 0;  // of the body, or of the chunk
  std::uint64_t received_ = 0;
  std::uint64_t limit_ = std::numeric_limits<std::uint64_t>::max();
  bool continue_due_;
  std::string sender_;
  std::optional<net::ScopedCount> transfer_;
  std::optional<StreamFault> fault_;
};

}  // namespace coffer::http
