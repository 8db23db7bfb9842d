#include "blobs/s3/object_upload.h"

#include <algorithm>
#include <deque>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

#include "base/one_shot_event.h"

namespace coffer::blobs::s3 {
namespace {

// Where the parts stand in the scratch file: further from each other than a part is long.
constexpr std::uint64_t kSlotBytes = std::uint64_t{8} << 30U;
// S3 takes parts of up to 5 GiB.
constexpr std::uint64_t kPartMax = std::uint64_t{4} << 30U;
constexpr std::uint32_t kPartsOfOneSize = 1'000;
constexpr std::uint32_t kMaxDoublings = 10;

class ScratchBody final : public http::UpstreamBody {
 public:
  ScratchBody(std::shared_ptr<const ScratchFile> file, std::uint64_t start, std::uint64_t size)
      : file_(std::move(file)), start_(start), size_(size) {}
  std::uint64_t size() const noexcept override { return size_; }
  void read(ByteSpan into, std::uint64_t offset) const override {
    file_->read(into, start_ + offset);
  }

 private:
  const std::shared_ptr<const ScratchFile> file_;
  const std::uint64_t start_;
  const std::uint64_t size_;
};

}  // namespace

// What parts under way share with the upload, and outlives it with them.
class ObjectUpload::State : public std::enable_shared_from_this<State> {
 public:
  State(UploadContext& context, std::string key, std::shared_ptr<const void> keep,
        http::Headers fields)
      : context_(context),
        key_(std::move(key)),
        keep_(std::move(keep)),
        fields_(std::move(fields)),
        is_taken_(context.max_parallel + 1) {
    is_taken_[0] = true;  // of the first part
  }

  UploadContext& context() const noexcept { return context_; }

  struct Write {
    std::shared_ptr<const void> keep;
    ByteView data;
    std::uint64_t offset = 0;
    std::shared_ptr<Sha256> hash;
  };

  // Writes into the scratch file, which the first call makes, and hashes.
  void submit(Write write);
  // No more than `left` of that are not done.
  Task<void> written(std::size_t left);
  bool is_writing() const;
  // A place for a part, once there is one. Throws what a part failed with.
  Task<std::size_t> take_slot();
  // Begins the upload in parts, unless it has begun.
  Task<void> begin();
  // Sends a part in the background, once fewer than max_parallel are under way.
  Task<void> send(std::uint32_t number, std::size_t slot, Payload payload);
  Task<void> complete(std::uint64_t size);
  // The object in one request.
  Task<void> put_whole(Payload payload);
  // Nobody wants the object any more, unless it is complete.
  void abandon();

  // Once something was written, and no write is under way.
  std::shared_ptr<const ScratchFile> file() const { return file_; }

 private:
  // Ends the wish of whoever waits to be woken, whichever way the coroutine goes.
  class Waking {
   public:
    explicit Waking(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
    ~Waking() {
      const std::lock_guard lock(state_->mutex_);
      state_->waiter_ = nullptr;
    }
    Waking(const Waking&) = delete;
    Waking& operator=(const Waking&) = delete;

   private:
    const std::shared_ptr<State> state_;
  };

  Task<void> ask_for_id();
  Task<void> ask_to_complete(std::vector<UploadedPart> parts, std::uint64_t size);
  Task<void> ask_to_put(Payload payload);
  Task<void> put(std::uint32_t number, std::size_t slot, Payload payload);
  void ended_locked(const std::exception_ptr& error);
  void work();
  std::shared_ptr<OneShotEvent> wait_locked() {
    return waiter_ = std::make_shared<OneShotEvent>(Executor::current());
  }
  // Inside the lock: whoever waits takes it before its executor goes.
  void wake_locked() {
    if (waiter_) std::exchange(waiter_, nullptr)->set();
  }
  void clean_up_locked();

  UploadContext& context_;
  const std::string key_;
  const std::shared_ptr<const void> keep_;
  const http::Headers fields_;
  std::shared_ptr<ScratchFile> file_;  // of whoever writes; null before the first write

