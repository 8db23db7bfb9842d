// What the fuzz targets share. A target is one source: it takes bytes, feeds them to a reader, and
// checks what must hold of any bytes. Sanitizers and check() make a finding of what does not.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <expected>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/executor.h"
#include "base/stream.h"
#include "base/task.h"

namespace coffer::fuzz {

// Ends the program, with the place, where `holds` is false.
#define COFFER_CHECK(holds) ::coffer::fuzz::check((holds), #holds, __FILE__, __LINE__)
inline void check(bool holds, const char* what, const char* file, int line) {
  if (holds) return;
  std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
  std::abort();
}

// Takes choices and texts from the front of a target's bytes.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}

  // 0 when nothing is left.
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return static_cast<std::uint8_t>(c);
  }
  // Up to the next line feed, which is dropped, or to the end.
  std::string_view line() {
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return line;
  }
  std::string_view rest() { return std::exchange(rest_, {}); }

 private:
  std::string_view rest_;
};

// Lengths of pieces, from a seed: 1 to 16 bytes, or as much as there is.
class Cuts {
 public:
  explicit Cuts(std::uint32_t seed) : state_(seed) {}
  std::size_t next() {
    if (state_ == 0) return SIZE_MAX;
    state_ = state_ * 1'664'525U + 1'013'904'223U;
    return 1 + (state_ >> 28U);
  }

 private:
  std::uint32_t state_;  // 0: no cuts
};

// Bytes that come in pieces.
class PiecesStream : public InputStream {
 public:
  PiecesStream(std::string_view bytes, std::uint32_t seed) : left_(bytes), cuts_(seed) {}

  Task<std::expected<std::size_t, StreamFault>> read(ByteSpan into) override {
    const std::size_t count = std::min({into.size(), left_.size(), cuts_.next()});
    std::ranges::copy(as_bytes(left_.substr(0, count)), into.begin());
    left_.remove_prefix(count);
    co_return count;
  }

 private:
  std::string_view left_;
  Cuts cuts_;
};

template <class T>
T run(Task<T> task) {
  InlineExecutor executor;
  return executor.run(std::move(task));
}

}  // namespace coffer::fuzz

// Defines the target: `COFFER_FUZZ(input) { … }`.
#define COFFER_FUZZ(input)                                                           \
  static void fuzz_one(coffer::fuzz::Input input);                                   \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size); \
  int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {           \
    fuzz_one(coffer::fuzz::Input(data, size));                                       \
    return 0;                                                                        \
  }                                                                                  \
  static void fuzz_one(coffer::fuzz::Input input)
