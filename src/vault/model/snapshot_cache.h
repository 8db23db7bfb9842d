// What this thread has read in one state of the database, so that who asks for the same again need
// not wait for another look.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <utility>

namespace coffer::vault {

// Holds rows that answer the one question it is for. Any commit makes another state, so nothing in
// it is ever out of date. Bounded: a full one starts over. Threads: one.
template <class Key, class Row, class Hash = std::hash<Key>>
class SnapshotCache {
 public:
  explicit SnapshotCache(std::size_t max) : max_(max) {}

  // Null when it is not known in that state, which db::Transaction::state() names. Good until the
  // next add().
  const Row* find(std::uint64_t state, const Key& key) const {
    if (state == 0 || state != state_) return nullptr;
    const auto found = rows_.find(key);
    return found == rows_.end() ? nullptr : &found->second;
  }
  void add(std::uint64_t state, const Key& key, const Row& row) {
    if (state == 0) return;
    if (state != state_ || rows_.size() >= max_) rows_.clear();
    state_ = state;
    rows_.insert_or_assign(key, row);
  }

 private:
  const std::size_t max_;
  std::uint64_t state_ = 0;
  std::unordered_map<Key, Row, Hash> rows_;
};

}  // namespace coffer::vault
