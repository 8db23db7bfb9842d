// Which system calls are left.
#pragma once

namespace coffer::media {

enum class SyscallRole {
  kService,  // receives jobs and starts a process for each
  kJob,      // reads its file, computes, answers; threads, but no processes
};

// Lets the thread, and what it starts, make no others from now on: most are refused with EPERM,
// those that only an attacker makes end the process. Throws std::system_error where the kernel has
// no seccomp. REQUIRES: no_new_privs is set; one thread.
void filter_syscalls(SyscallRole role);

}  // namespace coffer::media
