#include <algorithm>
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "vault/test/fixture.h"

namespace coffer::vault::test {
namespace {

using namespace std::chrono_literals;

// Holds what is asked for until the test answers. As in earnest, on another thread.
class HeldMaker final : public PictureMaker {
 public:
  explicit HeldMaker(std::size_t max) : max_(max) {}

  std::optional<std::chrono::seconds> begin(const Entry& file, const PictureSpec& spec,
                                            Done done) override {
    const std::lock_guard lock(mutex_);
    if (held_.size() >= max_) return 7s;
    held_.push_back({file, spec, std::move(done)});
    ++begun_;
    return std::nullopt;
  }
  bool withdraw(const Sha256Digest& source, const PictureSpec& spec) override {
    const std::lock_guard lock(mutex_);
    const auto at = std::ranges::find_if(
        held_, [&](const Held& held) { return held.file.checksum == source && held.spec == spec; });
    if (is_under_way_ || at == held_.end()) return false;
    held_.erase(at);
    return true;
  }
  std::optional<std::chrono::seconds> optimize(AccountId, std::shared_ptr<const Content> bytes,
                                               std::weak_ptr<const void>,
                                               OptimizedDone done) override {
    const std::lock_guard lock(mutex_);
    if (max_ == 0) return 7s;
    std::thread([answer = optimized_, size = bytes->size(), done = std::move(done)] {
      EXPECT_EQ(size, 8U);
      done(answer);
    }).detach();
    return std::nullopt;
  }
  void set_optimized(Optimized answer) {
    const std::lock_guard lock(mutex_);
    optimized_ = std::move(answer);
  }
  // What is held from now on is being made.
  void set_under_way() {
    const std::lock_guard lock(mutex_);
    is_under_way_ = true;
  }
  std::size_t held() {
    const std::lock_guard lock(mutex_);
    return held_.size();
  }
  int begun() {
    const std::lock_guard lock(mutex_);
    return begun_;
  }
  void answer(Made made) {
    std::unique_lock lock(mutex_);
    auto held = std::move(held_.front());
    held_.pop_front();
    lock.unlock();
    held.done(std::move(made));
  }
  void make() {
    std::unique_lock lock(mutex_);
    const std::string bytes = "made " + held_.front().file.name + held_.front().spec.name();
    lock.unlock();
    answer(MadePicture{.format = PictureFormat::kWebp,
                       .width = 10,
                       .height = 20,
                       .bytes = Bytes(as_bytes(bytes).begin(), as_bytes(bytes).end())});
  }

 private:
  struct Held {
    Entry file;
    PictureSpec spec;
    Done done;
  };
  const std::size_t max_;
  std::mutex mutex_;
  std::deque<Held> held_;
  int begun_ = 0;
  bool is_under_way_ = false;
  Optimized optimized_;
};

// Whoever asks, until he leaves.
class Asker final : public InputStream {
 public:
  Task<std::expected<std::size_t, StreamFault>> read(ByteSpan) override { co_return 0; }
  Task<bool> wait(OneShotEvent& event, std::chrono::milliseconds) override {
    {
      const std::lock_guard lock(mutex_);
      event_ = event.shared_from_this();
    }
    co_await event.wait();
    co_return !has_left_;
  }
  bool is_waiting() {
    const std::lock_guard lock(mutex_);
    return event_ != nullptr;
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    has_left_ = true;
    event_->set();
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<OneShotEvent> event_;
  std::atomic<bool> has_left_ = false;
};

class PicturesTest : public VaultTest {
 protected:
  PicturesTest() : anna_(make_account("anna")) { vault_->pictures().set_maker(&maker_); }
  ~PicturesTest() override {
    if (vault_) vault_->pictures().set_maker(nullptr);
  }

  Entry photo(const std::string& name = "a.jpg") {
    Entry file = upload(anna_, name, name);
    const auto job = run(vault_->media_queue().lease()).value();
    EXPECT_TRUE(
        run(vault_->media_queue().settle(job, Media{.state = MediaState::kReady},
                                         MadePicture{.width = 1, .height = 1, .bytes = Bytes(1)})));
    return run(vault_->entries().find(anna_.id, file.id)).value();
  }
  Result<DerivedPicture> render(const Entry& file, PictureSpec spec) {
    Asker asker;
    return run(vault_->pictures().render(file, spec, asker));
  }
  // As somebody else asks for it, and the maker makes it.
  Result<DerivedPicture> make(const Entry& file, PictureSpec spec) {
    std::optional<Result<DerivedPicture>> got;
    {
      std::jthread asker([&] { got = render(file, spec); });
      EXPECT_TRUE(eventually([&] { return maker_.held() > 0; }));
      maker_.make();
    }
    return std::move(got.value());
  }
  std::int64_t kept() {
    static constexpr db::Statement kCount{
        "SELECT count(*) FROM derived_blob WHERE kind <> 'thumbnail'"};
    return count(kCount);
  }

