#include "http/upstream.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "base/executor.h"
#include "base/thread.h"
#include "http/curl.h"
#include "http/upstream_transfer.h"

namespace coffer::http {
namespace {

// Ends the wish to be woken, whichever way the coroutine that waits goes.
class Waiting {
 public:
  explicit Waiting(std::shared_ptr<UpstreamReply::Transfer> transfer) noexcept
      : transfer_(std::move(transfer)) {}
  ~Waiting() { transfer_->forget_waiter(); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  const std::shared_ptr<UpstreamReply::Transfer> transfer_;
};

}  // namespace

UpstreamReply::UpstreamReply(UpstreamClient& client, std::shared_ptr<Transfer> transfer,
                             unsigned status, Headers headers)
    : client_(client),
      transfer_(std::move(transfer)),
      status_(status),
      headers_(std::move(headers)) {}

UpstreamReply::~UpstreamReply() {
  if (transfer_->give_up()) client_.tell(transfer_);
}

Task<std::size_t> UpstreamReply::read(ByteSpan into) {
  const Waiting waiting(transfer_);
  for (;;) {
    std::shared_ptr<OneShotEvent> changed;
    const std::optional<std::size_t> count = transfer_->take_body(into, changed);
    if (transfer_->is_to_go_on()) client_.tell(transfer_);
    if (count) co_return *count;
    co_await changed->wait();
  }
}

Task<std::string> UpstreamReply::read_text(std::size_t max) {
  std::string text;
  std::array<std::byte, 4096> buffer;
  while (text.size() < max) {
    const std::size_t wanted = std::min(buffer.size(), max - text.size());
    const std::size_t count = co_await read(ByteSpan(buffer).first(wanted));
    if (count == 0) break;
    text += as_text(ByteView(buffer).first(count));
  }
  co_return text;
}

// A request whose head is waited for: given up, unless its reply takes it over.
class UpstreamClient::Submission {
 public:
  Submission(UpstreamClient& client, std::shared_ptr<Transfer> transfer)
      : client_(client), transfer_(std::move(transfer)) {
    client_.tell(transfer_);
  }
  ~Submission() {
    if (transfer_ && transfer_->give_up()) client_.tell(transfer_);
  }
  Submission(const Submission&) = delete;
  Submission& operator=(const Submission&) = delete;

  std::shared_ptr<Transfer> take() { return std::exchange(transfer_, nullptr); }

 private:
  UpstreamClient& client_;
  std::shared_ptr<Transfer> transfer_;
};

// Something that waits for a moment.
class UpstreamClient::Alarm {
 public:
  Alarm(UpstreamClient& client, Moment moment)
      : client_(client), entry_(moment, std::make_shared<OneShotEvent>(Executor::current())) {
    {
      const std::lock_guard lock(client_.mutex_);
      client_.alarms_.insert(entry_);
    }
    curl_multi_wakeup(client_.multi_);
  }
  ~Alarm() {
    const std::lock_guard lock(client_.mutex_);
    client_.alarms_.erase(entry_);
  }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  OneShotEvent& event() const noexcept { return *entry_.second; }

 private:
  UpstreamClient& client_;
  const std::pair<Moment, std::shared_ptr<OneShotEvent>> entry_;
};

UpstreamClient::UpstreamClient(Options options) : options_(std::move(options)) {
  begin_curl();
  multi_ = curl_multi_init();
  if (!multi_) throw std::bad_alloc();
  const auto connections = static_cast<long>(options_.max_connections);
  curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, connections);
  try {
    thread_ = start_thread("upstream", [this] { work(); });
  } catch (...) {
    curl_multi_cleanup(multi_);
    throw;
  }
}

UpstreamClient::~UpstreamClient() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  curl_multi_wakeup(multi_);
  thread_.join();
  for (const auto& transfer : running_) {
    curl_multi_remove_handle(multi_, transfer->easy());
    transfer->stop();
  }
  running_.clear();
  told_.clear();
  curl_multi_cleanup(multi_);
}

