// Files are looked into by real workers.
#include "jobs/media_jobs.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "vault/test/fixture.h"
#include "vault/test/streams.h"

namespace coffer::jobs {
namespace {

using namespace std::chrono_literals;
using vault::Account;
using vault::Entry;
using vault::Media;
using vault::MediaFailure;
using vault::MediaState;
using vault::Policy;
using vault::test::run;

std::string sample(const std::string& name) {
  std::ifstream in(std::filesystem::path(COFFER_TEST_MEDIA) / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string as_string(const Content& content) {
  std::string text;
  while (text.size() < content.size()) {
    const auto piece = run(content.piece(text.size(), 4096));
    text += as_text(std::get<Bytes>(piece));
  }
  return text;
}

class MediaJobsTest : public vault::test::VaultTest {
 protected:
  MediaJobsTest() : anna_(make_account("anna")) { begin(); }
  ~MediaJobsTest() override { end(); }

  void begin(const std::string& program = COFFER_MEDIA_PROGRAM) {
    // A job of some seconds takes ten times as long under a sanitizer.
    pool_.emplace(media::program_launcher(program),
                  media::WorkerPoolOptions{.workers = 2, .job_timeout = 2min});
    jobs_.emplace(*vault_, *pool_, DrawingPools{},
                  MediaJobs::Options{.threads = 2,
                                     .folder = folder_.path().string(),
                                     .max_copied = 8U << 20U,
                                     .retry_after = 100ms});
  }
  void end() {
    jobs_.reset();
    pool_.reset();
  }

  // The fixture tells types by names: what ends in .jpg is looked into, whatever it is.
  Entry add(const std::string& name, const std::string& content) {
    return upload(anna_, name + ".jpg", content);
  }
  Media look(const Entry& file) {
    jobs_->run_all();
    return *found(file).media;
  }
  Entry found(const Entry& file) { return run(vault_->entries().find(anna_.id, file.id)).value(); }
  std::size_t files_in_folder() {
    std::size_t count = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder_.path())) {
      if (file.is_regular_file()) ++count;
    }
    return count;
  }

  Account anna_;
  std::optional<media::WorkerPool> pool_;
  std::optional<MediaJobs> jobs_;
};

// Ends threads that wait for it, also where the test has failed before.
class LetGo {
 public:
  explicit LetGo(std::atomic<bool>& may_go) : may_go_(may_go) {}
  ~LetGo() { may_go_ = true; }
  LetGo(const LetGo&) = delete;
  LetGo& operator=(const LetGo&) = delete;

