#include "events/reader.h"

#include <algorithm>

namespace coffer::events {

bool Reader::is_name(std::string_view name) noexcept {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !name.empty() && name.size() <= kNameMax && std::ranges::all_of(name, is_allowed);
}

Task<vault::Events::Page> Reader::read(std::size_t limit) {
  const vault::EventId after = co_await log_.position(name_);
  co_return co_await log_.read(after, limit);
}

Task<void> Reader::confirm(vault::EventId last) { co_await log_.set_position(name_, last); }

}  // namespace coffer::events
