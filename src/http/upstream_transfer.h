// One request of an UpstreamClient, between whoever waits for its reply and the client's thread.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "http/easy_handle.h"
#include "http/upstream.h"

namespace coffer::http {

class UpstreamReply::Transfer {
 public:
  struct Head {
    unsigned status = 0;
    Headers headers;
  };
  // What the thread is to do with it.
  enum class Wish : std::uint8_t { kNothing, kBegin, kGoOn, kEnd };

  // `options` outlive it.
  Transfer(const UpstreamClient::Options& options, UpstreamRequest request);

  // Of whoever waits, on its executor.

  // The head, once it has come; else an event that is set when something has changed.
  std::optional<Head> take_head(std::shared_ptr<OneShotEvent>& changed);
  // Bytes of the body, 0 at its end; else the same.
  std::optional<std::size_t> take_body(ByteSpan into, std::shared_ptr<OneShotEvent>& changed);
  // Nobody waits any more: no event is set when this has returned.
  void forget_waiter();
  // Nobody wants the reply. False: it has ended already.
  bool give_up();
  // Whether the thread is to let it go on, since there is space for more of the body.
  bool is_to_go_on();

  // Of the client's thread.

  CURL* easy() const noexcept { return easy_.get(); }
  Wish wish();
  void go_on();
  // Something was sent or came, or may from now on.
  void has_moved() noexcept { moved_ = std::chrono::steady_clock::now(); }
  // Whether nothing has for too long, though it might have.
  bool is_stalled(std::chrono::steady_clock::time_point now);
  // Wakes whoever waits, if something came since the last call. Called once all that is there has
  // been taken: a short reply, whose head, body and end come together, wakes once.
  void wake_for_news();
  void finish(CURLcode code);
  // The client ends.
  void stop();
  bool is_running = false;

 private:
  void set_request();
  void set_bounds();

  static std::size_t on_read(char* into, std::size_t size, std::size_t count, void* self);
  static int on_seek(void* self, curl_off_t offset, int origin);
  static std::size_t on_head_line(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);

  void take_head_line(std::string_view line);
  UpstreamError error_from(CURLcode code) const;
  void wake_locked();

  const UpstreamClient::Options& options_;
  const UpstreamRequest request_;

  // The thread's.
  std::chrono::steady_clock::time_point moved_;
  std::uint64_t sent_ = 0;  // bytes of the body
  bool has_news_ = false;   // something came that nobody was woken for
  std::size_t head_bytes_ = 0;
  Head incoming_;
  bool is_head_too_long_ = false;
  bool is_body_lost_ = false;  // what was to be sent cannot be read

  std::mutex mutex_;  // guards what follows
  std::optional<Head> head_;
  Bytes body_;  // from taken_ on it is still to be read
  std::size_t taken_ = 0;
  bool has_begun_ = false;
  bool is_paused_ = false;
  bool is_given_up_ = false;
  bool has_ended_ = false;
  std::exception_ptr error_;
  std::shared_ptr<OneShotEvent> waiter_;

  EasyHandle easy_;  // last: it refers to the others
};

}  // namespace coffer::http
