#include "http/core.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "base/clock.h"
#include "base/thread.h"

namespace coffer::http {

Core::Core() : guard_(context_.get_executor()), timer_(context_) {}

Core::~Core() { stop(); }

void Core::start(std::string name) {
  tick();
  thread_ = start_thread(std::move(name), [this] {
    const Scope scope(*this);
    // What a handler lets through ends that handler alone.
    while (!contain_exceptions("serving thread", [this] { context_.run(); })) {
    }
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
  remove_idle(resident);
  Resident* last = residents_.back();
  residents_[resident.place_] = last;
  last->place_ = resident.place_;
  residents_.pop_back();
}

void Core::add_idle(Resident& resident, SteadyTime now) noexcept {
  resident.idle_since_ = now;
  idle_.push_back(resident);
  idle.fetch_add(1, std::memory_order_relaxed);
}

void Core::remove_idle(Resident& resident) noexcept {
  if (!is_idle(resident)) return;
  idle_.erase(idle_.iterator_to(resident));
  idle.fetch_sub(1, std::memory_order_relaxed);
}

bool Core::cut_idlest(SteadyTime since, const AddressKey* address) noexcept {
  std::size_t looks = 0;
  for (Resident& resident : idle_) {
    if (resident.idle_since_ >= since || ++looks > kIdleLooks) return false;
    if (address && resident.address() != *address) continue;
    remove_idle(resident);
    resident.cut();
    return true;
  }
  return false;
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
  // First, so that nothing that fails below ends the ticking.
  timer_.expires_after(kTick);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    tick();
    const auto now = std::chrono::steady_clock::now();
    // An expired connection only asks its wait to end, so the list does not change here.
    for (Resident* resident : residents_) {
      if (resident->deadline_ > now) continue;
      resident->deadline_ = Resident::kNever;
      resident->expire();
    }
  });
  date_ = to_http_date(system_clock().now());
}

}  // namespace coffer::http
