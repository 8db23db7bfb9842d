#include "media/pool/worker_pool.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <future>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "media/pool/program.h"
#include "media/pool/sealed_file.h"

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
    const auto [file, pipe] = receive_both();
    close(file);
    return pipe;
  }
  // Its file and that pipe.
  std::pair<int, int> receive_both() {
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
    return {descriptors[0], descriptors[1]};
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
  SealedFile file;
  file.append(as_bytes(text));
  return std::move(file).seal();
}

WorkerPoolOptions options() {
  WorkerPoolOptions options;
  options.workers = 1;
  options.start_again_after = 1ms;
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
    EXPECT_THROW(run(pool), WorkerPool::Unavailable);
    EXPECT_EQ(pool.stats().busy, 0u);
    EXPECT_EQ(pool.stats().failed, 1u) << "the next one would say the same";
  }
}

TEST(WorkerPool, RefusesAWorkerThatSaysSomethingElse) {
  WorkerPool garbage(fake([](FakeWorker& worker) {
                       worker.send_bytes(std::string("hello"));
                       worker.receive();
                     }),
                     options());
  EXPECT_THROW(run(garbage), WorkerPool::Unavailable);
}

std::string why_unavailable(WorkerPool& pool) {
  try {
    pool.check();
  } catch (const WorkerPool::Unavailable& error) {
    return error.what();
  }
  return "it is available";
}

TEST(WorkerPool, StartsAgainWhereAStartIsKilled) {
  std::atomic<int> starts = 0;
  const Launcher well = fake(serve_well);
  const Launcher dies = fake([](FakeWorker&) { raise(SIGKILL); });
  WorkerPool pool(
      [&] {
        if (++starts % 5 == 0) return well();
        // As where the machine has no process to spare for a while.
        if (starts % 5 == 1) throw std::system_error(EAGAIN, std::generic_category());
        return dies();
      },
      options());
  EXPECT_EQ(run(pool).failure, Failure::kUnsupported);
  EXPECT_EQ(starts, 5);
  EXPECT_EQ(pool.stats().failed, 4u);
  EXPECT_EQ(pool.stats().started, 1u);
}

TEST(WorkerPool, SaysHowStartsEndThatFailAllTheTime) {
  WorkerPool killed(fake([](FakeWorker&) { raise(SIGKILL); }), options());
  EXPECT_EQ(why_unavailable(killed),
            "no media worker: signal 9 ended it at its start, after 10 starts");
  EXPECT_EQ(killed.stats().failed, std::uint64_t{WorkerPool::kMaxStarts});
  EXPECT_EQ(killed.stats().busy, 0u);
  // As the process does that waits for the one that was killed.
  WorkerPool inner(fake([](FakeWorker&) { _exit(128 + SIGKILL); }), options());
  EXPECT_EQ(why_unavailable(inner),
            "no media worker: signal 9 ended it at its start, after 10 starts");
  // As where a library is missing.
  WorkerPool ended(fake([](FakeWorker&) { _exit(127); }), options());
  EXPECT_EQ(why_unavailable(ended),
            "no media worker: it ended with status 127 at its start, after 10 starts");
  WorkerPool missing(program_launcher("/nowhere/coffer-media"), options());
  EXPECT_NE(why_unavailable(missing).find("No such file"), std::string::npos);
  EXPECT_EQ(missing.stats().failed, 1u);
}

TEST(WorkerPool, EndsItsStartsInTime) {
  WorkerPoolOptions limits = options();
  limits.start_timeout = 50ms;
  WorkerPool slow(fake([](FakeWorker&) { pause(); }), limits);
  EXPECT_EQ(why_unavailable(slow), "no media worker: it was too slow to start");
  limits.start_again_after = 1h;
  WorkerPool pool(fake([](FakeWorker&) { raise(SIGKILL); }), limits);
  auto waits =
      std::async(std::launch::async, [&] { EXPECT_THROW(run(pool), WorkerPool::Stopped); });
  while (pool.stats().failed == 0) std::this_thread::sleep_for(1ms);
  pool.stop();
  EXPECT_EQ(waits.wait_for(10s), std::future_status::ready);
}