Task<std::unique_ptr<UpstreamReply>> UpstreamClient::send(UpstreamRequest request) {
  auto transfer = std::make_shared<Transfer>(options_, std::move(request));
  Submission submission(*this, transfer);
  const Waiting waiting(transfer);
  for (;;) {
    std::shared_ptr<OneShotEvent> changed;
    auto head = transfer->take_head(changed);
    if (head) {
      co_return std::make_unique<UpstreamReply>(*this, submission.take(), head->status,
                                                std::move(head->headers));
    }
    co_await changed->wait();
  }
}

Task<void> UpstreamClient::sleep(std::chrono::milliseconds delay) {
  const Alarm alarm(*this, std::chrono::steady_clock::now() + delay);
  co_await alarm.event().wait();
}

void UpstreamClient::tell(std::shared_ptr<Transfer> transfer) {
  bool is_first = false;
  {
    const std::lock_guard lock(mutex_);
    is_first = told_.empty();
    told_.push_back(std::move(transfer));
  }
  // What others told has woken the thread, which has not looked since.
  if (is_first) curl_multi_wakeup(multi_);
}

void UpstreamClient::work() {
  while (attend()) {
    int under_way = 0;
    curl_multi_perform(multi_, &under_way);
    finish_ended();
    look_at_running();
    curl_multi_poll(multi_, nullptr, 0, poll_time(), nullptr);
  }
}

bool UpstreamClient::attend() {
  std::vector<std::shared_ptr<Transfer>> told;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return false;
    told = std::exchange(told_, {});
    const Moment now = std::chrono::steady_clock::now();
    while (!alarms_.empty() && alarms_.begin()->first <= now) {
      alarms_.begin()->second->set();
      alarms_.erase(alarms_.begin());
    }
  }
  for (const auto& transfer : told) {
    switch (transfer->wish()) {
      case Transfer::Wish::kNothing: break;
      case Transfer::Wish::kGoOn: transfer->go_on(); break;
      case Transfer::Wish::kBegin:
        curl_multi_add_handle(multi_, transfer->easy());
        transfer->is_running = true;
        transfer->has_moved();
        running_.push_back(transfer);
        break;
      case Transfer::Wish::kEnd:
        if (!std::exchange(transfer->is_running, false)) break;
        curl_multi_remove_handle(multi_, transfer->easy());
        std::erase(running_, transfer);
        break;
    }
  }
  return true;
}

void UpstreamClient::finish_ended() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    const CURLcode code = message->data.result;
    const auto ended = std::ranges::find(
        running_, easy, [](const std::shared_ptr<Transfer>& transfer) { return transfer->easy(); });
    const std::shared_ptr<Transfer> transfer = std::move(*ended);
    running_.erase(ended);
    curl_multi_remove_handle(multi_, easy);
    transfer->is_running = false;
    transfer->finish(code);
  }
}

void UpstreamClient::look_at_running() {
  const Moment now = std::chrono::steady_clock::now();
  std::erase_if(running_, [&](const std::shared_ptr<Transfer>& transfer) {
    transfer->wake_for_news();
    if (!transfer->is_stalled(now)) return false;
    curl_multi_remove_handle(multi_, transfer->easy());
    transfer->is_running = false;
    transfer->finish(CURLE_OPERATION_TIMEDOUT);
    return true;
  });
}

int UpstreamClient::poll_time() {
  std::int64_t time = kLongestPoll;
  // Often enough to see what has stalled.
  if (!running_.empty()) time = std::min<std::int64_t>(time, options_.stall_timeout.count() / 4);
  const std::lock_guard lock(mutex_);
  if (!alarms_.empty()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        alarms_.begin()->first - std::chrono::steady_clock::now());
    time = std::min<std::int64_t>(time, left.count());
  }
  return static_cast<int>(std::max<std::int64_t>(time, 0));
}

}  // namespace coffer::http
