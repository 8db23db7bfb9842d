// A SQLite VFS that writes the log of a commit at once.
//
// SQLite gives each page of a commit to its VFS in two writes, some dozens of pages, and then has
// the log synced. Nobody reads a page of the log before: with `synchronous = FULL`, a commit is
// told to other connections, in shared memory, after its sync. So what is written can wait for it.
#pragma once

#include <string>

namespace coffer::db::sqlite {

// The name of a VFS that does as the one named `base` does (empty: as SQLite's default), but
// gathers what is written to a log until that is synced or looked at. REQUIRES: connections on it
// that write use `synchronous = FULL`, and end before `base` goes. Registered for good when it is
// first asked for. Threads: any.
std::string gathering_vfs(const std::string& base);

}  // namespace coffer::db::sqlite
