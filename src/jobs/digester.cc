#include "jobs/digester.h"

#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <variant>

namespace coffer::jobs {
namespace {

constexpr std::uint64_t kStepBytes = std::uint64_t{16} << 20U;
constexpr std::uint64_t kBlockBytes = std::uint64_t{256} << 10U;

// Gives the bytes of `piece` to `hash`, a block at a time; how many.
std::uint64_t add(const Content::Piece& piece, Sha256& hash, Bytes& block) {
  if (const auto* bytes = std::get_if<Bytes>(&piece)) {
    hash.update(*bytes);
    return bytes->size();
  }
  const auto& slice = std::get<FileSlice>(piece);
  for (std::uint64_t done = 0; done < slice.length;) {
    const auto want = static_cast<std::size_t>(std::min(slice.length - done, kBlockBytes));
    block.resize(want);
    const auto got = ::pread(slice.fd, block.data(), want, static_cast<off_t>(slice.offset + done));
    if (got <= 0) throw std::runtime_error("a stored file cannot be read");
    hash.update(ByteView(block).first(static_cast<std::size_t>(got)));
    done += static_cast<std::uint64_t>(got);
  }
  return slice.length;
}

}  // namespace

bool Digester::step() {
  if (!reading_ && !begin()) return false;
  try {
    read_on();
  } catch (...) {
    reading_.reset();
    throw;
  }
  if (reading_->offset < reading_->content->size()) return true;
  Reading done = std::move(*reading_);
  reading_.reset();
  executor_.run(vault_.digests().settle(done.entry, done.hash.finish()));
  return true;
}

bool Digester::begin() {
  auto entry = executor_.run(vault_.digests().next(last_));
  if (!entry) {
    last_ = {};
    return false;
  }
  last_ = entry->id;
  auto content = executor_.run(vault_.files().open(*entry));
  reading_.emplace(Reading{.entry = std::move(*entry), .content = std::move(content)});
  return true;
}

void Digester::read_on() {
  Bytes block;
  const std::uint64_t size = reading_->content->size();
  const std::uint64_t end = std::min(size, reading_->offset + kStepBytes);
  while (reading_->offset < end) {
    const std::uint64_t left = end - reading_->offset;
    const Content::Piece piece = executor_.run(reading_->content->piece(reading_->offset, left));
    reading_->offset += add(piece, reading_->hash, block);
  }
}

}  // namespace coffer::jobs
