#include "http/upstream_transfer.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/executor.h"
#include "base/text.h"

namespace coffer::http {
namespace {

// Of each request with a body, so that four parts of an upload that are sent at the same time need
// little together. The replies to those are short.
constexpr long kSendBuffer = 24L * 1024;
constexpr long kReplyBuffer = 4L * 1024;

}  // namespace

UpstreamReply::Transfer::Transfer(const UpstreamClient::Options& options, UpstreamRequest request)
    : options_(options), request_(std::move(request)), easy_(options.user_agent) {
  set_request();
  set_bounds();
}

void UpstreamReply::Transfer::set_request() {
  for (const auto& [name, value] : request_.headers) {
    // An empty field is written with a semicolon there.
    easy_.add_field(std::string(name).append(value.empty() ? ";" : ": ").append(value));
  }
  // Without a wait for `100 Continue`, which not every server sends.
  easy_.add_field("Expect:");
  if (request_.method == "HEAD") {
    easy_.set(CURLOPT_NOBODY, 1L);
  } else if (request_.body) {
    easy_.set(CURLOPT_UPLOAD, 1L);
    easy_.set(CURLOPT_READFUNCTION, &Transfer::on_read);
    easy_.set(CURLOPT_READDATA, static_cast<void*>(this));
    easy_.set(CURLOPT_SEEKFUNCTION, &Transfer::on_seek);
    easy_.set(CURLOPT_SEEKDATA, static_cast<void*>(this));
    easy_.set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request_.body->size()));
    easy_.set(CURLOPT_UPLOAD_BUFFERSIZE, kSendBuffer);
    easy_.set(CURLOPT_BUFFERSIZE, kReplyBuffer);
  }
  if (request_.method != "HEAD") easy_.set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  easy_.set(CURLOPT_URL, request_.url.c_str());
  // What was signed is what is sent.
  easy_.set(CURLOPT_PATH_AS_IS, 1L);
  if (request_.is_sent_once) easy_.set(CURLOPT_FRESH_CONNECT, 1L);
  easy_.set_fields();
  easy_.set(CURLOPT_PRIVATE, static_cast<void*>(this));
  easy_.set(CURLOPT_HEADERFUNCTION, &Transfer::on_head_line);
  easy_.set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  easy_.set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  easy_.set(CURLOPT_WRITEDATA, static_cast<void*>(this));
}

void UpstreamReply::Transfer::set_bounds() {
  if (!options_.certificates.empty()) easy_.set(CURLOPT_CAINFO, options_.certificates.c_str());
  easy_.set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
  easy_.set(CURLOPT_TIMEOUT_MS, static_cast<long>(request_.timeout.count()));
  easy_.set(CURLOPT_TCP_NODELAY, 1L);
}

std::size_t UpstreamReply::Transfer::on_read(char* into, std::size_t size, std::size_t count,
                                             void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.has_moved();
  const UpstreamBody& body = *transfer.request_.body;
  const auto length =
      static_cast<std::size_t>(std::min<std::uint64_t>(size * count, body.size() - transfer.sent_));
  if (length == 0) return 0;
  try {
    body.read(std::as_writable_bytes(std::span(into, length)), transfer.sent_);
  } catch (const std::exception&) {
    transfer.is_body_lost_ = true;
    return CURL_READFUNC_ABORT;
  }
  transfer.sent_ += length;
  return length;
}

int UpstreamReply::Transfer::on_seek(void* self, curl_off_t offset, int origin) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
  transfer.sent_ = static_cast<std::uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

// Called with each line of each head, of 1xx replies too. Less than its size ends the transfer.
std::size_t UpstreamReply::Transfer::on_head_line(char* data, std::size_t size, std::size_t count,
                                                  void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.has_moved();
  const std::string_view line(data, size * count);
  transfer.head_bytes_ += line.size();
  if (transfer.head_bytes_ > transfer.options_.head_max) {
    transfer.is_head_too_long_ = true;
    return 0;
  }
  transfer.take_head_line(line);
  return line.size();
}

void UpstreamReply::Transfer::take_head_line(std::string_view line) {
  if (line.starts_with("HTTP/")) {
    incoming_ = {};
    return;
  }
  const std::string_view text = trim(line);
  if (!text.empty()) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return;
    incoming_.headers.add(text.substr(0, colon), trim(text.substr(colon + 1)));
    return;
  }
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status < 200) return;
  const std::lock_guard lock(mutex_);
  // Fields behind a chunked body belong to no head.
  if (has_begun_) return;
  incoming_.status = static_cast<unsigned>(status);
  head_ = std::move(incoming_);
  has_begun_ = true;
  has_news_ = true;
}

