#include "media/worker/syscall_filter.h"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <cerrno>
#include <initializer_list>
#include <memory>
#include <system_error>

#include "media/worker/confine.h"

namespace coffer::media {
namespace {

class Filter {
 public:
  Filter() : context_(seccomp_init(SCMP_ACT_ERRNO(EPERM)), &seccomp_release) {
    if (!context_) throw std::system_error(ENOMEM, std::generic_category(), "seccomp");
  }

  void allow(std::initializer_list<int> calls) {
    for (const int call : calls) add(SCMP_ACT_ALLOW, call, {});
  }
  void allow_if(int call, std::initializer_list<scmp_arg_cmp> conditions) {
    add(SCMP_ACT_ALLOW, call, conditions);
  }
  void refuse(int call, int error) { add(SCMP_ACT_ERRNO(static_cast<unsigned>(error)), call, {}); }
  void kill(std::initializer_list<int> calls) {
    for (const int call : calls) add(SCMP_ACT_KILL_PROCESS, call, {});
  }
  void load() {
    const int result = seccomp_load(context_.get());
    if (result < 0) throw std::system_error(-result, std::generic_category(), "seccomp");
  }

 private:
  void add(std::uint32_t action, int call, std::initializer_list<scmp_arg_cmp> conditions) {
    const int result = seccomp_rule_add_array(
        context_.get(), action, call, static_cast<unsigned>(conditions.size()), conditions.begin());
    if (result < 0) throw std::system_error(-result, std::generic_category(), "seccomp rule");
  }

  std::unique_ptr<void, decltype(&seccomp_release)> context_;
};

// No memory that could be run: nothing compiles code here.
constexpr scmp_datum_t kExecutable = PROT_EXEC;

void allow_memory(Filter& filter) {
  filter.allow({SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise)});
  filter.allow_if(SCMP_SYS(mmap), {SCMP_A2(SCMP_CMP_MASKED_EQ, kExecutable, 0),
                                   SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS)});
  filter.allow_if(SCMP_SYS(mprotect), {SCMP_A2(SCMP_CMP_MASKED_EQ, kExecutable, 0)});
}

void allow_threads(Filter& filter) {
  filter.allow({SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(sched_yield),
                SCMP_SYS(sched_getaffinity), SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(exit),
                SCMP_SYS(exit_group), SCMP_SYS(set_tid_address)});
  constexpr scmp_datum_t kThread = CLONE_VM | CLONE_THREAD | CLONE_SIGHAND;
  filter.allow_if(SCMP_SYS(clone), {SCMP_A0(SCMP_CMP_MASKED_EQ, kThread, kThread)});
  // Its flags are behind a pointer; the C library then takes clone().
  filter.refuse(SCMP_SYS(clone3), ENOSYS);
  filter.allow_if(SCMP_SYS(prctl), {SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME)});
}

void allow_time_and_signals(Filter& filter) {
  filter.allow({SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep),
                SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(getrusage),
                SCMP_SYS(getrandom), SCMP_SYS(sysinfo), SCMP_SYS(uname), SCMP_SYS(rt_sigprocmask),
                SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
                SCMP_SYS(restart_syscall), SCMP_SYS(tgkill)});
  // Limits may be read.
  filter.allow_if(SCMP_SYS(prlimit64), {SCMP_A2(SCMP_CMP_EQ, 0)});
}

void allow_descriptors(Filter& filter) {
  filter.allow({SCMP_SYS(close), SCMP_SYS(fstat), SCMP_SYS(poll)});
  // What fstat() calls; a path beside the flag finds an empty root.
  filter.allow_if(SCMP_SYS(newfstatat), {SCMP_A3(SCMP_CMP_EQ, AT_EMPTY_PATH)});
}

// Whatever a library might try harmlessly is refused; these no library tries.
void kill_attacks(Filter& filter) {
  filter.kill({SCMP_SYS(ptrace),
               SCMP_SYS(process_vm_readv),
               SCMP_SYS(process_vm_writev),
               SCMP_SYS(io_uring_setup),
               SCMP_SYS(io_uring_enter),
               SCMP_SYS(io_uring_register),
               SCMP_SYS(bpf),
               SCMP_SYS(userfaultfd),
               SCMP_SYS(perf_event_open),
               SCMP_SYS(mount),
               SCMP_SYS(umount2),
               SCMP_SYS(pivot_root),
               SCMP_SYS(unshare),
               SCMP_SYS(setns),
               SCMP_SYS(keyctl),
               SCMP_SYS(add_key),
               SCMP_SYS(request_key),
               SCMP_SYS(kexec_load),
               SCMP_SYS(init_module),
               SCMP_SYS(finit_module),
               SCMP_SYS(open_by_handle_at),
               SCMP_SYS(pidfd_getfd),
               SCMP_SYS(execveat)});
}

void allow_service(Filter& filter) {
  filter.allow({SCMP_SYS(recvmsg), SCMP_SYS(sendto), SCMP_SYS(wait4), SCMP_SYS(close_range),
                SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(pread64),
                SCMP_SYS(lseek)});
  filter.allow_if(SCMP_SYS(fcntl), {SCMP_A1(SCMP_CMP_EQ, F_GETFL)});
  filter.allow_if(SCMP_SYS(fcntl), {SCMP_A1(SCMP_CMP_EQ, F_GET_SEALS)});
  // A process, in the same namespaces.
  constexpr scmp_datum_t kNew = CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID |
                                CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_VM;
  filter.allow_if(SCMP_SYS(clone), {SCMP_A0(SCMP_CMP_MASKED_EQ, kNew, 0)});
  // For the filter, the limits and the end of a job's process.
  filter.allow({SCMP_SYS(seccomp)});
  filter.allow_if(SCMP_SYS(prctl), {SCMP_A0(SCMP_CMP_EQ, PR_SET_PDEATHSIG)});
  filter.allow_if(SCMP_SYS(prctl), {SCMP_A0(SCMP_CMP_EQ, PR_SET_NO_NEW_PRIVS)});
  filter.allow_if(SCMP_SYS(prctl), {SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP)});
  filter.allow({SCMP_SYS(prlimit64), SCMP_SYS(setrlimit)});
}

void allow_job(Filter& filter) {
  filter.allow_if(SCMP_SYS(pread64), {SCMP_A0(SCMP_CMP_EQ, kFileDescriptor)});
  // The answer, and what a library has to say.
  filter.allow_if(SCMP_SYS(write), {SCMP_A0(SCMP_CMP_EQ, kReplyDescriptor)});
  filter.allow_if(SCMP_SYS(write), {SCMP_A0(SCMP_CMP_EQ, 2)});
}

}  // namespace

void filter_syscalls(SyscallRole role) {
  Filter filter;
  allow_memory(filter);
  allow_threads(filter);
  allow_time_and_signals(filter);
  allow_descriptors(filter);
  kill_attacks(filter);
  if (role == SyscallRole::kService) {
    allow_service(filter);
  } else {
    allow_job(filter);
  }
  filter.load();
}

}  // namespace coffer::media