  mutable std::mutex mutex_;    // guards what follows
  std::vector<bool> is_taken_;  // which places of the scratch file
  std::deque<Write> writes_;    // the first one is what an I/O thread is at
  bool has_begun_ = false;      // an upload in parts
  bool is_complete_ = false;
  bool is_abandoned_ = false;
  BegunUpload upload_;       // once it has
  std::size_t running_ = 0;  // parts, the begin or the end
  std::vector<UploadedPart> arrived_;
  std::exception_ptr error_;
  std::shared_ptr<OneShotEvent> waiter_;
};

void ObjectUpload::State::submit(Write write) {
  const std::lock_guard lock(mutex_);
  const bool is_at_work = !writes_.empty();
  writes_.push_back(std::move(write));
  if (!is_at_work) context_.io.post([self = shared_from_this()] { self->work(); });
}

void ObjectUpload::State::work() {
  for (;;) {
    Write write;
    bool is_wanted = false;
    {
      const std::lock_guard lock(mutex_);
      write = std::move(writes_.front());
      is_wanted = !error_ && !is_abandoned_;
    }
    std::exception_ptr error;
    try {
      if (is_wanted) {
        if (!file_) file_ = ScratchFile::create(context_.folder);
        file_->write(write.data, write.offset);
        write.hash->update(write.data);
      }
    } catch (...) {
      error = std::current_exception();
    }
    // Whoever waits for it finds its memory free.
    write = {};
    const std::lock_guard lock(mutex_);
    writes_.pop_front();
    if (error && !error_) error_ = error;
    wake_locked();
    if (writes_.empty()) return;
  }
}

bool ObjectUpload::State::is_writing() const {
  const std::lock_guard lock(mutex_);
  return !writes_.empty();
}

Task<void> ObjectUpload::State::written(std::size_t left) {
  const Waking waking(shared_from_this());
  for (;;) {
    std::shared_ptr<OneShotEvent> changed;
    {
      const std::lock_guard lock(mutex_);
      if (error_) std::rethrow_exception(error_);
      if (writes_.size() <= left) co_return;
      changed = wait_locked();
    }
    co_await changed->wait();
  }
}

Task<std::size_t> ObjectUpload::State::take_slot() {
  const Waking waking(shared_from_this());
  for (;;) {
    std::shared_ptr<OneShotEvent> changed;
    {
      const std::lock_guard lock(mutex_);
      if (error_) std::rethrow_exception(error_);
      const auto free = std::ranges::find(is_taken_, false);
      if (free != is_taken_.end()) {
        *free = true;
        co_return static_cast<std::size_t>(free - is_taken_.begin());
      }
      changed = wait_locked();
    }
    co_await changed->wait();
  }
}

Task<void> ObjectUpload::State::begin() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(has_begun_, true)) co_return;
    ++running_;
  }
  Background::Work work = [self = shared_from_this()] { return self->ask_for_id(); };
  co_await context_.background.see_through("begin of an upload", std::move(work));
}

Task<void> ObjectUpload::State::ask_for_id() {
  BegunUpload upload;
  std::exception_ptr error;
  try {
    upload = co_await context_.client.begin_upload(key_, fields_);
  } catch (...) {
    error = std::current_exception();
  }
  {
    const std::lock_guard lock(mutex_);
    upload_ = std::move(upload);
    ended_locked(error);
  }
  if (error) std::rethrow_exception(error);
}

// A request of the background has.
void ObjectUpload::State::ended_locked(const std::exception_ptr& error) {
  --running_;
  if (error && !error_) error_ = error;
  wake_locked();
  if (is_abandoned_ && running_ == 0) clean_up_locked();
}

Task<void> ObjectUpload::State::send(std::uint32_t number, std::size_t slot, Payload payload) {
  const Waking waking(shared_from_this());
  for (;;) {
    std::shared_ptr<OneShotEvent> changed;
    {
      const std::lock_guard lock(mutex_);
      if (error_) std::rethrow_exception(error_);
      if (running_ < context_.max_parallel) {
        ++running_;
        break;
      }
      changed = wait_locked();
    }
    co_await changed->wait();
  }
  context_.background.spawn("part of an upload",
                            [self = shared_from_this(), number, slot, payload] {
                              return self->put(number, slot, payload);
                            });
}

