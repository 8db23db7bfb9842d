#include "http/client.h"

#include <curl/curl.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "base/thread.h"
#include "http/curl.h"
#include "http/easy_handle.h"
#include "net/public_address.h"
#include "net/socket.h"

namespace coffer::http {
// One request under way.
class OutboundClient::Transfer {
 public:
  Transfer(const Options& options, OutboundRequest request, Done done)
      : options_(options),
        request_(std::move(request)),
        done_(std::move(done)),
        easy_(options.user_agent) {
    for (const auto& [name, value] : request_.headers) {
      easy_.add_field(std::string(name).append(": ").append(value));
    }
    set_request();
    set_bounds();
  }

  CURL* easy() const noexcept { return easy_.get(); }

  void finish(CURLcode code) {
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    if (head_ended_ && status >= 200) {
      reply_.status = static_cast<unsigned>(status);
      curl_off_t seconds = 0;
      curl_easy_getinfo(easy_.get(), CURLINFO_RETRY_AFTER, &seconds);
      if (seconds > 0) reply_.retry_after = std::chrono::seconds(seconds);
    } else {
      reply_.error = explain(code);
      reply_.is_aborted = lacks_descriptor_;
    }
    curl_off_t micros = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_TOTAL_TIME_T, &micros);
    reply_.duration = std::chrono::milliseconds(micros / 1000);
    done_(std::move(reply_));
  }

  void abort() {
    reply_ = {};
    reply_.error = "the server stopped";
    reply_.is_aborted = true;
    done_(std::move(reply_));
  }

 private:
  void set_request() {
    easy_.set(CURLOPT_URL, request_.url.c_str());
    easy_.set(CURLOPT_POST, 1L);
    easy_.set(CURLOPT_POSTFIELDS, request_.body.data());
    easy_.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    easy_.set_fields();
    easy_.set(CURLOPT_PRIVATE, static_cast<void*>(this));
  }

  void set_bounds() {
    easy_.set(CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.count()));
    easy_.set(CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_socket);
    easy_.set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
    easy_.set(CURLOPT_HEADERFUNCTION, &Transfer::on_head_line);
    easy_.set(CURLOPT_HEADERDATA, static_cast<void*>(this));
    easy_.set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    easy_.set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  }

  static curl_socket_t on_socket(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) {
    auto& transfer = *static_cast<Transfer*>(self);
    if (!transfer.options_.allow_private && !net::is_public_address(address->addr)) {
      transfer.is_refused_ = true;
      return CURL_SOCKET_BAD;
    }
    auto socket = net::open_socket(address->family, address->socktype, address->protocol);
    const bool is_open = socket.get() >= 0;
    if (!is_open && (errno == EMFILE || errno == ENFILE)) transfer.lacks_descriptor_ = true;
    return is_open ? socket.release() : CURL_SOCKET_BAD;
  }

  // Called with each line of each head, of 1xx replies too. Less than its size ends the transfer.
  static std::size_t on_head_line(char* data, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    const std::string_view line(data, size * count);
    transfer.head_bytes_ += line.size();
    if (transfer.head_bytes_ > transfer.options_.head_max) {
      transfer.is_head_too_long_ = true;
      return 0;
    }
    // Another head follows that of a 1xx reply; fields behind the body belong to no head.
    if (line.starts_with("HTTP/")) transfer.head_ended_ = false;
    if (line == "\r\n" || line == "\n") transfer.head_ended_ = true;
    return line.size();
  }

  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    const std::string_view piece(data, size * count);
    std::string& kept = transfer.reply_.body;
    kept += piece.substr(0, transfer.options_.body_kept - kept.size());
    transfer.body_bytes_ += piece.size();
    return transfer.body_bytes_ > transfer.options_.body_max ? 0 : piece.size();
  }

  std::string explain(CURLcode code) const {
    if (is_refused_ && code == CURLE_COULDNT_CONNECT) {
      return "its address is not one of the public internet, and webhooks.allow_private is off";
    }
    if (is_head_too_long_) return "the head of its reply is too long";
    switch (code) {
      case CURLE_OK: return "it sent no reply";
      // What libcurl says of a line beyond its own limit, 100 KiB.
      case CURLE_OUT_OF_MEMORY: return "the head of its reply is too long";
      case CURLE_COULDNT_RESOLVE_HOST: return "its host name has no address";
      case CURLE_COULDNT_CONNECT: return "it accepts no connection";
      case CURLE_OPERATION_TIMEDOUT: return "it did not reply in time";
      case CURLE_PEER_FAILED_VERIFICATION: return "its certificate is not valid for it";
      case CURLE_GOT_NOTHING:
      case CURLE_RECV_ERROR:
      case CURLE_SEND_ERROR: return "it closed the connection without a reply";
      default: return curl_easy_strerror(code);
    }
  }

  const Options& options_;
  OutboundRequest request_;
  Done done_;
  OutboundReply reply_;
  std::size_t head_bytes_ = 0;
  std::size_t body_bytes_ = 0;
  bool head_ended_ = false;
  bool is_head_too_long_ = false;
  bool is_refused_ = false;  // an address was
  bool lacks_descriptor_ = false;
  EasyHandle easy_;  // last: it refers to the others
};

OutboundClient::OutboundClient(Options options) : options_(std::move(options)) {
  begin_curl();
  multi_ = curl_multi_init();
  if (!multi_) throw std::bad_alloc();
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(options_.idle_connections));
  try {
    thread_ = start_thread("http client", [this] { work(); });
  } catch (...) {
    curl_multi_cleanup(multi_);
    throw;
  }
}

OutboundClient::~OutboundClient() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  curl_multi_wakeup(multi_);
  thread_.join();
  for (const auto& transfer : running_) {
    curl_multi_remove_handle(multi_, transfer->easy());
    transfer->abort();
  }
  for (const auto& transfer : new_) transfer->abort();
  running_.clear();
  new_.clear();
  curl_multi_cleanup(multi_);
}

void OutboundClient::post(OutboundRequest request, Done done) {
  auto transfer = std::make_unique<Transfer>(options_, std::move(request), std::move(done));
  {
    const std::lock_guard lock(mutex_);
    new_.push_back(std::move(transfer));
  }
  curl_multi_wakeup(multi_);
}

void OutboundClient::work() {
  while (take_new()) {
    int under_way = 0;
    curl_multi_perform(multi_, &under_way);
    finish_ended();
    curl_multi_poll(multi_, nullptr, 0, kLongestPoll, nullptr);
  }
}

bool OutboundClient::take_new() {
  std::vector<std::unique_ptr<Transfer>> taken;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return false;
    taken = std::exchange(new_, {});
  }
  for (auto& transfer : taken) {
    curl_multi_add_handle(multi_, transfer->easy());
    running_.push_back(std::move(transfer));
  }
  return true;
}

void OutboundClient::finish_ended() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    const CURLcode code = message->data.result;
    const auto ended = std::ranges::find(running_, easy, &Transfer::easy);
    curl_multi_remove_handle(multi_, easy);
    (*ended)->finish(code);
    std::swap(*ended, running_.back());
    running_.pop_back();
  }
}

}  // namespace coffer::http
