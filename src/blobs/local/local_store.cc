#include "blobs/local/local_store.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "blobs/local/file_content.h"
#include "blobs/local/local_writer.h"
#include "blobs/local/removal.h"
#include "blobs/local/store_context.h"

namespace coffer::blobs {
namespace {

// The first `limit` of two lists ordered by names. What is in both was written at the later time.
std::vector<BlobStore::Listed> merged(const std::vector<BlobStore::Listed>& files,
                                      const std::vector<PackedBlob>& packed, std::size_t limit) {
  std::vector<BlobStore::Listed> page;
  auto file = files.begin();
  auto small = packed.begin();
  while (page.size() < limit && (file != files.end() || small != packed.end())) {
    if (small == packed.end() || (file != files.end() && file->info.digest < small->digest)) {
      page.push_back(*file++);
      continue;
    }
    BlobStore::Listed listed{{small->digest, small->length}, small->written};
    if (file != files.end() && file->info.digest == small->digest) {
      listed.written = std::max(listed.written, (file++)->written);
    }
    page.push_back(listed);
    ++small;
  }
  return page;
}

// Makes them first, so that no other store can begin to use them.
StoreLock lock_folders(Disk& disk) {
  disk.make_folder(kBlobs);
  disk.make_folder(kSegments);
  return StoreLock(disk);
}

class LocalStore final : public BlobStore {
 public:
  LocalStore(std::unique_ptr<Disk> disk, const LocalOptions& options)
      : context_{.disk = std::move(disk),
                 .lock = lock_folders(*context_.disk),
                 .space = DiskSpace(*context_.disk, options.reserve_bytes),
                 .abilities = {},
                 .clock = options.clock,
                 .memory = options.memory,
                 .next_temporary = 1,
                 .folders = {},
                 .open_blobs = OpenBlobs(options.max_open_files * 2 / 3),
                 .segments = nullptr,
                 .io = ThreadPool("blobs", options.io_threads),
                 .readers = ThreadPool("blob-readers", options.io_threads)} {
    const std::bitset<kFolders> there = prepare(*context_.disk);
    for (unsigned number = 0; number < kFolders; ++number) {
      context_.folders[number].ready = there.test(number);
    }
    context_.abilities = probe(*context_.disk, context_.clock);
    if (!context_.abilities.exact_times) {
      log::info("times of files are not kept exactly",
                {{"consequence", "bytes of refused uploads stay for the grace time"}});
    }
    context_.segments = std::make_unique<Segments>(
        *context_.disk, context_.space, context_.clock,
        Segments::Options{.appending = {.segment_bytes = options.segment_bytes,
                                        .gather_time = options.gather_time},
                          .reclaim = options.reclaim,
                          .max_open = options.max_open_files / 3});
  }

  Task<std::unique_ptr<BlobWriter>> create(std::optional<std::uint64_t>,
                                           std::string owner) override {
    auto share = context_.memory->budget.open(std::move(owner));
    if (!share) co_return nullptr;
    co_return std::make_unique<LocalWriter>(context_, std::move(*share));
  }

  UploadBudget::Load memory_load() const override { return context_.memory->budget.load(); }

  Task<std::shared_ptr<const Content>> open(BlobRef blob) override {
    const Sha256Digest& digest = blob.digest;
    if (const std::optional<PackedBlob> packed = context_.segments->find(digest)) {
      std::shared_ptr<const OpenFile> segment = context_.segments->file_of(*packed, false);
      if (segment) co_return content_of(*packed, std::move(segment));
      std::shared_ptr<const Content> content = co_await open_packed(*packed);
      if (content) co_return content;
    }
    OpenBlobs::OpenedBlob found = context_.open_blobs.find(digest);
    if (found.content) co_return std::move(found.content);
    const std::string name = blob_name(digest);
    OpenFile file = context_.disk->open_if_cached(name);
    if (!file)
      file = co_await context_.readers.run([this, &name] { return context_.disk->open(name); });
    if (!file) co_return nullptr;
    // The kernel keeps it in memory with the open file.
    const std::uint64_t size = context_.disk->size(file);
    auto content = std::make_shared<const FileContent>(
        context_, std::make_shared<const OpenFile>(std::move(file)), 0, size);
    context_.open_blobs.keep(digest, content, found.moment);
    co_return content;
  }

  std::unique_ptr<Removal> begin_removal() override { return blobs::begin_removal(context_); }

  Task<std::vector<Listed>> list(std::optional<Sha256Digest> after, std::size_t limit) override {
    co_return co_await context_.io.run([this, after, limit] { return read_page(after, limit); });
  }

  Task<void> check_present() override {
    co_await context_.io.run([this] {
      context_.lock.check();
      context_.space.require_writable();
    });
  }

  Task<std::uint64_t> free_bytes() override {
    co_return co_await context_.io.run([this] { return context_.space.available(); });
  }

 private:
  std::shared_ptr<const Content> content_of(const PackedBlob& blob,
                                            std::shared_ptr<const OpenFile> segment) {
    return std::make_shared<const FileContent>(context_, std::move(segment),
                                               blob.place.offset() + kHeaderBytes, blob.length);
  }

  // Of a segment that is not open. Null when it has been removed meanwhile.
  Task<std::shared_ptr<const Content>> open_packed(PackedBlob blob) {
    for (;;) {
      std::shared_ptr<const OpenFile> file = co_await context_.readers.run(
          [this, &blob] { return context_.segments->file_of(blob, true); });
      if (file) co_return content_of(blob, std::move(file));
      const std::optional<PackedBlob> now = context_.segments->find(blob.digest);
      if (!now) co_return nullptr;
      if (now->place == blob.place) throw Error("a segment is missing");
      blob = *now;
    }
  }

  std::vector<Listed> read_page(const std::optional<Sha256Digest>& after, std::size_t limit) {
    std::vector<Listed> page;
    std::vector<Sha256Digest> found;
    for (unsigned folder = after ? folder_of(*after) : 0; folder < kFolders && page.size() < limit;
         ++folder) {
      found.clear();
      for (const std::string& file : context_.disk->names(folder_name(folder))) {
        const std::optional<Sha256Digest> digest = blob_in(folder, file);
        if (digest && (!after || *digest > *after)) found.push_back(*digest);
      }
      std::ranges::sort(found);
      for (const Sha256Digest& digest : found) {
        if (page.size() == limit) break;
        const std::optional<Disk::FileInfo> info = context_.disk->info(blob_name(digest));
        if (info) page.push_back({{digest, info->size}, info->modified});
      }
    }
    return merged(page, context_.segments->after(after, limit), limit);
  }

  StoreContext context_;
};

}  // namespace

std::unique_ptr<BlobStore> open_local_store(const LocalOptions& options) {
  return open_local_store(posix_disk(options.root), options);
}

std::unique_ptr<BlobStore> open_local_store(std::unique_ptr<Disk> disk,
                                            const LocalOptions& options) {
  return std::make_unique<LocalStore>(std::move(disk), options);
}

}  // namespace coffer::blobs