  Account anna_;
  HeldMaker maker_{2};
};

TEST_F(PicturesTest, FilesOfPartsAreProcessedBeforeTheirDigestIsKnown) {
  const Entry photo = upload_parts(anna_, "a.jpg", {"one", "two"});
  const Entry data = upload_parts(anna_, "a.bin", {"one", "two"});
  ASSERT_FALSE(photo.checksum);
  EXPECT_EQ(vault_->pictures().state_of(photo), MediaState::kProcessing);
  EXPECT_EQ(vault_->pictures().state_of(data), MediaState::kReady);
  vault_->pictures().set_maker(nullptr);
  EXPECT_EQ(vault_->pictures().state_of(photo), MediaState::kReady) << "it does not come";
}

TEST_F(PicturesTest, AreMadeOnceAndKept) {
  const Entry file = photo();
  const PictureSpec spec{.width = 640, .height = 480};
  const auto made = make(file, spec);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->width, 10U);
  EXPECT_EQ(made->media_type, "image/webp");
  const auto again = render(file, spec);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->digest, made->digest);
  EXPECT_EQ(again->content->size(), made->content->size());
  EXPECT_EQ(maker_.begun(), 1);
  EXPECT_EQ(vault_->pictures().stats().hits, 1U);
  const auto other = make(file, {.width = 640, .height = 480, .fit = PictureFit::kCover});
  ASSERT_TRUE(other);
  EXPECT_NE(other->digest, made->digest);
  ASSERT_TRUE(make(file, {.width = 64, .format = PictureFormat::kAvif}));
  EXPECT_EQ(render(file, {.width = 64, .format = PictureFormat::kAvif})->media_type, "image/avif");
}

TEST_F(PicturesTest, ParallelAskersWaitForOneComputation) {
  const Entry file = photo();
  constexpr std::size_t kAskers = 8;
  std::vector<std::optional<Result<DerivedPicture>>> got(kAskers);
  {
    std::vector<std::jthread> askers;
    for (auto& one : got) {
      askers.emplace_back([&] { one = render(file, {.width = 100, .height = 100}); });
    }
    EXPECT_TRUE(eventually([&] { return maker_.held() == 1; }));
    std::this_thread::sleep_for(20ms);
    maker_.make();
  }
  for (const auto& one : got) {
    ASSERT_TRUE(one->has_value());
    EXPECT_EQ((*one)->digest, (*got[0])->digest);
  }
  EXPECT_EQ(maker_.begun(), 1);
}

TEST_F(PicturesTest, TooManyAreRefused) {
  const Entry file = photo();
  std::vector<std::jthread> askers;
  for (std::uint32_t edge : {100U, 200U}) {
    askers.emplace_back([&, edge] { EXPECT_TRUE(render(file, {.width = edge})); });
  }
  ASSERT_TRUE(eventually([&] { return maker_.held() == 2; }));
  const auto refused = render(file, {.width = 300});
  EXPECT_FAILS(refused, kBusy);
  EXPECT_EQ(refused.error().retry_after, 7s) << "as the maker says";
  maker_.make();
  maker_.make();
  askers.clear();
  EXPECT_TRUE(make(file, {.width = 300}));
  EXPECT_EQ(vault_->pictures().stats().refused, 1U);
}

TEST_F(PicturesTest, WhatNobodyWaitsForAnyMoreIsNotMade) {
  const Entry file = photo();
  const PictureSpec spec{.width = 100};
  Asker first;
  Asker second;
  std::jthread first_thread(
      [&] { EXPECT_FAILS(run(vault_->pictures().render(file, spec, first)), kBusy); });
  ASSERT_TRUE(eventually([&] { return first.is_waiting(); }));
  std::jthread second_thread(
      [&] { EXPECT_FAILS(run(vault_->pictures().render(file, spec, second)), kBusy); });
  ASSERT_TRUE(eventually([&] { return second.is_waiting(); }));
  first.leave();
  first_thread.join();
  EXPECT_EQ(maker_.held(), 1U) << "the other one waits";
  second.leave();
  second_thread.join();
  EXPECT_EQ(maker_.held(), 0U);
  EXPECT_EQ(vault_->pictures().stats().dropped, 1U);
  EXPECT_TRUE(make(file, spec)) << "the next one has it made";
  EXPECT_EQ(maker_.begun(), 2);
}

TEST_F(PicturesTest, WhatIsUnderWayIsKeptForTheNext) {
  const Entry file = photo();
  const PictureSpec spec{.width = 100};
  Asker asker;
  maker_.set_under_way();
  {
    std::jthread thread(
        [&] { EXPECT_FAILS(run(vault_->pictures().render(file, spec, asker)), kBusy); });
    ASSERT_TRUE(eventually([&] { return asker.is_waiting(); }));
    asker.leave();
  }
  maker_.make();
  EXPECT_TRUE(render(file, spec));
  EXPECT_EQ(maker_.begun(), 1);
  EXPECT_EQ(vault_->pictures().stats().dropped, 0U);
}

TEST_F(PicturesTest, ReceivedBytesAreMadeSmaller) {
  int count = 0;
  const auto optimize = [&](std::chrono::seconds left = 20s) {
    const auto original = receive(anna_, "origin " + std::to_string(++count));
    Asker asker;
    const auto until = std::chrono::steady_clock::now() + left;
    auto made = run(vault_->pictures().optimize(anna_.id, *original, asker, until));
    return made ? "size " + std::to_string(made->size()) : made.error();
  };
  maker_.set_optimized(Bytes(3));
  EXPECT_EQ(optimize(), "size 3");
  maker_.set_optimized(std::unexpected("why not"));
  EXPECT_EQ(optimize(), "why not");
  maker_.set_optimized(std::nullopt);
  EXPECT_EQ(optimize(), "it was not possible now");
  EXPECT_EQ(optimize(0s), "it takes too long now");
  vault_->pictures().set_maker(nullptr);
  EXPECT_EQ(optimize(), "no pictures are made on this server now");
  EXPECT_TRUE(eventually([&] {
    collect_all();
    return stored_blobs() == 0;
  })) << "nothing refers to any of them";
}

TEST_F(PicturesTest, WhatIsToComeIsToldFromWhatNeverWill) {
  const Entry waiting = upload(anna_, "w.jpg", "waiting");
  const auto not_yet = run(vault_->pictures().thumbnail(waiting));
  EXPECT_FAILS(not_yet, kNotReady);
  EXPECT_EQ(not_yet.error().retry_after, 2s);
  const Entry parts = upload_parts(anna_, "parts.jpg", {"one", "two"});
  EXPECT_FAILS(run(vault_->pictures().thumbnail(parts)), kNotReady);
  EXPECT_FAILS(render(parts, {.width = 100}), kNotReady);  // its digest is not known
  for (const char* const name : {"notes.txt", "data.bin"}) {
    const Entry other = upload(anna_, name, name);
    const auto never = run(vault_->pictures().thumbnail(other));
    EXPECT_FAILS(never, kNotFound);
    EXPECT_FALSE(never.error().retry_after) << name;
    EXPECT_EQ(never.error().message, "there are no pictures of files of this type") << name;
    EXPECT_FAILS(render(other, {.width = 100}), kNotFound);
  }
  vault_->pictures().set_maker(nullptr);
  EXPECT_FAILS(run(vault_->pictures().thumbnail(waiting)), kNotFound);  // nothing is to come
  const auto without = render(waiting, {.width = 100});
  EXPECT_FAILS(without, kBusy);
  EXPECT_EQ(without.error().retry_after, 60s);
}

TEST_F(PicturesTest, FailuresAreToldAndNotKept) {
  const Entry file = photo();
  const auto fail_with = [&](PictureMaker::Made made) {
    std::optional<Result<DerivedPicture>> got;
    {
      std::jthread asker([&] { got = render(file, {.width = 100}); });
      EXPECT_TRUE(eventually([&] { return maker_.held() == 1; }));
      maker_.answer(std::move(made));
    }
    return std::move(got.value());
  };
  const auto damaged = fail_with(std::unexpected(MediaFailure::kDamaged));
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, FailureCode::kNotFound);
  EXPECT_EQ(damaged.error().message, describe(MediaFailure::kDamaged));
  EXPECT_FAILS(fail_with(std::nullopt), kBusy);
  EXPECT_EQ(kept(), 0);
  EXPECT_TRUE(make(file, {.width = 100}));
}

