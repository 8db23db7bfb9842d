#include "blobs/local/local_writer.h"

#include <algorithm>
#include <condition_variable>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/log.h"
#include "base/thread.h"
#include "blobs/local/removal.h"
#include "blobs/local/temp_blob.h"

namespace coffer::blobs {
// Between the writer and its job. At most one job runs, at most one block waits for it, and
// with a block waiting the writer gets no further buffer: so there are never more than two.
// Outlives the writer while a job runs.
class LocalWriter::Pipeline : public std::enable_shared_from_this<Pipeline> {
 public:
  explicit Pipeline(StoreContext& context)
      : context_(context), home_(Executor::current()), temp_(context) {}

  // To be taken before the blob's last bytes are submitted.
  Holds::Hold hold(const Sha256Digest& digest) { return {context_.holds, digest}; }
  // The first `count` bytes of `buffer` are a whole blob of that digest. REQUIRES: nothing was
  // submitted.
  void submit_small(Buffer buffer, std::size_t count, const Sha256Digest& digest);
  // Hands `count` bytes of `buffer` over to be written after those before; with `digest`, that of
  // the whole blob, they are the last. REQUIRES: no block waits, unless this one has no bytes.
  void submit(Buffer buffer, std::size_t count, std::optional<Sha256Digest> digest);
  // The next buffer to fill, of `bytes` if they are free, else of kFirstBytes. Throws what the job
  // threw.
  Task<std::expected<Buffer, Refusal>> next_buffer(UploadBudget::Share& share, std::size_t bytes,
                                                   InputStream& client);
  // Puts what was submitted, `written` bytes, in front of the `count` bytes in `buffer`, and takes
  // it from the disk. REQUIRES: it was submitted in short blocks, and `buffer` holds both.
  Task<Buffer> read_back(Buffer buffer, std::size_t count, std::size_t written);
  // What the last block came to. REQUIRES: submit() was called.
  Task<BlobInfo> result();
  // The same of whatever was submitted, also when the writer is gone.
  Task<BlobInfo> landed();
  // The same, blocking. Threads: any.
  BlobInfo wait_until_durable();
  // The writer goes: what it has not ended is not wanted any more.
  void abandon();
  // What it has ended is not wanted either (DurableBlob::discard).
  void discard();

 private:
  struct Block {
    Buffer buffer;
    std::size_t count;
    std::optional<Sha256Digest> digest;  // of the whole blob: this is its last
    std::size_t to_read_back = 0;        // if any, nothing is written
  };

  // Ends the wish of who waits in landed() to be woken, whichever way he goes.
  class Waking;

  void flush_soon();
  // Begins with `block`, or leaves it to the job that runs. REQUIRES: the mutex is held.
  void start_locked(Block block);
  void work(Block block);
  void process(Block& block);

  StoreContext& context_;
  Executor& home_;
  TempBlob temp_;  // the job's while busy_

