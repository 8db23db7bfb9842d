// A store that keeps places, in memory: what tests of the vault and of the ledger need of one.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "blobs/blob_store.h"
#include "blobs/places.h"
#include "blobs/public_objects.h"

namespace coffer::blobs::test {

// What is stored in it outlives it, as in a real one.
struct PlacedBytes {
  std::mutex mutex;
  std::map<Place, Bytes> at;

  std::size_t count() {
    const std::lock_guard lock(mutex);
    return at.size();
  }
};

// Threads: any.
class PlacedStore final : public BlobStore, public PublicObjects {
 public:
  // All outlive it.
  PlacedStore(PlacedBytes& bytes, PlaceLedger& ledger, Entropy& entropy, std::size_t batch = 8)
      : bytes_(bytes), ledger_(ledger), places_(ledger, entropy, batch) {}

  // Asked before anything is removed; may throw.
  std::function<void()> before_removal = [] {};

  bool keeps_places() const noexcept override { return true; }

  // Whether it makes public objects.
  bool is_public = false;
  // Asked before one is made; may throw.
  std::function<void()> before_copy = [] {};

  PublicObjects* public_objects() noexcept override { return is_public ? this : nullptr; }
  Task<std::shared_ptr<const Places::Holder>> copy(BlobRef blob, PublicForm form) override {
    auto holder = co_await places_.take(std::move(form.extension));
    before_copy();
    const std::lock_guard lock(bytes_.mutex);
    bytes_.at[holder->place()] = bytes_.at.at(blob.place);
    co_return holder;
  }
  std::string url(const Place& place) const override {
    return "https://public.example/" + to_hex(place.bytes());
  }

  Task<std::unique_ptr<BlobWriter>> create(std::optional<std::uint64_t> /*size*/,
                                           std::string /*owner*/) override {
    auto holder = co_await places_.take();
    co_return std::make_unique<Writer>(bytes_, std::move(holder));
  }

  Task<std::shared_ptr<const Content>> open(BlobRef blob) override {
    const std::lock_guard lock(bytes_.mutex);
    const auto found = bytes_.at.find(blob.place);
    if (found == bytes_.at.end()) co_return nullptr;
    if (found->second.size() != blob.size) throw Error("another size was stored there");
    co_return std::make_shared<const Kept>(found->second);
  }

  std::unique_ptr<Removal> begin_removal() override {
    return std::make_unique<PlacedRemoval>(*this);
  }
  Task<std::vector<Listed>> list(std::optional<Sha256Digest> /*after*/,
                                 std::size_t /*limit*/) override {
    co_return std::vector<Listed>();
  }
  Task<bool> remove_leftovers(std::size_t limit) override {
    const Places::Abandoned abandoned = co_await places_.abandoned(limit);
    for (const Place& place : abandoned.places) remove(place);
    co_await ledger_.remove(abandoned.places);
    co_return !abandoned.is_end;
  }
  Task<std::uint64_t> free_bytes() override { co_return std::uint64_t{1} << 40U; }

 private:
  class Kept final : public Content {
   public:
    explicit Kept(Bytes bytes) : bytes_(std::move(bytes)) {}
    std::uint64_t size() const noexcept override { return bytes_.size(); }
    Task<Piece> piece(std::uint64_t offset, std::uint64_t max) const override {
      const ByteView rest = ByteView(bytes_).subspan(offset);
      const ByteView part = rest.first(std::min<std::uint64_t>(max, rest.size()));
      co_return Bytes(part.begin(), part.end());
    }

   private:
    const Bytes bytes_;
  };

  class Stored final : public DurableBlob {
   public:
    Stored(const Sha256Digest& digest, std::uint64_t size,
           std::shared_ptr<const Places::Holder> holder)
        : DurableBlob(digest, size, holder->place()), holder_(std::move(holder)) {}
    void wait() override {}
    Task<BlobInfo> reached() override {
      const BlobInfo info{.digest = digest(), .size = size()};
      co_return info;
    }
    void discard() noexcept override {}

   private:
    const std::shared_ptr<const Places::Holder> holder_;
  };

  class Writer final : public BlobWriter {
   public:
    Writer(PlacedBytes& stored, std::shared_ptr<const Places::Holder> holder)
        : stored_(stored), holder_(std::move(holder)), space_(64U * 1024) {}
    Task<std::expected<ByteSpan, Refusal>> prepare(InputStream& /*client*/) override {
      co_return ByteSpan(space_);
    }
    bool is_prepared() const noexcept override { return true; }
    void advance(std::size_t count) override {
      bytes_.insert(bytes_.end(), space_.begin(),
                    space_.begin() + static_cast<std::ptrdiff_t>(count));
    }
    std::chrono::milliseconds patience() const noexcept override { return kForever; }
    void set_aside() override {}
    Task<std::shared_ptr<DurableBlob>> seal() override {
      const Sha256Digest digest = Sha256::of(bytes_);
      const std::uint64_t size = bytes_.size();
      {
        const std::lock_guard lock(stored_.mutex);
        stored_.at[holder_->place()] = std::move(bytes_);
      }
      co_return std::make_shared<Stored>(digest, size, holder_);
    }

   private:
    PlacedBytes& stored_;
    const std::shared_ptr<const Places::Holder> holder_;
    Bytes space_;
    Bytes bytes_;
  };

  class PlacedRemoval final : public Removal {
   public:
    explicit PlacedRemoval(PlacedStore& store) : store_(store) {}
    Task<bool> remove(BlobRef blob) override {
      store_.remove(blob.place);
      const std::vector<Place> gone(1, blob.place);
      co_await store_.ledger_.remove(gone);
      co_return true;
    }

   private:
    PlacedStore& store_;
  };

  void remove(const Place& place) {
    before_removal();
    const std::lock_guard lock(bytes_.mutex);
    bytes_.at.erase(place);
  }

  PlacedBytes& bytes_;
  PlaceLedger& ledger_;
  Places places_;
};

}  // namespace coffer::blobs::test