std::size_t UpstreamReply::Transfer::on_body(char* data, std::size_t size, std::size_t count,
                                             void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.has_moved();
  const ByteView piece = as_bytes({data, size * count});
  const std::lock_guard lock(transfer.mutex_);
  if (transfer.is_given_up_) return 0;
  const std::size_t waiting = transfer.body_.size() - transfer.taken_;
  if (waiting > 0 && waiting + piece.size() > transfer.options_.read_ahead) {
    transfer.is_paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  transfer.body_.erase(transfer.body_.begin(),
                       transfer.body_.begin() + static_cast<std::ptrdiff_t>(transfer.taken_));
  transfer.taken_ = 0;
  transfer.body_.insert(transfer.body_.end(), piece.begin(), piece.end());
  transfer.has_news_ = true;
  return piece.size();
}

std::optional<UpstreamReply::Transfer::Head> UpstreamReply::Transfer::take_head(
    std::shared_ptr<OneShotEvent>& changed) {
  const std::lock_guard lock(mutex_);
  if (head_) return std::exchange(head_, std::nullopt);
  if (error_) std::rethrow_exception(error_);
  changed = waiter_ = std::make_shared<OneShotEvent>(Executor::current());
  return std::nullopt;
}

std::optional<std::size_t> UpstreamReply::Transfer::take_body(
    ByteSpan into, std::shared_ptr<OneShotEvent>& changed) {
  const std::lock_guard lock(mutex_);
  const std::size_t waiting = body_.size() - taken_;
  if (waiting > 0) {
    const std::size_t count = std::min(waiting, into.size());
    std::memcpy(into.data(), body_.data() + taken_, count);
    taken_ += count;
    return count;
  }
  if (error_) std::rethrow_exception(error_);
  if (has_ended_) return 0;
  changed = waiter_ = std::make_shared<OneShotEvent>(Executor::current());
  return std::nullopt;
}

void UpstreamReply::Transfer::forget_waiter() {
  const std::lock_guard lock(mutex_);
  waiter_ = nullptr;
}

bool UpstreamReply::Transfer::give_up() {
  const std::lock_guard lock(mutex_);
  waiter_ = nullptr;
  is_given_up_ = true;
  return !has_ended_;
}

bool UpstreamReply::Transfer::is_to_go_on() {
  const std::lock_guard lock(mutex_);
  return is_paused_ && !has_ended_ && body_.size() - taken_ <= options_.read_ahead / 2;
}

UpstreamReply::Transfer::Wish UpstreamReply::Transfer::wish() {
  const std::lock_guard lock(mutex_);
  if (is_given_up_) return Wish::kEnd;
  if (!is_running) return has_ended_ ? Wish::kNothing : Wish::kBegin;
  return std::exchange(is_paused_, false) ? Wish::kGoOn : Wish::kNothing;
}

void UpstreamReply::Transfer::go_on() {
  has_moved();
  curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
}

// libcurl's own bound of low speed goes on from before a pause.
bool UpstreamReply::Transfer::is_stalled(std::chrono::steady_clock::time_point now) {
  const std::lock_guard lock(mutex_);
  return !is_paused_ && now - moved_ > options_.stall_timeout;
}

void UpstreamReply::Transfer::wake_for_news() {
  if (!std::exchange(has_news_, false)) return;
  const std::lock_guard lock(mutex_);
  wake_locked();
}

void UpstreamReply::Transfer::finish(CURLcode code) {
  const std::lock_guard lock(mutex_);
  has_ended_ = true;
  if (code != CURLE_OK || !has_begun_) error_ = std::make_exception_ptr(error_from(code));
  wake_locked();
}

void UpstreamReply::Transfer::stop() {
  const std::lock_guard lock(mutex_);
  has_ended_ = true;
  error_ = std::make_exception_ptr(UpstreamError(UpstreamFault::kOther, "the server stops"));
  wake_locked();
}

// Inside the lock: whoever waits takes it before its executor goes.
void UpstreamReply::Transfer::wake_locked() {
  if (waiter_) std::exchange(waiter_, nullptr)->set();
}

UpstreamError UpstreamReply::Transfer::error_from(CURLcode code) const {
  using enum UpstreamFault;
  if (is_body_lost_) return {kOther, "what was to be sent cannot be read"};
  if (is_head_too_long_) return {kOther, "the head of its reply is too long"};
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST: return {kUnreachable, "its host name has no address"};
    case CURLE_COULDNT_CONNECT: return {kUnreachable, "it accepts no connection"};
    case CURLE_OPERATION_TIMEDOUT: return {kTimedOut, "it did not reply in time"};
    case CURLE_PEER_FAILED_VERIFICATION: return {kUntrusted, "its certificate is not trusted"};
    case CURLE_SSL_CACERT_BADFILE: return {kOther, "the file of trusted certificates is not one"};
    case CURLE_SSL_CONNECT_ERROR: return {kBroken, "it does not speak TLS"};
    case CURLE_OK:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE: return {kBroken, "it closed the connection before its reply ended"};
    case CURLE_OUT_OF_MEMORY: return {kOther, "there is no memory for the request"};
    default: return {kOther, curl_easy_strerror(code)};
  }
}

}  // namespace coffer::http
