#include "http/core.h"

#include <pthread.h>

#include <boost/asio/post.hpp>
#include <utility>

#include "base/clock.h"

namespace coffer::http {

Core::Core() : guard_(context_.get_executor()), timer_(context_) {}

Core::~Core() { stop(); }

void Core::start(std::string name) {
  tick();
  thread_ = std::thread([this, thread_name = std::move(name)] {
    pthread_setname_np(pthread_self(), thread_name.c_str());
    const Scope scope(*this);
    context_.run();
  });
}

void Core::stop() {
  guard_.reset();
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

void Core::post(Work work) {
  boost::asio::post(context_, [moved = std::move(work)]() mutable { moved(); });
}

void Core::add(Resident& resident) {
  resident.place_ = residents_.size();
  residents_.push_back(&resident);
}

void Core::remove(Resident& resident) noexcept {
  Resident* last = residents_.back();
  residents_[resident.place_] = last;
  last->place_ = resident.place_;
  residents_.pop_back();
}

Buffer Core::take_buffer() {
  if (spare_buffers_.empty()) return Buffer(new std::byte[kBufferBytes]);
  Buffer buffer = std::move(spare_buffers_.back());
  spare_buffers_.pop_back();
  return buffer;
}

void Core::give_back(Buffer buffer) {
  if (buffer && spare_buffers_.size() < kSpareBuffers) spare_buffers_.push_back(std::move(buffer));
}

void Core::tick() {
  date_ = to_http_date(system_clock().now());
  timer_.expires_after(kTick);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    const auto now = std::chrono::steady_clock::now();
    // An expired connection only asks its wait to end, so the list does not change here.
    for (Resident* resident : residents_) {
      if (resident->deadline_ > now) continue;
      resident->deadline_ = Resident::kNever;
      resident->expire();
    }
    tick();
  });
}

}  // namespace coffer::http
