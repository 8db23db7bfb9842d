// Kills a process that writes, and looks at what it leaves.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <random>
#include <set>
#include <thread>

#include "blobs/local/local_store.h"
#include "blobs/test_support.h"

namespace coffer::blobs::test {
namespace {

Task<void> write_for_ever(BlobStore& store, std::uint64_t seed, int answers) {
  std::mt19937_64 random(seed);
  for (;;) {
    const std::size_t size = random() % 4 == 0 ? random() % 900'000 : random() % 9'000;
    // Few enough seeds that equal bytes meet.
    const Bytes bytes = make_bytes(size / 1'000 * 1'000, random() % 3);
    const BlobInfo info = co_await put(store, bytes, 70'000);
    if (random() % 2 == 0) {
      // Gone again, of which nothing is promised: room for the rewriting of segments.
      const Bytes passing = make_bytes(random() % 9'000, random());
      const auto gone = co_await seal(store, passing);
      gone->discard();
    }
    if (::write(answers, info.digest.bytes.data(), info.digest.bytes.size()) != 32) _exit(1);
  }
}

[[noreturn]] void be_killed(const std::filesystem::path& root, std::uint64_t seed, int answers) {
  const auto store = open_local_store(
      {.root = root, .clock = system_clock(), .segment_bytes = (seed % 2 + 1) * 64 * 1024});
  InlineExecutor executor;
  std::vector<Task<void>> writers;
  for (std::uint64_t i = 0; i < 8; ++i) {
    writers.push_back(write_for_ever(*store, seed * 8 + i, answers));
  }
  executor.run(all(std::move(writers)));
  _exit(1);
}

std::set<Sha256Digest> read_answers(int fd) {
  std::set<Sha256Digest> answers;
  Sha256Digest digest;
  while (::read(fd, digest.bytes.data(), digest.bytes.size()) == 32) answers.insert(digest);
  return answers;
}

TEST(Crash, KilledWriterLosesNoAnswerAndLeavesNoPartialBlob) {
  TemporaryFolder folder;
  std::mt19937_64 random(1);
  std::set<Sha256Digest> answered;
  // On a busy machine a writer may be killed before it has had any answer.
  for (std::uint64_t round = 0; round < 15 || (round < 200 && answered.size() <= 20); ++round) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) be_killed(folder.path(), round, ends[1]);
    ::close(ends[1]);
    // Later with each round: a slow machine has to open the store first.
    std::thread killer([child, wait = 5 + random() % (60 + 4 * round)] {
      std::this_thread::sleep_for(std::chrono::milliseconds(wait));
      ::kill(child, SIGKILL);
    });
    answered.merge(read_answers(ends[0]));
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    killer.join();
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << status;

    auto store = open_local_store({.root = folder.path(), .clock = system_clock()});
    InlineExecutor executor;
    std::set<Sha256Digest> stored;
    for (const BlobStore::Listed& blob : executor.run(list_all(*store, 1'000))) {
      const auto content = executor.run(store->open(blob.info.digest));
      ASSERT_TRUE(content);
      EXPECT_EQ(independent_digest(executor.run(read(*content))), blob.info.digest);
      stored.insert(blob.info.digest);
    }
    EXPECT_TRUE(std::ranges::includes(stored, answered));
    // Not before it has ended: until then it may be writing an index there.
    store.reset();
    EXPECT_EQ(count_entries(folder.path() / "blobs" / "tmp"), 0u);
  }
  EXPECT_GT(answered.size(), 20u);
}

}  // namespace
}  // namespace coffer::blobs::test
