#include "apis/gateway/reply_streams.h"

#include <stdexcept>

namespace coffer::apis {
namespace {

class GuardedSource final : public http::BodySource {
 public:
  GuardedSource(std::unique_ptr<http::BodySource> source, ReplyStreams::Slot place,
                MayGoOn may_go_on)
      : place_(std::move(place)), source_(std::move(source)), may_go_on_(std::move(may_go_on)) {}

  Task<std::string> next() override {
    const bool permitted = co_await may_go_on_();
    if (!permitted) throw std::runtime_error("the caller is admitted no longer");
    co_return co_await source_->next();
  }

 private:
  const ReplyStreams::Slot place_;
  std::unique_ptr<http::BodySource> source_;
  MayGoOn may_go_on_;
};

}  // namespace

std::optional<ReplyStreams::Slot> ReplyStreams::take(std::string who) {
  const std::lock_guard lock(mutex_);
  std::size_t& of_this = of_each_[who];
  if (count_ >= limits_.total || of_this >= limits_.each) {
    if (of_this == 0) of_each_.erase(who);
    ++refused_;
    return std::nullopt;
  }
  ++of_this;
  ++count_;
  return Slot(*this, std::move(who));
}

void ReplyStreams::leave(const std::string& who) {
  const std::lock_guard lock(mutex_);
  const auto found = of_each_.find(who);
  if (--found->second == 0) of_each_.erase(found);
  --count_;
}

std::unique_ptr<http::BodySource> guarded(std::unique_ptr<http::BodySource> source,
                                          ReplyStreams::Slot place, MayGoOn may_go_on) {
  return std::make_unique<GuardedSource>(std::move(source), std::move(place), std::move(may_go_on));
}

}  // namespace coffer::apis