TEST_F(PicturesTest, WhatShowsNothingIsNotTried) {
  EXPECT_FAILS(render(upload(anna_, "data", "data"), {.width = 100}), kNotFound);
  upload(anna_, "bad.jpg", "bad");
  const auto job = run(vault_->media_queue().lease()).value();
  const Media failed{.state = MediaState::kFailed, .failure = MediaFailure::kDamaged};
  ASSERT_TRUE(run(vault_->media_queue().settle(job, failed, std::nullopt)));
  const Entry bad = list({.owner = anna_.id, .text = "bad"}).entries.at(0);
  EXPECT_EQ(render(bad, {.width = 100}).error().message, describe(MediaFailure::kDamaged));
  EXPECT_FAILS(run(vault_->pictures().thumbnail(bad)), kNotFound);
  EXPECT_FAILS(render(photo(), {}), kInvalid);
  EXPECT_FAILS(render(photo("b.jpg"), {.width = 5000}), kInvalid);
  EXPECT_FAILS(render(photo("c.jpg"), {.width = 5, .fit = PictureFit::kCover}), kInvalid);
  EXPECT_EQ(maker_.begun(), 0);
}

TEST_F(PicturesTest, TheOneThatWasUsedLongestAgoGoes) {
  const Entry file = photo();
  for (const std::uint32_t edge : {100U, 200U, 300U}) {
    ASSERT_TRUE(make(file, {.width = edge}));
    clock_.advance(2h);
  }
  ASSERT_TRUE(render(file, {.width = 100}));
  auto& pictures = vault_->pictures();
  EXPECT_FALSE(run(pictures.evict(3, 1U << 20U, 10)));
  EXPECT_EQ(kept(), 3);
  EXPECT_EQ(pictures.stats().cached, 3U);
  EXPECT_FALSE(run(pictures.evict(2, 1U << 20U, 10)));
  EXPECT_EQ(kept(), 2);
  ASSERT_TRUE(render(file, {.width = 100}));
  EXPECT_EQ(maker_.begun(), 3) << "it was used last";
  EXPECT_TRUE(make(file, {.width = 200}));
  EXPECT_FALSE(run(pictures.evict(10, 1, 10)));
  EXPECT_EQ(kept(), 0);
  EXPECT_TRUE(run(pictures.thumbnail(file))) << "thumbnails stay";
}

