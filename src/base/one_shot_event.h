// Something that happens once, for one coroutine to wait for.
#pragma once

#include <coroutine>
#include <memory>
#include <utility>

#include "base/executor.h"

namespace coffer {

// The waiting coroutine may be destroyed at any time on its executor; set() then wakes nobody.
// Threads: set() on any, all else on `home`, which runs one thing at a time.
class OneShotEvent : public std::enable_shared_from_this<OneShotEvent> {
 public:
  // REQUIRES: made by std::make_shared; `home` lives when set() is called.
  explicit OneShotEvent(Executor& home) noexcept : home_(home) {}

  // The waiter goes on, on its executor, never inside this call. Further calls do nothing.
  void set() {
    home_.post([self = shared_from_this()] {
      self->happened_ = true;
      if (self->waiter_) std::exchange(self->waiter_, {}).resume();
    });
  }

  // `co_await event->wait()`. REQUIRES: the event lives until then; one waiter.
  auto wait() noexcept {
    struct Awaiter {
      OneShotEvent& event;
      explicit Awaiter(OneShotEvent& e) noexcept : event(e) {}
      Awaiter(const Awaiter&) = delete;
      Awaiter& operator=(const Awaiter&) = delete;
      ~Awaiter() { event.waiter_ = {}; }
      bool await_ready() const noexcept { return event.happened_; }
      void await_suspend(std::coroutine_handle<> handle) const noexcept { event.waiter_ = handle; }
      void await_resume() const noexcept {}
    };
    return Awaiter(*this);
  }

 private:
  Executor& home_;
  bool happened_ = false;
  std::coroutine_handle<> waiter_;
};

}  // namespace coffer
