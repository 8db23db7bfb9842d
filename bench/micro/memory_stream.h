// Bytes in memory as a body, and a way to run what never waits.
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "base/executor.h"
#include "http/message.h"

namespace coffer::bench {

// Gives what it was given in portions of a socket's size. REQUIRES: the bytes outlive it.
class MemoryStream final : public InputStream {
 public:
  explicit MemoryStream(std::string_view data) : data_(data) {}

  Task<std::expected<std::size_t, StreamFault>> read(ByteSpan into) override {
    const std::size_t count = std::min({into.size(), data_.size(), kPortion});
    std::ranges::copy(as_bytes(data_.substr(0, count)), into.begin());
    data_.remove_prefix(count);
    co_return count;
  }

 private:
  static constexpr std::size_t kPortion = 64 * 1024;
  std::string_view data_;
};

template <class T>
T run(Task<T> task) {
  InlineExecutor executor;
  return executor.run(std::move(task));
}

}  // namespace coffer::bench