Task<void> ObjectUpload::State::put(std::uint32_t number, std::size_t slot, Payload payload) {
  std::string upload;
  bool is_wanted = false;
  {
    const std::lock_guard lock(mutex_);
    upload = upload_.id;
    is_wanted = !is_abandoned_ && !error_;
  }
  UploadedPart part{.number = number, .etag = {}};
  std::exception_ptr error;
  try {
    if (is_wanted) part.etag = co_await context_.client.put_part(key_, upload, number, payload);
  } catch (...) {
    error = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  is_taken_[slot] = false;
  arrived_.push_back(std::move(part));
  ended_locked(error);
}

Task<void> ObjectUpload::State::complete(std::uint64_t size) {
  std::vector<UploadedPart> parts;
  {
    const Waking waking(shared_from_this());
    for (;;) {
      std::shared_ptr<OneShotEvent> changed;
      {
        const std::lock_guard lock(mutex_);
        if (error_) std::rethrow_exception(error_);
        if (running_ == 0) {
          parts = arrived_;
          ++running_;
          break;
        }
        changed = wait_locked();
      }
      co_await changed->wait();
    }
  }
  Background::Work work = [self = shared_from_this(), parts = std::move(parts), size]() mutable {
    return self->ask_to_complete(std::move(parts), size);
  };
  co_await context_.background.see_through("end of an upload", std::move(work));
}

Task<void> ObjectUpload::State::ask_to_complete(std::vector<UploadedPart> parts,
                                                std::uint64_t size) {
  std::string upload;
  {
    const std::lock_guard lock(mutex_);
    upload = upload_.id;
  }
  std::exception_ptr error;
  try {
    co_await context_.client.complete_upload(key_, std::move(upload), std::move(parts), size);
  } catch (...) {
    error = std::current_exception();
  }
  {
    const std::lock_guard lock(mutex_);
    is_complete_ = !error;
    ended_locked(error);
  }
  if (error) std::rethrow_exception(error);
}

Task<void> ObjectUpload::State::put_whole(Payload payload) {
  Background::Work work = [self = shared_from_this(), payload = std::move(payload)]() mutable {
    return self->ask_to_put(std::move(payload));
  };
  co_await context_.background.see_through("object", std::move(work));
}

Task<void> ObjectUpload::State::ask_to_put(Payload payload) {
  co_await context_.client.put(key_, std::move(payload), fields_);
}

void ObjectUpload::State::abandon() {
  const std::lock_guard lock(mutex_);
  is_abandoned_ = true;
  if (running_ == 0) clean_up_locked();
}

void ObjectUpload::State::clean_up_locked() {
  if (!has_begun_ || (is_complete_ && !upload_.may_have_others)) return;
  context_.background.spawn("end of an unfinished upload", [self = shared_from_this()] {
    return self->context_.client.abort_uploads(self->key_);
  });
}

ObjectUpload::ObjectUpload(UploadContext& context, std::string key,
                           std::shared_ptr<const void> keep, http::Headers fields)
    : context_(context),
      state_(std::make_shared<State>(context, std::move(key), std::move(keep), std::move(fields))) {
  begin_part(0);
}

ObjectUpload::~ObjectUpload() { state_->abandon(); }

void ObjectUpload::submit(std::shared_ptr<const void> keep, ByteView data) {
  State::Write write;
  write.keep = std::move(keep);
  write.data = data;
  write.offset = slot_ * kSlotBytes + filled_;
  write.hash = hash_;
  state_->submit(std::move(write));
  filled_ += data.size();
  size_ += data.size();
}

Task<void> ObjectUpload::settle() {
  const bool is_full = filled_ >= part_bytes_;
  co_await state_->written(is_full ? 0 : 1);
  if (!is_full) co_return;
  co_await send_part();
  const std::size_t slot = co_await state_->take_slot();
  begin_part(slot);
}

Task<void> ObjectUpload::written() { co_await state_->written(0); }

bool ObjectUpload::is_writing() const { return state_->is_writing(); }

Task<void> ObjectUpload::append(std::shared_ptr<const void> keep, ByteView data) {
  co_await settle();
  while (!data.empty()) {
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(data.size(), part_bytes_ - filled_));
    submit(keep, data.first(count));
    data = data.subspan(count);
    co_await settle();
  }
}

Task<void> ObjectUpload::finish(Payload payload) {
  if (size_ > 0) throw std::logic_error("bytes were submitted");
  co_await state_->put_whole(std::move(payload));
}

Task<void> ObjectUpload::finish() {
  co_await state_->written(0);
  if (parts_ == 1) {
    Payload payload = filled_ > 0 ? part_payload() : payload_of(std::string());
    co_await state_->put_whole(std::move(payload));
    co_return;
  }
  if (filled_ > 0) co_await send_part();
  co_await state_->complete(size_);
}

void ObjectUpload::begin_part(std::size_t slot) {
  slot_ = slot;
  const std::uint32_t doublings = std::min(parts_ / kPartsOfOneSize, kMaxDoublings);
  ++parts_;
  part_bytes_ = std::min(context_.part_bytes << doublings, kPartMax);
  filled_ = 0;
  hash_ = std::make_shared<Sha256>();
}

Task<void> ObjectUpload::send_part() {
  co_await state_->begin();
  Payload payload = part_payload();
  co_await state_->send(parts_, slot_, std::move(payload));
}

// Ends the part's hash.
Payload ObjectUpload::part_payload() const {
  return {.body = std::make_shared<const ScratchBody>(state_->file(), slot_ * kSlotBytes, filled_),
          .digest = hash_->finish()};
}

}  // namespace coffer::blobs::s3
