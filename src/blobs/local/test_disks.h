// Disks that fail, forget and dawdle, for tests of the local store.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "blobs/blob_store.h"
#include "blobs/local/disk.h"
#include "blobs/test_support.h"

namespace coffer::blobs::test {

// The machine's disk, with a place to step in before each call that can fail.
class WatchedDisk : public Disk {
 public:
  explicit WatchedDisk(const std::filesystem::path& root) : disk_(posix_disk(root)) {}

  OpenFile create(const std::string& name) override {
    return before("create"), disk_->create(name);
  }
  OpenFile open(const std::string& name) override { return before("open"), disk_->open(name); }
  OpenFile open_if_cached(const std::string& name) override { return disk_->open_if_cached(name); }
  OpenFile open_to_change(const std::string& name) override {
    return before("open_to_change"), disk_->open_to_change(name);
  }
  void read(const OpenFile& file, ByteSpan into, std::uint64_t offset) override {
    before("read"), disk_->read(file, into, offset);
  }
  bool read_if_cached(const OpenFile& file, ByteSpan into, std::uint64_t offset) override {
    return disk_->read_if_cached(file, into, offset);
  }
  void truncate(const OpenFile& file, std::uint64_t size) override {
    before("truncate"), disk_->truncate(file, size);
  }
  std::uint64_t size(const OpenFile& file) override { return before("size"), disk_->size(file); }
  bool bypass_cache(OpenFile& file, bool on) override {
    return before("bypass"), disk_->bypass_cache(file, on);
  }
  void write(const OpenFile& file, ByteView data, std::uint64_t offset) override {
    before("write"), disk_->write(file, data, offset);
  }
  void sync(const OpenFile& file) override { before("sync"), disk_->sync(file); }
  std::optional<FileInfo> info(const std::string& name) override {
    return before("info"), disk_->info(name);
  }
  void set_modified(const std::string& name, Time time) override {
    before("set_modified"), disk_->set_modified(name, time);
  }
  void rename(const std::string& from, const std::string& to) override {
    before("rename"), disk_->rename(from, to);
  }
  bool remove(const std::string& name) override { return before("remove"), disk_->remove(name); }
  bool make_folder(const std::string& name) override {
    return before("make_folder"), disk_->make_folder(name);
  }
  void sync_folder(const std::string& name) override {
    before("sync_folder"), disk_->sync_folder(name);
  }
  std::vector<std::string> names(const std::string& folder) override {
    return before("names"), disk_->names(folder);
  }
  OpenFile lock_folder(const std::string& name) override { return disk_->lock_folder(name); }
  bool leads_to(const std::string& name, const OpenFile& folder) override {
    return disk_->leads_to(name, folder);
  }
  std::optional<Files> files(const std::string& folder) override { return disk_->files(folder); }
  Space space() override { return before("space"), disk_->space(); }

 protected:
  virtual void before(const char* call) = 0;

 private:
  std::unique_ptr<Disk> disk_;
};

// What a failing disk and its test share.
struct FaultPlan {
  std::atomic<int> calls_until_fault = -1;  // negative: none
  std::atomic<bool> full = false;           // the fault is a full disk, from then on
  std::atomic<const char*> failed = nullptr;

  bool strikes(const char* call) {
    if (full && failed && std::string_view(call) == "write") return true;
    if (calls_until_fault < 0) return false;
    const int left = calls_until_fault--;
    if (left != 0) return false;
    failed = call;
    return true;
  }
};

// Fails one call. A write that fails has written half.
class FailingDisk final : public WatchedDisk {
 public:
  FailingDisk(const std::filesystem::path& root, std::shared_ptr<FaultPlan> plan)
      : WatchedDisk(root), plan_(std::move(plan)) {}

  void write(const OpenFile& file, ByteView data, std::uint64_t offset) override {
    if (plan_->strikes("write")) {
      const ByteView half = data.first(data.size() / 2);
      EXPECT_GE(::pwrite(file.fd(), half.data(), half.size(), static_cast<off_t>(offset)), -1);
      fail();
    }
    WatchedDisk::write(file, data, offset);
  }

 private:
  void before(const char* call) override {
    if (std::string_view(call) != "write" && plan_->strikes(call)) fail();
  }
  [[noreturn]] void fail() const {
    if (plan_->full) throw NoSpaceError("the test's disk is full");
    throw Error("the test's disk fails");
  }

  std::shared_ptr<FaultPlan> plan_;
};

class SlowDisk final : public WatchedDisk {
 public:
  using WatchedDisk::WatchedDisk;

