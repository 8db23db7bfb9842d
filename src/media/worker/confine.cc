#include "media/worker/confine.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <system_error>

#include "media/worker/syscall_filter.h"

namespace coffer::media {
namespace {

constexpr rlim_t kMemoryBytes = rlim_t{1} << 30;
constexpr rlim_t kDescriptors = 16;
constexpr int kNice = 10;

[[noreturn]] void fail_layer(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

bool write_file(const char* path, const std::string& text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  return written;
}

// Without these the new namespace knows neither the user nor the group, and nothing can be mounted.
bool map_ids(uid_t user, gid_t group) {
  return write_file("/proc/self/setgroups", "deny") &&
         write_file("/proc/self/uid_map", "65534 " + std::to_string(user) + " 1") &&
         write_file("/proc/self/gid_map", "65534 " + std::to_string(group) + " 1");
}

// A namespace each, so that one that is refused does not take the others with it.
std::uint32_t unshare_all() {
  std::uint32_t layers = 0;
  const uid_t user = geteuid();
  const gid_t group = getegid();
  if (unshare(CLONE_NEWUSER) == 0 && map_ids(user, group)) layers |= kUserNamespace;
  const auto leave = [&](int flag, Layer layer) {
    if (unshare(flag) == 0) layers |= layer;
  };
  leave(CLONE_NEWNET, kNetworkNamespace);
  leave(CLONE_NEWIPC, kIpcNamespace);
  leave(CLONE_NEWUTS, kUtsNamespace);
  leave(CLONE_NEWNS, kMountNamespace);
  leave(CLONE_NEWPID, kPidNamespace);
  return layers;
}

// The process is to die with the one that started it, whatever that one dies of.
void die_with_parent() { prctl(PR_SET_PDEATHSIG, SIGKILL); }

[[noreturn]] void wait_for(pid_t child) {
  // Nothing of the socket stays open here: its other end is to see when the child is gone.
  close_range(0, ~0u, 0);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

// An empty root, which nothing can be written to.
bool empty_root() {
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  // Any folder that is there serves as the point to mount on.
  const char* const point = "/proc";
  if (mount("none", point, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,nr_inodes=2") != 0) {
    return false;
  }
  if (chdir(point) != 0) return false;
  if (syscall(SYS_pivot_root, ".", ".") != 0) return false;
  if (umount2(".", MNT_DETACH) != 0 || chdir("/") != 0) return false;
  return mount(nullptr, "/", nullptr,
               MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0;
}

bool drop_capabilities() {
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; ++capability) {
    // Refused without that capability, which then gives nothing either.
    prctl(PR_CAPBSET_DROP, capability);
  }
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> none = {};
  return syscall(SYS_capset, &header, none.data()) == 0;
}

// What later kernels than the headers know. A kernel takes the bits of its own version only.
struct LandlockRules {
  std::uint64_t file_access;
  std::uint64_t network_access;
  std::uint64_t scopes;
};

bool restrict_by_landlock() {
  constexpr std::uint32_t kVersionOnly = 1;
  const long version = syscall(SYS_landlock_create_ruleset, nullptr, std::size_t{0}, kVersionOnly);
  if (version < 1) return false;
  LandlockRules rules = {};
  rules.file_access = (1u << 13) - 1;               // all of version 1
  if (version >= 2) rules.file_access |= 1u << 13;  // refer
  if (version >= 3) rules.file_access |= 1u << 14;  // truncate
  if (version >= 5) rules.file_access |= 1u << 15;  // ioctl of devices
  if (version >= 4) rules.network_access = 3;       // bind and connect by TCP
  if (version >= 6) rules.scopes = 3;               // abstract sockets and signals to others
  const std::size_t size = version >= 6 ? sizeof(rules) : version >= 4 ? 16u : 8u;
  const long ruleset = syscall(SYS_landlock_create_ruleset, &rules, size, 0u);
  if (ruleset < 0) return false;
  const bool restricted = syscall(SYS_landlock_restrict_self, ruleset, 0u) == 0;
  close(static_cast<int>(ruleset));
  return restricted;
}

void limit(__rlimit_resource resource, rlim_t value) {
  rlimit current = {};
  if (getrlimit(resource, &current) != 0) fail_layer("getrlimit");
  const rlim_t wanted = std::min(value, current.rlim_max);
  const rlimit next = {wanted, wanted};
  if (setrlimit(resource, &next) != 0) fail_layer("setrlimit");
}

// Address space that is taken already: code, most of it, which costs no memory of its own.
rlim_t mapped_bytes() {
  std::ifstream file("/proc/self/statm");
  rlim_t pages = 0;
  file >> pages;
  return pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

std::uint32_t enter_namespaces() {
  // Where memory is short, the kernel is to end this rather than the server. It may have no /proc.
  write_file("/proc/self/oom_score_adj", "1000");
  if (setpriority(PRIO_PROCESS, 0, kNice) != 0) fail_layer("setpriority");
  const std::uint32_t layers = unshare_all();
  if ((layers & kPidNamespace) == 0) return layers;
  const pid_t child = fork();
  if (child < 0) fail_layer("fork");
  if (child > 0) wait_for(child);
  die_with_parent();
  return layers;
}

std::uint32_t confine_service(std::uint32_t layers) {
  limit(RLIMIT_AS, mapped_bytes() + kMemoryBytes);
  limit(RLIMIT_FSIZE, 0);
  limit(RLIMIT_NOFILE, kDescriptors);
  limit(RLIMIT_CORE, 0);
  layers |= kResourceLimits;
  if ((layers & kMountNamespace) != 0 && !empty_root()) layers &= ~kMountNamespace;
  if (drop_capabilities()) layers |= kNoCapabilities;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail_layer("no_new_privs");
  layers |= kNoNewPrivileges;
  if (restrict_by_landlock()) layers |= kLandlock;
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) fail_layer("dumpable");
  filter_syscalls(SyscallRole::kService);
  return layers | kSyscallFilter;
}

void confine_job() {
  die_with_parent();
  // By processor time rather than by the clock: on a busy machine a job takes longer.
  const rlimit cpu = {kMaxJobCpuSeconds, kMaxJobCpuSeconds + 1};
  if (setrlimit(RLIMIT_CPU, &cpu) != 0) fail_layer("setrlimit");
  filter_syscalls(SyscallRole::kJob);
}

std::uint32_t attempt_escape() {
  std::uint32_t succeeded = 0;
  const int file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
  if (file >= 0) succeeded |= kOpenedFile;
  const int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (tcp >= 0) {
    succeeded |= kMadeSocket;
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(9);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(tcp, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ||
        errno == ECONNREFUSED) {
      succeeded |= kConnected;
    }
  }
  char name[] = "/bin/true";
  std::array<char*, 2> arguments = {name, nullptr};
  execv(name, arguments.data());
  return succeeded;
}

}  // namespace coffer::media
