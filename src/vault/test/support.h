// What tests of the core use besides the vault itself.
#pragma once

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "vault/model/types.h"

namespace coffer::vault::test {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "coffer-vault-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("cannot make a temporary folder");
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

template <class T>
T run(Task<T> task) {
  InlineExecutor executor;
  return executor.run(std::move(task));
}
template <Awaiter A>
auto run(A awaiter) {
  return run(as_task(awaiter));
}

// Calls `function(i)` on `count` threads at once and waits for all.
template <class Function>
void in_parallel(int count, Function function) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([i, &function] { function(i); });
}

// Whether `condition` is true within 20 seconds.
template <class Condition>
bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

inline FileType classify_by_extension(std::string_view name, ByteView) {
  if (name.ends_with(".jpg")) return {"image/jpeg", FileKind::kImage};
  if (name.ends_with(".mp3")) return {"audio/mpeg", FileKind::kAudio};
  if (name.ends_with(".txt")) return {"text/plain", FileKind::kDocument};
  return {"application/octet-stream", FileKind::kOther};
}

}  // namespace coffer::vault::test
