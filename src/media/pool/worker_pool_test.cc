#include "media/pool/worker_pool.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <random>
#include <thread>

namespace coffer::media {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kSafe = kRequiredLayers;

// A worker that does what a test says, in a process of its own.
class FakeWorker {
 public:
  explicit FakeWorker(int control) : control_(control) {}

  void hello(Hello hello) { send_bytes(encode(hello)); }
  template <class Message>
  void send_bytes(const Message& message) {
    if (send(control_, message.data(), message.size(), MSG_NOSIGNAL) < 0) _exit(1);
  }
  // The pipe for the answer of the next job.
  int receive() {
    std::array<std::byte, kRequestBytes> bytes;
    iovec data = {bytes.data(), bytes.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(2 * sizeof(int))> control = {};
    msghdr message = {};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    if (recvmsg(control_, &message, 0) <= 0) _exit(0);
    std::array<int, 2> descriptors = {};
    std::memcpy(descriptors.data(), CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(descriptors));
    close(descriptors[0]);
    return descriptors[1];
  }
  void answer(int pipe, const Bytes& bytes) {
    if (write(pipe, bytes.data(), bytes.size()) < 0) _exit(1);
  }

 private:
  int control_;
};

Launcher fake(std::function<void(FakeWorker&)> behaviour) {
  return [behaviour] {
    std::array<int, 2> ends = {};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(ends[0]);
      FakeWorker worker(ends[1]);
      behaviour(worker);
      _exit(0);
    }
    close(ends[1]);
    LaunchedWorker launched;
    launched.process = child;
    launched.control = Descriptor(ends[0]);
    return launched;
  };
}

Descriptor file_of(std::string_view text) {
  Descriptor file(memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_EQ(write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  EXPECT_EQ(fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW), 0);
  return file;
}

WorkerPoolOptions options() {
  WorkerPoolOptions options;
  options.workers = 1;
  return options;
}

Reply run(WorkerPool& pool) {
  const Descriptor file = file_of("x");
  return pool.run({}, file.get(), 0, 1);
}

Bytes failed_answer() {
  Bytes bytes = failure_frame(Failure::kUnsupported);
  const Bytes end = end_frame();
  bytes.insert(bytes.end(), end.begin(), end.end());
  return bytes;
}

void serve_well(FakeWorker& worker) {
  worker.hello({kSafe, 0});
  for (;;) {
    const int pipe = worker.receive();
    worker.answer(pipe, failed_answer());
    close(pipe);
    worker.send_bytes(encode(JobEnd{}));
  }
}

TEST(WorkerPool, KeepsAWorkerForSeveralJobs) {
  WorkerPoolOptions limits = options();
  limits.jobs_a_worker = 3;
  WorkerPool pool(fake(serve_well), limits);
  for (int i = 0; i < 7; ++i) EXPECT_EQ(run(pool).failure, Failure::kUnsupported);
  const auto stats = pool.stats();
  EXPECT_EQ(stats.jobs, 7u);
  EXPECT_EQ(stats.started, 3u);
  EXPECT_EQ(stats.failed, 0u);
  EXPECT_EQ(stats.busy, 0u);
}

TEST(WorkerPool, RefusesAWorkerThatIsNotConfined) {
  for (const Hello hello : {Hello{kSafe & ~kSyscallFilter, 0}, Hello{kSafe & ~kNoNewPrivileges, 0},
                            Hello{kSafe, kOpenedFile}, Hello{kSafe, kConnected}}) {
    WorkerPool pool(fake([&](FakeWorker& worker) {
                      worker.hello(hello);
                      worker.receive();
                    }),
                    options());
    EXPECT_THROW(run(pool), std::runtime_error);
    EXPECT_EQ(pool.stats().busy, 0u);
  }
}

TEST(WorkerPool, RefusesAWorkerThatSaysSomethingElse) {
  WorkerPool garbage(fake([](FakeWorker& worker) {
                       worker.send_bytes(std::string("hello"));
                       worker.receive();
                     }),
                     options());
  EXPECT_THROW(run(garbage), std::runtime_error);
  WorkerPool gone(fake([](FakeWorker&) {}), options());
  EXPECT_THROW(run(gone), std::runtime_error);
}

TEST(WorkerPool, EndsAJobThatTakesTooLong) {
  WorkerPoolOptions limits = options();
  limits.job_timeout = 50ms;
  WorkerPool pool(fake([](FakeWorker& worker) {
                    worker.hello({kSafe, 0});
                    worker.receive();
                    pause();
                  }),
                  limits);
  EXPECT_EQ(run(pool).failure, Failure::kTime);
  EXPECT_EQ(pool.stats().failed, 1u);
}

TEST(WorkerPool, KeepsFactsWhereTheDecoderDies) {
  WorkerPool pool(fake([](FakeWorker& worker) {
                    worker.hello({kSafe, 0});
                    const int pipe = worker.receive();
                    Facts facts;
                    facts.codec = "h264";
                    worker.answer(pipe, facts_frame(facts));
                    close(pipe);
                    worker.send_bytes(encode(JobEnd{SIGXCPU, 0}));
                    worker.receive();
                  }),
                  options());
  const Reply reply = run(pool);
  EXPECT_EQ(reply.failure, Failure::kTime);
  ASSERT_TRUE(reply.facts);
  EXPECT_EQ(reply.facts->codec, "h264");
}

TEST(WorkerPool, BelievesNothingOfAWrongAnswer) {
  WorkerPool pool(fake([](FakeWorker& worker) {
                    worker.hello({kSafe, 0});
                    const int pipe = worker.receive();
                    worker.answer(pipe, facts_frame({}));
                    worker.answer(pipe, Bytes(100));
                    pause();
                  }),
                  options());
  const Reply reply = run(pool);
  EXPECT_EQ(reply.failure, Failure::kProtocol);
  EXPECT_FALSE(reply.facts);
}

TEST(WorkerPool, ReplacesWorkersThatDieInARow) {
  WorkerPool pool(fake([](FakeWorker& worker) {
                    worker.hello({kSafe, 0});
                    worker.receive();
                  }),
                  options());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(run(pool).failure, Failure::kCrashed);
  EXPECT_EQ(pool.stats().started, 5u);
}

TEST(WorkerPool, RefusesAFileThatCanBeWrittenTo) {
  WorkerPool pool(fake(serve_well), options());
  const Descriptor file(memfd_create("test", MFD_CLOEXEC));
  EXPECT_THROW(pool.run({}, file.get(), 0, 1), std::invalid_argument);
}

// The program itself.

TEST(MediaWorker, IsConfinedAndAnswers) {
  WorkerPool pool(program_launcher(COFFER_MEDIA_PROGRAM), options());
  const Reply reply = run(pool);
  EXPECT_EQ(reply.failure, Failure::kUnsupported);
  EXPECT_EQ(pool.stats().layers & kRequiredLayers, kRequiredLayers);
}

// A PNG of one red pixel.
constexpr unsigned char kPng[] = {
    0x89, 'P',  'N',  'G',  0x0d, 0x0a, 0x1a, 0x0a, 0,    0,    0,    13,   'I',  'H',
    'D',  'R',  0,    0,    0,    1,    0,    0,    0,    1,    8,    2,    0,    0,
    0,    0x90, 0x77, 0x53, 0xde, 0,    0,    0,    12,   'I',  'D',  'A',  'T',  0x08,
    0xd7, 0x63, 0xf8, 0xcf, 0xc0, 0x00, 0x00, 0x03, 0x01, 0x01, 0x00, 0x18, 0xdd, 0x8d,
    0xb0, 0,    0,    0,    0,    'I',  'E',  'N',  'D',  0xae, 0x42, 0x60, 0x82};

TEST(MediaWorker, ReadsARangeOfAFile) {
  WorkerPool pool(program_launcher(COFFER_MEDIA_PROGRAM), options());
  std::string text = "in front";
  text.append(reinterpret_cast<const char*>(kPng), sizeof(kPng));
  text += "behind";
  const Descriptor file = file_of(text);
  const Reply reply = pool.run({}, file.get(), 8, sizeof(kPng));
  ASSERT_TRUE(reply.picture);
  EXPECT_EQ(reply.facts->width, 1u);
  EXPECT_EQ(reply.facts->codec, "png");
}

TEST(MediaWorker, ServesOnWhileWorkersAreKilled) {
  WorkerPoolOptions limits;
  limits.workers = 2;
  std::atomic<pid_t> last = -1;
  const Launcher program = program_launcher(COFFER_MEDIA_PROGRAM);
  WorkerPool pool(
      [&] {
        LaunchedWorker worker = program();
        last = worker.process;
        return worker;
      },
      limits);
  const Descriptor file = file_of({reinterpret_cast<const char*>(kPng), sizeof(kPng)});
  int good = 0;
  for (int i = 0; i < 60; ++i) {
    // One in twenty loses its worker before the job; that job alone fails.
    if (i % 20 == 19) kill(last, SIGKILL);
    const Reply reply = pool.run({}, file.get(), 0, sizeof(kPng));
    if (reply.picture) {
      ++good;
    } else {
      EXPECT_TRUE(may_be_transient(*reply.failure));
    }
  }
  EXPECT_GE(good, 57);
}

}  // namespace
}  // namespace coffer::media