  std::mutex mutex_;  // guards all below
  bool busy_ = false;
  bool abandoned_ = false;
  bool discarded_ = false;
  std::optional<Block> pending_;
  std::exception_ptr error_;
  std::optional<BlobInfo> result_;
  std::optional<SegmentWriter::Ticket> ticket_;  // of a small blob: for flush_soon(), once
  std::condition_variable settled_;              // error_ or result_ is set
  // Set by the writer to be woken when the job has ended a block.
  std::shared_ptr<OneShotEvent> progress_;
  // Set by who waits in landed().
  std::shared_ptr<OneShotEvent> landed_;
  bool wants_buffer_ = false;
  Buffer spare_;  // left by the job for the writer that wants one
  Buffer back_;   // left by the job that read back
};

void LocalWriter::Pipeline::submit(Buffer buffer, std::size_t count,
                                   std::optional<Sha256Digest> digest) {
  std::lock_guard lock(mutex_);
  if (error_) return;
  if (pending_) {
    pending_->digest = digest;
    return;
  }
  start_locked({std::move(buffer), count, digest});
}

void LocalWriter::Pipeline::start_locked(Block block) {
  if (busy_) {
    pending_.emplace(std::move(block));
    return;
  }
  busy_ = true;
  context_.io.post([self = shared_from_this(), moved = std::move(block)]() mutable {
    self->work(std::move(moved));
  });
}

void LocalWriter::Pipeline::work(Block block) {
  for (bool more = true; more;) {
    std::exception_ptr error;
    try {
      process(block);
    } catch (...) {
      error = std::current_exception();
      temp_.discard();
    }
    Buffer returned = std::move(block.buffer);
    std::optional<Block> dropped;
    std::shared_ptr<OneShotEvent> progress;
    {
      std::lock_guard lock(mutex_);
      if (error) error_ = error;
      if (error_ || result_) settled_.notify_all();
      if (block.to_read_back > 0) {
        back_ = std::move(returned);
      } else if (wants_buffer_) {
        spare_ = std::move(returned);
      }
      wants_buffer_ = false;
      progress = std::move(progress_);
      if (error || abandoned_) dropped.swap(pending_);
      more = pending_.has_value();
      if (more) {
        block = std::move(*pending_);
        pending_.reset();
      } else {
        if (abandoned_) temp_.discard();
        busy_ = false;
      }
      // Inside the lock: a writer that goes away waits for it, so its executor still lives.
      if (progress) progress->set();
    }
  }
}

void LocalWriter::Pipeline::submit_small(Buffer buffer, std::size_t count,
                                         const Sha256Digest& digest) {
  const auto ticket = context_.segments->add(
      digest, std::move(buffer), count,
      [self = shared_from_this()](std::exception_ptr error, const BlobInfo& info) {
        const std::lock_guard lock(self->mutex_);
        if (error) {
          self->error_ = error;
        } else {
          self->result_ = info;
        }
        self->settled_.notify_all();
        // Inside the lock, as below.
        if (self->landed_) std::exchange(self->landed_, {})->set();
        return !self->discarded_;
      });
  std::lock_guard lock(mutex_);
  ticket_ = ticket;
}

// For who is about to wait for a small blob.
void LocalWriter::Pipeline::flush_soon() {
  std::optional<SegmentWriter::Ticket> ticket;
  {
    std::lock_guard lock(mutex_);
    if (!error_ && !result_) ticket = std::exchange(ticket_, {});
  }
  if (ticket) context_.segments->flush_soon(*ticket);
}

void LocalWriter::Pipeline::process(Block& block) {
  const ByteSpan data = block.buffer.span().first(block.count);
  if (block.to_read_back > 0) {
    const ByteSpan all = block.buffer.span().first(block.to_read_back + block.count);
    std::ranges::copy_backward(data, all.end());
    temp_.read_back(all.first(block.to_read_back));
    return temp_.discard();
  }
  if (!block.digest) return temp_.append(data);
  const BlobInfo info = temp_.commit(*block.digest, data);
  std::lock_guard lock(mutex_);
  result_ = info;
}

Task<std::expected<Buffer, Refusal>> LocalWriter::Pipeline::next_buffer(UploadBudget::Share& share,
                                                                        std::size_t bytes,
                                                                        InputStream& client) {
  for (;;) {
    std::shared_ptr<OneShotEvent> progress;
    {
      std::lock_guard lock(mutex_);
      if (error_) std::rethrow_exception(error_);
      if (spare_) co_return std::move(spare_);
      if (!busy_ || !pending_) {
        Buffer next = context_.memory->buffers.take(context_.memory->budget.try_take(share, bytes));
        if (next) co_return next;
      }
      if (busy_) {
        progress = progress_ = std::make_shared<OneShotEvent>(home_);
        wants_buffer_ = true;
      }
    }
    if (!progress) {
      // Nothing is held, so nobody is kept waiting by our waiting.
      auto charge = co_await context_.memory->budget.take(share, kFirstBytes, client);
      if (!charge) co_return std::unexpected(charge.error());
      co_return context_.memory->buffers.take(std::move(*charge));
    }
    co_await progress->wait();
  }
}

Task<Buffer> LocalWriter::Pipeline::read_back(Buffer buffer, std::size_t count,
                                              std::size_t written) {
  {
    const std::lock_guard lock(mutex_);
    if (error_) std::rethrow_exception(error_);
    start_locked({std::move(buffer), count, std::nullopt, written});
  }
  for (;;) {
    std::shared_ptr<OneShotEvent> progress;
    {
      const std::lock_guard lock(mutex_);
      if (error_) std::rethrow_exception(error_);
      if (back_) co_return std::move(back_);
      progress = progress_ = std::make_shared<OneShotEvent>(home_);
    }
    co_await progress->wait();
  }
}

Task<BlobInfo> LocalWriter::Pipeline::result() {
  for (;;) {
    std::shared_ptr<OneShotEvent> progress;
    {
      std::lock_guard lock(mutex_);
      if (error_) std::rethrow_exception(error_);
      if (result_) co_return *result_;
      progress = progress_ = std::make_shared<OneShotEvent>(home_);
    }
    co_await progress->wait();
  }
}

class LocalWriter::Pipeline::Waking {
 public:
  explicit Waking(std::shared_ptr<Pipeline> pipeline) noexcept : pipeline_(std::move(pipeline)) {}
  ~Waking() {
    const std::lock_guard lock(pipeline_->mutex_);
    pipeline_->landed_ = nullptr;
  }
  Waking(const Waking&) = delete;
  Waking& operator=(const Waking&) = delete;