TEST_F(PicturesTest, GoWithTheFile) {
  const Entry file = photo();
  ASSERT_TRUE(make(file, {.width = 100}));
  EXPECT_EQ(stored_blobs(), 3U);
  const Account before = account(anna_.id);
  ASSERT_TRUE(make(file, {.width = 200}));
  EXPECT_EQ(account(anna_.id).charged, before.charged);
  ASSERT_TRUE(remove(anna_, file.id));
  collect_all();
  clock_.advance(25h);
  collect_all();
  EXPECT_EQ(stored_blobs(), 0U);
}

TEST_F(PicturesTest, OneWhoseFileWentMeanwhileIsNotFound) {
  const Entry file = photo();
  std::optional<Result<DerivedPicture>> got;
  {
    std::jthread asker([&] { got = render(file, {.width = 100}); });
    ASSERT_TRUE(eventually([&] { return maker_.held() > 0; }));
    ASSERT_TRUE(remove(anna_, file.id));
    clock_.advance(25h);
    collect_all();
    maker_.make();
  }
  EXPECT_FAILS(got.value(), kNotFound);
  EXPECT_EQ(kept(), 0);
}

TEST_F(PicturesTest, WithoutAMakerNothingIsWaitedFor) {
  const Entry waiting = upload(anna_, "w.jpg", "w");
  EXPECT_EQ(vault_->pictures().state_of(waiting), MediaState::kProcessing);
  vault_->pictures().set_maker(nullptr);
  EXPECT_EQ(vault_->pictures().state_of(waiting), MediaState::kReady);
  EXPECT_FAILS(render(waiting, {.width = 100}), kBusy);
}

TEST(PictureSpec, HasALadder) {
  const PictureSpec spec{.width = 65, .height = 4000, .quality = 81};
  const PictureSpec next = spec.on_ladder();
  EXPECT_EQ(next.width, 128U);
  EXPECT_EQ(next.height, 4096U);
  EXPECT_EQ(next.quality, 95);
  EXPECT_EQ(next.on_ladder(), next);
  EXPECT_EQ(PictureSpec{.width = 320}.on_ladder().height, 0U);
  EXPECT_EQ(next.name(), "w128h4096.inside.q95.webp");
}

}  // namespace
}  // namespace coffer::vault::test