 private:
  void before(const char* call) override {
    if (std::string_view(call) == "write")
      std::this_thread::sleep_for(std::chrono::milliseconds(3));
  }
};

// What a power loss would take.
struct Volatile {
  std::filesystem::path root;
  std::mutex mutex;
  std::map<int, std::string> names;                    // of open files, by descriptor
  std::set<std::string> unsynced_files;                // whose bytes may be lost
  std::set<std::string> unsynced_names;                // that may be lost themselves
  std::map<std::string, std::uintmax_t> synced_bytes;  // of files that were ever synced

  static std::string folder_of(const std::string& name) {
    const std::string parent = std::filesystem::path(name).parent_path().string();
    return parent.empty() ? "." : parent;
  }

  // The worst that can happen to either.
  void lose_names() {
    for (const std::string& name : unsynced_names) std::filesystem::remove_all(root / name);
  }
  void lose_bytes() {
    for (const std::string& name : unsynced_files) {
      if (!std::filesystem::exists(root / name)) continue;
      const auto size = std::filesystem::file_size(root / name);
      std::filesystem::resize_file(root / name, std::min(size, synced_bytes[name]));
    }
  }
  // Only the first page of what was not synced; what comes after it reached the disk.
  void lose_first_page() {
    for (const std::string& name : unsynced_files) {
      if (!std::filesystem::exists(root / name)) continue;
      const auto size = std::filesystem::file_size(root / name);
      const auto start = std::min(size, synced_bytes[name]);
      const std::vector<char> zeros(std::min<std::uintmax_t>(4096 - start % 4096, size - start));
      std::fstream file(root / name, std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(static_cast<std::streamoff>(start));
      file.write(zeros.data(), static_cast<std::streamsize>(zeros.size()));
    }
  }
};

// Remembers what was not synced.
class ForgetfulDisk final : public WatchedDisk {
 public:
  explicit ForgetfulDisk(std::shared_ptr<Volatile> memory)
      : WatchedDisk(memory->root), memory_(std::move(memory)) {}

  OpenFile create(const std::string& name) override {
    std::lock_guard lock(memory_->mutex);
    OpenFile file = WatchedDisk::create(name);
    memory_->names[file.fd()] = name;
    memory_->unsynced_names.insert(name);
    memory_->unsynced_files.insert(name);
    memory_->synced_bytes[name] = 0;
    return file;
  }
  OpenFile open(const std::string& name) override { return known(WatchedDisk::open(name), name); }
  OpenFile open_to_change(const std::string& name) override {
    return known(WatchedDisk::open_to_change(name), name);
  }
  void write(const OpenFile& file, ByteView data, std::uint64_t offset) override {
    std::lock_guard lock(memory_->mutex);
    const std::string& name = memory_->names.at(file.fd());
    if (!memory_->unsynced_files.contains(name)) {
      memory_->synced_bytes[name] = std::filesystem::file_size(memory_->root / name);
    }
    WatchedDisk::write(file, data, offset);
    memory_->unsynced_files.insert(name);
  }
  void sync(const OpenFile& file) override {
    WatchedDisk::sync(file);
    std::lock_guard lock(memory_->mutex);
    memory_->unsynced_files.erase(memory_->names.at(file.fd()));
  }
  void rename(const std::string& from, const std::string& to) override {
    std::lock_guard lock(memory_->mutex);
    WatchedDisk::rename(from, to);
    memory_->unsynced_names.erase(from);
    memory_->unsynced_names.insert(to);
    memory_->synced_bytes[to] = memory_->synced_bytes[from];
    if (memory_->unsynced_files.erase(from) != 0) memory_->unsynced_files.insert(to);
  }
  bool make_folder(const std::string& name) override {
    std::lock_guard lock(memory_->mutex);
    const bool made = WatchedDisk::make_folder(name);
    if (made) memory_->unsynced_names.insert(name);
    return made;
  }
  void sync_folder(const std::string& name) override {
    std::lock_guard lock(memory_->mutex);
    WatchedDisk::sync_folder(name);
    std::erase_if(memory_->unsynced_names,
                  [&](const std::string& entry) { return Volatile::folder_of(entry) == name; });
  }

 private:
  void before(const char*) override {}
  OpenFile known(OpenFile file, const std::string& name) {
    std::lock_guard lock(memory_->mutex);
    if (file) memory_->names[file.fd()] = name;
    return file;
  }

  std::shared_ptr<Volatile> memory_;
};

}  // namespace coffer::blobs::test