 private:
  const std::shared_ptr<Pipeline> pipeline_;
};

Task<BlobInfo> LocalWriter::Pipeline::landed() {
  const Waking waking(shared_from_this());
  flush_soon();
  for (;;) {
    std::shared_ptr<OneShotEvent> landed;
    {
      std::lock_guard lock(mutex_);
      if (error_) std::rethrow_exception(error_);
      if (result_) co_return *result_;
      landed = landed_ = std::make_shared<OneShotEvent>(Executor::current());
    }
    co_await landed->wait();
  }
}

BlobInfo LocalWriter::Pipeline::wait_until_durable() {
  flush_soon();
  std::unique_lock lock(mutex_);
  settled_.wait(lock, [this] { return error_ || result_; });
  if (error_) std::rethrow_exception(error_);
  return *result_;
}

void LocalWriter::Pipeline::abandon() {
  std::lock_guard lock(mutex_);
  abandoned_ = true;
  progress_ = nullptr;
  spare_.release();
  back_.release();
  if (busy_ || temp_.is_clean()) return;
  busy_ = true;
  context_.io.post([self = shared_from_this()] { self->temp_.discard(); });
}

void LocalWriter::Pipeline::discard() {
  std::optional<BlobInfo> blob;
  {
    const std::lock_guard lock(mutex_);
    discarded_ = true;
    blob = result_;
  }
  // A small one that is still to be written is removed by the segment writer itself.
  if (!blob || !blob->new_at) return;
  context_.io.post([self = shared_from_this(), blob = *blob] {
    try {
      remove_older(self->context_, blob.digest, *blob.new_at);
    } catch (const Error& error) {
      log::warning("discarded_blob_left", {{"reason", error.what()}});
    }
  });
}

class LocalWriter::LocalDurableBlob final : public DurableBlob {
 public:
  LocalDurableBlob(std::shared_ptr<Pipeline> pipeline, Holds::Hold hold, const Sha256Digest& digest,
                   std::uint64_t size)
      : DurableBlob(digest, size), pipeline_(std::move(pipeline)), hold_(std::move(hold)) {}

  void wait() override { pipeline_->wait_until_durable(); }
  Task<BlobInfo> reached() override { return pipeline_->landed(); }
  void discard() noexcept override {
    contain_exceptions("discard", [this] { pipeline_->discard(); });
  }

 private:
  const std::shared_ptr<Pipeline> pipeline_;
  const Holds::Hold hold_;
};

LocalWriter::LocalWriter(StoreContext& context, UploadBudget::Share share)
    : BufferedWriter(context.memory->budget),
      share_(std::move(share)),
      pipeline_(std::make_shared<Pipeline>(context)) {}

LocalWriter::~LocalWriter() { pipeline_->abandon(); }

Task<std::expected<Buffer, Refusal>> LocalWriter::next_buffer(std::size_t bytes,
                                                              InputStream& client) {
  return pipeline_->next_buffer(share_, bytes, client);
}

Task<std::shared_ptr<DurableBlob>> LocalWriter::seal() {
  if (!is_prepared() && (is_aside() || (size_ > 0 && size_ < kSmallBytes))) {
    throw std::logic_error("bytes were set aside");
  }
  const std::size_t tail = filled();
  Buffer buffer = take_filled();
  const ByteView last = buffer.span().first(tail);
  if (size_ + tail < kSmallBytes) {
    const std::size_t size = static_cast<std::size_t>(size_) + tail;
    if (hash_) hash(last);
    const Sha256Digest digest = hash_ ? hash_->finish() : Sha256::of(last);
    // Whoever takes a small blob back relies on its being packed.
    if (size_ > 0) {
      buffer =
          co_await pipeline_->read_back(std::move(buffer), tail, static_cast<std::size_t>(size_));
    }
    Holds::Hold hold = pipeline_->hold(digest);
    pipeline_->submit_small(std::move(buffer), size, digest);
    co_return std::make_shared<LocalDurableBlob>(pipeline_, std::move(hold), digest, size);
  }
  hash(last);
  const Sha256Digest digest = hash_->finish();
  Holds::Hold hold = pipeline_->hold(digest);
  pipeline_->submit(std::move(buffer), tail, digest);
  // The sync of a large file may take long.
  const BlobInfo info = co_await pipeline_->result();
  co_return std::make_shared<LocalDurableBlob>(pipeline_, std::move(hold), info.digest, info.size);
}

void LocalWriter::submit(Buffer buffer, std::size_t count) {
  hash(buffer.span().first(count));
  size_ += count;
  pipeline_->submit(std::move(buffer), count, std::nullopt);
}

void LocalWriter::hash(ByteView data) {
  if (!hash_) hash_.emplace();
  hash_->update(data);
}

}  // namespace coffer::blobs