 private:
  std::atomic<bool>& may_go_;
};

TEST_F(MediaJobsTest, FactsAndThumbnailsOfPhotosFilmsAndSound) {
  const Entry photo = add("photo", sample("photos/iphone.heic"));
  const Entry film = add("film", sample("video/here_we_are.mp4"));
  const Entry song = add("song", sample("audio/here_we_are.mp3"));
  const Entry turned = add("turned", sample("photos/portrait_orientation_6.jpg"));

  const Media shown = look(photo);
  EXPECT_EQ(shown.state, MediaState::kReady);
  EXPECT_FALSE(shown.failure);
  EXPECT_EQ(shown.facts.width, 2566U);
  EXPECT_EQ(shown.facts.height, 3313U);
  EXPECT_EQ(shown.facts.camera_make, "Apple");
  EXPECT_EQ(shown.facts.colour_space, "Display P3");
  // 2021-04-11 15:47:53.054 -05:00
  EXPECT_EQ(shown.facts.taken_at, from_micros(1'618'174'073'054'000));
  EXPECT_EQ(shown.facts.taken_offset_minutes, -300);
  EXPECT_NEAR(shown.facts.location.value().latitude(), 39.0513444, 1e-5);
  ASSERT_TRUE(shown.thumbnail);
  EXPECT_EQ(shown.thumbnail->width, 248U);
  EXPECT_EQ(shown.thumbnail->height, 320U);
  const auto thumbnail = run(vault_->pictures().thumbnail(found(photo)));
  ASSERT_TRUE(thumbnail);
  const std::string webp = as_string(*thumbnail->content);
  EXPECT_EQ(webp.substr(8, 4), "WEBP");
  EXPECT_EQ(webp.find("Exif"), std::string::npos);

  const Media moving = look(film);
  EXPECT_EQ(moving.facts.codec, "h264");
  EXPECT_NEAR(moving.facts.duration().value(), 44.66, 0.1);
  EXPECT_TRUE(moving.thumbnail);
  EXPECT_EQ(look(song).facts.codec, "mp3");
  EXPECT_EQ(look(turned).facts.width, 450U);
  EXPECT_EQ(list({.owner = anna_.id, .taken_from = *shown.facts.taken_at}).total, 1U);
  EXPECT_EQ(jobs_->stats().looked_into, 4U);
  EXPECT_EQ(jobs_->stats().thumbnails, 4U);
}

TEST_F(MediaJobsTest, ABadFileHarmsItsOwnJob) {
  const Entry cut = add("cut", sample("photos/gps_nikon.jpg").substr(0, 10));
  const Entry playlist = add("list", "#EXTM3U\n#EXTINF:9,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n");
  const Entry good = add("good", sample("photos/landscape_orientation_1.jpg"));
  jobs_->run_all();
  for (const Entry& file : {cut, playlist}) {
    const Media bad = *found(file).media;
    EXPECT_EQ(bad.state, MediaState::kFailed) << file.name;
    EXPECT_TRUE(bad.failure) << file.name;
    EXPECT_FALSE(bad.thumbnail) << file.name;
  }
  EXPECT_EQ(found(good).media->state, MediaState::kReady);
}

TEST_F(MediaJobsTest, WhatWasInHandAtTheEndIsDoneByTheNextRun) {
  const Entry file = add("photo", sample("photos/gps_nikon.jpg"));
  run(vault_->media_queue().lease());
  end();
  begin();
  EXPECT_EQ(look(file).state, MediaState::kReady);
}

TEST_F(MediaJobsTest, AnEndInTheMiddleLosesNothing) {
  std::vector<Entry> files;
  const std::string photo = sample("photos/landscape_orientation_6.jpg");
  for (int i = 0; i < 8; ++i) {
    files.push_back(add("photo" + std::to_string(i), photo + std::to_string(i)));
  }
  for (int i = 0; i < 3; ++i) {
    end();
    EXPECT_EQ(contradictions(), std::vector<std::string>());
    begin();
  }
  for (const Entry& file : files) EXPECT_EQ(look(file).state, MediaState::kReady) << file.name;
}

TEST_F(MediaJobsTest, FilesOfPartsAreCopied) {
  const std::string film = sample("video/here_we_are.mp4");
  constexpr std::size_t kPart = 1'500'000;
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < film.size(); at += kPart) parts.push_back(film.substr(at, kPart));
  const Entry file = upload_parts(anna_, "film.jpg", parts);
  const Entry large = upload_parts(anna_, "large.jpg", {std::string(9U << 20U, 'x'), "y"});
  for (const Entry& entry : {file, large}) {
    Sha256 hash;
    hash.update(as_bytes(content_of(entry)));
    ASSERT_TRUE(run(vault_->digests().settle(entry, hash.finish())));
  }
  const std::size_t before = files_in_folder();
  EXPECT_EQ(look(file).facts.codec, "h264");
  EXPECT_TRUE(found(file).media->thumbnail);
  EXPECT_EQ(look(large).failure, MediaFailure::kTooLarge);
  EXPECT_EQ(files_in_folder(), before);
}

TEST_F(MediaJobsTest, PicturesAreMadeOnRequest) {
  const Entry file = found(add("photo", sample("photos/landscape_orientation_6.jpg")));
  look(file);
  const Entry shown = found(file);
  auto& pictures = vault_->pictures();
  vault::test::TextStream asker("");
  const auto small = run(pictures.render(shown, {.width = 100, .height = 100}, asker));
  ASSERT_TRUE(small) << small.error().message;
  EXPECT_EQ(small->width, 100U);
  EXPECT_EQ(small->height, 75U);
  const auto narrow = run(pictures.render(shown, {.width = 64}, asker));
  ASSERT_TRUE(narrow);
  EXPECT_EQ(narrow->width, 64U);
  const auto square = run(pictures.render(shown,
                                          {.width = 50,
                                           .height = 50,
                                           .fit = vault::PictureFit::kCover,
                                           .format = vault::PictureFormat::kJpeg},
                                          asker));
  ASSERT_TRUE(square);
  EXPECT_EQ(square->width, 50U);
  EXPECT_EQ(square->height, 50U);
  EXPECT_EQ(as_string(*square->content).substr(0, 2), "\xff\xd8");
  EXPECT_TRUE(run(pictures.render(shown, {.width = 64}, asker)));
  EXPECT_EQ(pictures.stats().made, 3U);
  EXPECT_EQ(pictures.stats().hits, 1U);
}

TEST_F(MediaJobsTest, ReceivedPicturesAreMadeSmaller) {
  const auto optimize = [&](const std::string& bytes) {
    const auto original = receive(anna_, bytes);
    vault::test::TextStream asker("");
    const auto until = std::chrono::steady_clock::now() + 60s;
    auto made = run(vault_->pictures().optimize(anna_.id, *original, asker, until));
    return made ? "size " + std::to_string(made->size()) : made.error();
  };
  const std::string photo = sample("photos/landscape_orientation_6.jpg");
  EXPECT_NE(optimize(photo).find("only JPEG, PNG and WebP in sRGB"), std::string::npos)
      << "it has another profile";
  EXPECT_EQ(optimize(sample("photos/landscape_orientation_1.jpg")),
            media::describe(media::Failure::kNotSmaller));
  EXPECT_NE(optimize("no picture").find("only JPEG, PNG and WebP"), std::string::npos);
  EXPECT_EQ(optimize(photo.substr(0, 500)), media::describe(media::Failure::kDamaged));
}

TEST_F(MediaJobsTest, AnOwnersFilesHaveAShareOfThePicturesThatWait) {
  const Entry file = found(add("photo", sample("photos/landscape_orientation_6.jpg")));
  Entry other = file;
  other.owner = make_account("ben").id;
  std::atomic<int> made = 0;
  std::atomic<bool> may_go = false;
  const auto done = [&](vault::PictureMaker::Made) { ++made; };
  const auto hold = [&](vault::PictureMaker::Made) {
    while (!may_go) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ++made;
  };
  // One for each thread.
  ASSERT_FALSE(jobs_->begin(file, {.width = 100}, hold));
  ASSERT_FALSE(jobs_->begin(file, {.width = 200}, hold));
  const auto all_are_taken = [&] { return jobs_->stats().pictures_waiting == 0; };
  EXPECT_TRUE(vault::test::eventually(all_are_taken));
  std::uint32_t taken = 0;
  std::optional<std::chrono::seconds> wait;
  while (!(wait = jobs_->begin(file, {.width = 101 + taken}, done))) ++taken;
  EXPECT_EQ(taken, 8U);
  EXPECT_EQ(*wait, 4s) << "eight, each a second as long as nothing was made, on two threads";
  EXPECT_FALSE(jobs_->begin(other, {.width = 100}, done)) << "another's file";
  EXPECT_EQ(jobs_->begin(file, {.width = 100}, done), 5s) << "it has a turn in between";
  EXPECT_TRUE(jobs_->withdraw(file.checksum.value(), {.width = 101}));
  EXPECT_FALSE(jobs_->withdraw(file.checksum.value(), {.width = 101})) << "it is not there";
  EXPECT_FALSE(jobs_->begin(file, {.width = 101}, done)) << "another has its place";
  may_go = true;
  EXPECT_TRUE(vault::test::eventually([&] { return made == 11; }));
  EXPECT_FALSE(jobs_->withdraw(file.checksum.value(), {.width = 102})) << "it was made";
}

TEST_F(MediaJobsTest, WhatNobodyWaitsForIsNotMadeSmaller) {
  const std::string photo = sample("photos/landscape_orientation_1.jpg");
  const Entry file = found(add("photo", photo));
  std::atomic<bool> may_go = false;
  const LetGo at_the_end(may_go);
  const auto hold = [&](vault::PictureMaker::Made) {
    while (!may_go) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  // One for each thread.
  ASSERT_FALSE(jobs_->begin(file, {.width = 100}, hold));
  ASSERT_FALSE(jobs_->begin(file, {.width = 200}, hold));
  EXPECT_TRUE(vault::test::eventually([&] { return jobs_->stats().pictures_waiting == 0; }));
  const auto content = run(vault_->files().open(file));
  std::atomic<int> answers = 0;
  const auto answered = [&](vault::PictureMaker::Optimized) { ++answers; };
  const auto stays = std::make_shared<int>();
  auto leaves = std::make_shared<int>();
  ASSERT_FALSE(jobs_->optimize(anna_.id, content, leaves, answered));
  ASSERT_FALSE(jobs_->optimize(anna_.id, content, stays, answered));
  leaves.reset();
  ASSERT_FALSE(jobs_->optimize(anna_.id, content, stays, answered));
  EXPECT_EQ(jobs_->stats().pictures_waiting, 2U);
  may_go = true;
  EXPECT_TRUE(vault::test::eventually([&] { return answers == 2; }));
  EXPECT_EQ(jobs_->stats().pictures_waiting, 0U);
}

TEST_F(MediaJobsTest, APictureThatIsAskedForWhileTheFirstWorkerStartsIsMade) {
  const Entry file = found(add("photo", sample("photos/landscape_orientation_6.jpg")));
  end();
  const media::Launcher program = media::program_launcher(COFFER_MEDIA_PROGRAM);
  std::atomic<bool> may_go = false;
  const LetGo at_the_end(may_go);
  pool_.emplace(
      [&] {
        while (!may_go) std::this_thread::sleep_for(1ms);
        return program();
      },
      media::WorkerPoolOptions{.workers = 2});
  jobs_.emplace(*vault_, *pool_, DrawingPools{},
                MediaJobs::Options{.threads = 2, .folder = folder_.path().string()});
  std::atomic<int> made = 0;
  const auto done = [&](vault::PictureMaker::Made picture) {
    made += picture && *picture ? 1 : 100;
  };
  ASSERT_FALSE(jobs_->begin(file, {.width = 100}, done));
  // Several turns of the thread that does not start the worker.
  std::this_thread::sleep_for(1s);
  EXPECT_EQ(made, 0);
  may_go = true;
  EXPECT_TRUE(vault::test::eventually([&] { return made != 0; }));
  EXPECT_EQ(made, 1);
  end();
}

TEST_F(MediaJobsTest, WorkersThatAreKilledDelayFilesAndNothingElse) {
  end();
  const media::Launcher program = media::program_launcher(COFFER_MEDIA_PROGRAM);
  std::atomic<pid_t> last = -1;
  std::atomic<int> starts = 0;
  pool_.emplace(
      [&] {
        media::LaunchedWorker worker = program();
        last = worker.process;
        // Each but every third dies at its start.
        if (++starts % 3 != 0) kill(worker.process, SIGKILL);
        return worker;
      },
      media::WorkerPoolOptions{.workers = 2});
  jobs_.emplace(*vault_, *pool_, DrawingPools{},
                MediaJobs::Options{.threads = 2, .folder = folder_.path().string()});
  const std::string photo = sample("photos/landscape_orientation_6.jpg");
  for (int i = 0; i < 6; ++i) {
    const Entry file = add("photo" + std::to_string(i), photo + std::to_string(i));
    std::thread killer([&, process = last.load()] {
      std::this_thread::sleep_for(i * 20ms);
      if (process > 0) kill(process, SIGKILL);
    });
    Media media = look(file);
    killer.join();
    // It was killed in the middle: it is tried again.
    for (int tries = 0; media.state == MediaState::kProcessing && tries < 10; ++tries) {
      clock_.advance(40s);
      media = look(file);
    }
    EXPECT_EQ(media.state, MediaState::kReady) << i;
    EXPECT_TRUE(media.thumbnail) << i;
    EXPECT_TRUE(jobs_->stats().is_usable);
  }
  EXPECT_GE(starts, 3);
}

TEST_F(MediaJobsTest, AFileThatCannotBeReadKeepsNoOtherFromBeingLookedInto) {
  const Entry lost = add("lost", sample("photos/landscape_orientation_6.jpg"));
  end();
  lose_bytes(sample("photos/landscape_orientation_6.jpg"));
  begin();
  const Entry good = add("good", sample("photos/landscape_orientation_1.jpg"));
  EXPECT_EQ(look(good).state, MediaState::kReady);
  EXPECT_EQ(found(lost).media->state, MediaState::kProcessing);
  EXPECT_TRUE(jobs_->stats().is_usable);
}

TEST_F(MediaJobsTest, WithoutAWorkerFilesWait) {
  end();
  begin("/nowhere/coffer-media");
  const Entry file = add("photo", sample("photos/landscape_orientation_6.jpg"));
  EXPECT_EQ(look(file).state, MediaState::kProcessing);
  EXPECT_TRUE(vault::test::eventually([&] { return !vault_->pictures().has_maker(); }));
  EXPECT_EQ(vault_->pictures().state_of(found(file)), MediaState::kReady);
  EXPECT_FALSE(jobs_->stats().is_usable);
  end();
  begin();
  EXPECT_EQ(look(file).state, MediaState::kReady);
  EXPECT_TRUE(jobs_->stats().is_usable);
}

}  // namespace
}  // namespace coffer::jobs
