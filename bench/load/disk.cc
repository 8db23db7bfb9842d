#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>

#include "load/load.h"

namespace coffer::bench {
namespace {

constexpr std::size_t kFolders = 256;
constexpr std::size_t kSmall = 4096;
constexpr std::size_t kLarge = 1 << 20;

Descriptor open_file(const std::string& path, int flags) {
  Descriptor file(::open(path.c_str(), flags | O_CLOEXEC, 0600));
  check(file.get() >= 0, path.c_str());
  return file;
}

void write_all(int file, const char* data, std::size_t size) {
  while (size > 0) {
    const auto written = ::write(file, data, size);
    check(written >= 0, "write");
    data += written;
    size -= static_cast<std::size_t>(written);
  }
}

// Runs `function(i)` on `count` threads. What one throws is thrown here.
template <class Function>
void at_once(std::size_t count, Function function) {
  std::mutex mutex;
  std::exception_ptr error;
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < count; ++i) {
      threads.emplace_back([&, i] {
        try {
          function(i);
        } catch (...) {
          const std::scoped_lock lock(mutex);
          error = std::current_exception();
        }
      });
    }
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace

// Written under another name, synced, renamed, its folder synced: 256 folders, as stores of one
// file an object have.
int run_files(const Options& options) {
  const std::string root = options.text("folder");
  const double seconds = options.real("seconds");
  check(::mkdir(root.c_str(), 0700) == 0, root.c_str());
  std::array<Descriptor, kFolders> folders;
  for (std::size_t i = 0; i < kFolders; ++i) {
    const std::string path = fmt::format("{}/{:02x}", root, i);
    check(::mkdir(path.c_str(), 0700) == 0, path.c_str());
    folders[i] = open_file(path, O_RDONLY | O_DIRECTORY);
  }
  std::atomic<std::uint64_t> next = 0;
  const auto began = Clock::now();
  at_once(options.number("clients"), [&](std::size_t) {
    std::array<char, kSmall> content;
    content.fill('x');
    while (seconds_since(began) < seconds) {
      const std::uint64_t number = next++;
      const std::string draft = fmt::format("{}/draft-{}", root, number);
      const std::string name = fmt::format("{}/{:02x}/{}", root, number % kFolders, number);
      std::memcpy(content.data(), &number, sizeof number);
      const Descriptor file = open_file(draft, O_WRONLY | O_CREAT | O_EXCL);
      write_all(file.get(), content.data(), content.size());
      check(::fdatasync(file.get()) == 0, "fdatasync");
      check(::rename(draft.c_str(), name.c_str()) == 0, "rename");
      check(::fsync(folders[number % kFolders].get()) == 0, "fsync");
    }
  });
  const double took = seconds_since(began);
  fmt::print(R"({{"files": {}, "seconds": {:.6f}, "rate": {:.1f}}})"
             "\n",
             next.load(), took, static_cast<double>(next) / took);
  return 0;
}

int run_disk(const Options& options) {
  const std::string folder = options.text("folder");
  const std::size_t files = options.number("files");
  const std::uint64_t size = options.number("size");
  const auto free_memory = [](char* memory) { std::free(memory); };
  const std::unique_ptr<char, decltype(free_memory)> buffer(
      static_cast<char*>(std::aligned_alloc(kSmall, kLarge)), free_memory);
  check(buffer != nullptr, "aligned_alloc");
  for (std::size_t i = 0; i < kLarge; ++i)
    buffer.get()[i] = static_cast<char>(i * 2654435761U >> 13);
  const auto began = Clock::now();
  at_once(files, [&](std::size_t number) {
    const Descriptor file =
        open_file(fmt::format("{}/{}", folder, number), O_WRONLY | O_CREAT | O_EXCL | O_DIRECT);
    for (std::uint64_t at = 0; at < size; at += kLarge) {
      write_all(file.get(), buffer.get(), std::min<std::uint64_t>(kLarge, size - at));
    }
    check(::fdatasync(file.get()) == 0, "fdatasync");
  });
  const double took = seconds_since(began);
  const std::uint64_t bytes = size * files;
  fmt::print(R"({{"bytes": {}, "seconds": {:.6f}, "rate": {:.0f}}})"
             "\n",
             bytes, took, static_cast<double>(bytes) / took);
  return 0;
}

}  // namespace coffer::bench
