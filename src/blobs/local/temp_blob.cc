#include "blobs/local/temp_blob.h"

#include <algorithm>

#include "base/log.h"

namespace coffer::blobs {
namespace {

// Where the page cache cannot be bypassed, it is emptied this often: one sync at the end of a
// large file is several times slower than writing all along.
constexpr std::uint64_t kSyncedBytes = 8 * 1024 * 1024;

}  // namespace

void TempBlob::append(ByteView block) {
  size_ += block.size();
  context_.space.require(block.size());
  if (!file_) begin();
  bypass_cache(block.size() == kBufferBytes);
  write(block);
  if (bypasses_cache_) return;
  unsynced_ += block.size();
  if (unsynced_ < kSyncedBytes) return;
  context_.disk->sync(file_);
  unsynced_ = 0;
}

void TempBlob::read_back(ByteSpan into) { context_.disk->read(file_, into, 0); }

BlobInfo TempBlob::commit(const Sha256Digest& digest, ByteView tail) {
  size_ += tail.size();
  context_.space.require(tail.size());
  const std::string name = blob_name(digest);

  BlobInfo info{digest, size_};
  if (!file_) begin();
  write_tail(tail);
  context_.disk->sync(file_);
  info.new_at = publish(digest, name);
  // Also for a blob that was there: its writer may not have got this far.
  context_.disk->sync_folder(folder_name(folder_of(digest)));
  return info;
}

void TempBlob::discard() noexcept {
  if (temporary_.empty()) return;
  file_ = OpenFile();
  try {
    context_.disk->remove(temporary_);
  } catch (const Error& error) {
    // The next start removes it.
    log::warning("blob_temporary_left", {{"reason", error.what()}});
  }
  temporary_.clear();
}

void TempBlob::begin() {
  std::string name = temporary_name(context_.next_temporary.fetch_add(1));
  context_.space.require_file();
  try {
    file_ = context_.disk->create(name);
  } catch (const Error& error) {
    context_.space.note_failure(error);
    throw;
  }
  temporary_ = std::move(name);
}

void TempBlob::bypass_cache(bool on) {
  if (on == bypasses_cache_ || !can_bypass_cache_) return;
  bypasses_cache_ = context_.disk->bypass_cache(file_, on);
  can_bypass_cache_ = bypasses_cache_ == on;
}

void TempBlob::write(ByteView data) {
  try {
    context_.disk->write(file_, data, written_);
  } catch (const Error& error) {
    context_.space.note_failure(error);
    throw;
  }
  context_.space.note_write(DiskSpace::WriteEnd::kWell);
  written_ += data.size();
}

void TempBlob::write_tail(ByteView tail) {
  if (bypasses_cache_) {
    const std::size_t aligned = tail.size() / kAlignment * kAlignment;
    write(tail.first(aligned));
    tail = tail.subspan(aligned);
    if (tail.empty()) return;
    bypass_cache(false);
  }
  write(tail);
}

// Whether the blob is there and, by its new time, safe from a sweep that runs already. Where times
// cannot be set it is replaced, which makes its time new too.
// REQUIRES: its folder's naming lock is held.
bool TempBlob::settle_on_existing(const std::string& name) {
  const std::optional<Disk::FileInfo> existing = context_.disk->info(name);
  if (!existing) return false;
  if (existing->size != size_) {
    log::error("blob_damaged", {{"blob", name}, {"size", existing->size}, {"expected", size_}});
    return false;
  }
  if (!context_.abilities.exact_times) return false;
  // Later than before even if the clock was not read to see it: whoever made the blob and thinks
  // better of it must find that it is not his alone any more.
  const Time touched = existing->modified + std::chrono::microseconds(1);
  context_.disk->set_modified(name, std::max(context_.clock.now(), touched));
  return true;
}

// Gives the synced temporary its name, in place of a damaged blob if there is one, unless the
// blob is there. The time at which it came, if it is new.
std::optional<Time> TempBlob::publish(const Sha256Digest& digest, const std::string& name) {
  std::optional<Time> new_at;
  {
    Folder& folder = context_.folders[folder_of(digest)];
    std::lock_guard lock(folder.naming);
    if (!folder.ready) {
      context_.disk->make_folder(folder_name(folder_of(digest)));
      context_.disk->sync_folder(kBlobs);
      folder.ready = true;
    }
    if (!settle_on_existing(name)) {
      // Where the time is not kept exactly, nobody could tell by it that others have found the blob
      // since: it is not said to be new, and stays for the collector.
      if (context_.abilities.exact_times) {
        new_at = context_.clock.now();
        context_.disk->set_modified(temporary_, *new_at);
      }
      context_.disk->rename(temporary_, name);
      context_.open_blobs.forget(digest);
      temporary_.clear();
    }
  }
  discard();
  file_ = OpenFile();
  return new_at;
}

}  // namespace coffer::blobs
