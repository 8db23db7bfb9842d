// Works out the checksums of files that came in parts.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/executor.h"
#include "base/hash.h"
#include "base/stream.h"
#include "vault/vault.h"

namespace coffer::jobs {

// Threads: one.
class Digester {
 public:
  // REQUIRES: `vault` outlives this.
  explicit Digester(vault::Vault& vault) : vault_(vault) {}

  // Reads on for a few milliseconds. Whether there is more to do now. Throws when a file cannot be
  // read; the next step goes on with another, and comes back to it after the last.
  bool step();

 private:
  // A file that is being read.
  struct Reading {
    vault::Entry entry;
    std::shared_ptr<const Content> content;
    Sha256 hash = {};
    std::uint64_t offset = 0;
  };

  bool begin();
  void read_on();

  vault::Vault& vault_;
  InlineExecutor executor_;
  std::optional<Reading> reading_;
  vault::EntryId last_ = {};  // the last file that was begun
};

}  // namespace coffer::jobs