// The answer to a job whose process ends so.
Reply reply_of_end(const JobEnd& end) {
  WorkerPool pool(fake([&](FakeWorker& worker) {
                    worker.hello({kSafe, 0});
                    close(worker.receive());
                    worker.send_bytes(encode(end));
                    worker.receive();
                  }),
                  options());
  return run(pool);
}

TEST(WorkerPool, TellsJobsThatWereKilledFromThoseThatFailed) {
  for (const int signal : {SIGKILL, SIGTERM, SIGINT, SIGHUP}) {
    const Reply killed = reply_of_end({static_cast<std::uint8_t>(signal), 0, 0, 14'900});
    EXPECT_TRUE(killed.was_killed) << signal;
    EXPECT_EQ(killed.failure, signal == SIGKILL ? Failure::kMemory : Failure::kCrashed);
  }
  const std::pair<JobEnd, Failure> own[] = {
      {{SIGXCPU, 0, 0, 15'000}, Failure::kTime},
      {{SIGKILL, 0, 0, 16'000}, Failure::kTime},  // it took no notice of the limit before
      {{SIGSEGV, 0, 0, 0}, Failure::kCrashed},
      {{SIGSYS, 0, 0, 0}, Failure::kCrashed},
      {{0, 3, 0, 0}, Failure::kCrashed},
  };
  for (const auto& [end, failure] : own) {
    const Reply reply = reply_of_end(end);
    EXPECT_FALSE(reply.was_killed) << int{end.signal};
    EXPECT_EQ(reply.failure, failure) << int{end.signal};
  }
}

TEST(WorkerPool, AJobThatClosesItsAnswerAndGoesOnHasTakenTooLong) {
  WorkerPoolOptions limits = options();
  limits.job_timeout = 50ms;
  WorkerPool pool(fake([](FakeWorker& worker) {
                    worker.hello({kSafe, 0});
                    close(worker.receive());
                    pause();
                  }),
                  limits);
  const Reply reply = run(pool);
  EXPECT_EQ(reply.failure, Failure::kTime);
  EXPECT_FALSE(reply.was_killed);
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
                    worker.send_bytes(encode(JobEnd{SIGXCPU, 0, 0, 0}));
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
  for (int i = 0; i < 5; ++i) {
    const Reply reply = run(pool);
    EXPECT_EQ(reply.failure, Failure::kMemory);
    EXPECT_TRUE(reply.was_killed) << "the service reads no byte of a file";
  }
  EXPECT_EQ(pool.stats().started, 5u);
}

TEST(WorkerPool, RefusesAFileThatCanBeWrittenTo) {
  WorkerPool pool(fake(serve_well), options());
  const Descriptor file(memfd_create("test", MFD_CLOEXEC));
  EXPECT_THROW(pool.run({}, file.get(), 0, 1), std::invalid_argument);
}

// What the worker of a job finds when it reads all that it can of its file.
std::string seen_by_worker(const Descriptor& file, std::uint64_t offset, std::uint64_t length) {
  WorkerPool pool(fake([](FakeWorker& worker) {
                    worker.hello({kSafe, 0});
                    const auto [job_file, pipe] = worker.receive_both();
                    Bytes bytes(100);
                    bytes.resize(static_cast<std::size_t>(
                        std::max<ssize_t>(pread(job_file, bytes.data(), bytes.size(), 0), 0)));
                    Facts facts;
                    facts.title = as_text(bytes);
                    worker.answer(pipe, facts_frame(facts));
                    worker.answer(pipe, failed_answer());
                    close(pipe);
                    worker.send_bytes(encode(JobEnd{}));
                    worker.receive();
                  }),
                  options());
  const Reply reply = pool.run({}, file.get(), offset, length);
  return reply.facts ? reply.facts->title : "no facts";
}

TEST(WorkerPool, ShowsAWorkerNothingButItsFile) {
  const Descriptor file = file_of("mine, yours, theirs");
  EXPECT_EQ(seen_by_worker(file, 6, 5), "yours");
  EXPECT_EQ(seen_by_worker(file, 0, 4), "mine");
  EXPECT_EQ(seen_by_worker(file, 0, 19), "mine, yours, theirs");
}

TEST(WorkerPool, RefusesALargeRangeOfAFileThatHasMore) {
  WorkerPool pool(fake(serve_well), options());
  const Descriptor file = file_of(std::string(kMaxSharedFileBytes + 2, 'x'));
  EXPECT_THROW(pool.run({}, file.get(), 0, kMaxSharedFileBytes + 1), std::invalid_argument);
  EXPECT_EQ(pool.run({}, file.get(), 1, kMaxSharedFileBytes).failure, Failure::kUnsupported);
}

TEST(WorkerPool, FailsWhereTheRangeIsNotThere) {
  WorkerPool pool(fake(serve_well), options());
  const Descriptor file = file_of("short");
  try {
    pool.run({}, file.get(), 2, 10);
    ADD_FAILURE() << "it was read";
  } catch (const WorkerPool::Unavailable&) {
    ADD_FAILURE() << "other files can be looked into";
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(pool.stats().busy, 0u);
  EXPECT_EQ(run(pool).failure, Failure::kUnsupported);
}

TEST(WorkerPool, StopEndsJobsAndLetsNoneBegin) {
  WorkerPool pool(fake([](FakeWorker& worker) {
                    worker.hello({kSafe, 0});
                    worker.receive();
                    pause();
                  }),
                  options());
  const auto job = [&] { EXPECT_THROW(run(pool), WorkerPool::Stopped); };
  auto busy = std::async(std::launch::async, job);
  while (pool.stats().busy == 0) std::this_thread::sleep_for(1ms);
  auto waits = std::async(std::launch::async, job);
  pool.stop();
  // Long before the time of a job.
  EXPECT_EQ(busy.wait_for(10s), std::future_status::ready);
  EXPECT_EQ(waits.wait_for(10s), std::future_status::ready);
  job();
}

TEST(SealedFile, CannotBeChanged) {
  const Descriptor file = file_of("bytes");
  EXPECT_LT(write(file.get(), "x", 1), 0);
  EXPECT_NE(ftruncate(file.get(), 0), 0);
}

TEST(FindWorkerProgram, LooksBesideTheProgramAndInLibexec) {
  const std::string folder = ::testing::TempDir() + "find-worker-" + std::to_string(getpid());
  std::filesystem::create_directories(folder + "/bin");
  std::filesystem::create_directories(folder + "/libexec/coffer");
  EXPECT_FALSE(find_worker_program(folder + "/bin/coffer"));
  std::filesystem::copy_file("/bin/true", folder + "/libexec/coffer/coffer-media");
  EXPECT_EQ(find_worker_program(folder + "/bin/coffer"),
            folder + "/bin/../libexec/coffer/coffer-media");
  std::filesystem::copy_file("/bin/true", folder + "/bin/coffer-media");
  EXPECT_EQ(find_worker_program(folder + "/bin/coffer"), folder + "/bin/coffer-media");
  std::filesystem::remove_all(folder);
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
  for (int i = 0; i < 60; ++i) {
    // One in twenty loses its worker about when it is given the job.
    if (i % 20 == 19) kill(last, SIGKILL);
    const Reply reply = pool.run({}, file.get(), 0, sizeof(kPng));
    EXPECT_TRUE(reply.picture || reply.was_killed) << i;
  }
  // Workers that are dead for certain when the job comes: no job notices.
  for (int i = 0; i < 3; ++i) {
    kill(last, SIGKILL);
    std::this_thread::sleep_for(200ms);
    EXPECT_TRUE(pool.run({}, file.get(), 0, sizeof(kPng)).picture) << i;
  }
}

}  // namespace
}  // namespace coffer::media
