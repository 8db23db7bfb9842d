#include "blobs/s3/s3_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "blobs/contract_suite.h"
#include "blobs/public_objects.h"
#include "blobs/s3/keys.h"
#include "blobs/s3/test_s3_faults.h"
#include "blobs/s3/test_s3_store.h"
#include "blobs/unavailable_error.h"

namespace coffer::blobs::test {
namespace {

using s3::test::answers;
using s3::test::none;
using s3::test::resets;
using s3::test::says;

// The double, and the service where there is one.
std::vector<StoreKind> kinds() {
  std::vector<StoreKind> all;
  all.push_back({"InTheProcess", [](const Clock& clock, std::size_t memory_budget) {
                   return std::make_unique<S3UnderTest>(clock, memory_budget);
                 }});
  if (s3::test::service_endpoint().empty()) return all;
  all.push_back({"Service", [](const Clock& clock, std::size_t memory_budget) {
                   return std::make_unique<s3::test::ServiceUnderTest>(clock, memory_budget);
                 }});
  return all;
}
std::string name_of(const testing::TestParamInfo<StoreKind>& tested) { return tested.param.name; }
INSTANTIATE_TEST_SUITE_P(S3, StoreContract, testing::ValuesIn(kinds()), name_of);
INSTANTIATE_TEST_SUITE_P(S3, PlacedStoreContract, testing::ValuesIn(kinds()), name_of);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(DigestStoreContract);

TEST_F(S3StoreTest, APlaceStandsInTheLedgerBeforeAnythingIsStored) {
  service().fail_next({[&](const auto& request, const auto&, bool&) {
    const std::string hex = request.target.substr(request.target.rfind('/') + 1);
    const std::lock_guard lock(tested_.ledger().mutex);
    EXPECT_TRUE(tested_.ledger().standing.contains(Place(from_hex(hex).value())));
    return false;
  }});
  const StoredBlob blob = run(put(store(), make_bytes(1'000, 1)));
  EXPECT_TRUE(service().objects().contains("blobs/" + to_hex(blob.place.bytes())));
}

TEST_F(S3StoreTest, NothingIsStoredWhereTheLedgerFails) {
  tested_.ledger().is_broken = true;
  EXPECT_THROW(run(put(store(), make_bytes(1'000, 1))), std::runtime_error);
  EXPECT_TRUE(service().requests().empty());
}

TEST_F(S3StoreTest, ASmallBlobIsOneRequest) {
  run(put(store(), make_bytes(30'000, 2)));
  EXPECT_EQ(service().requests().size(), 1U);
}

TEST_F(S3StoreTest, AFailureIsTheWritersAndTheNextWorks) {
  for (const std::size_t size : {1'000uz, 200'000uz, 2'000'000uz}) {
    service().fail_next({answers(403, "AccessDenied")});
    EXPECT_THROW(run(put(store(), make_bytes(size, 3))), Error) << size;
    const Bytes bytes = make_bytes(size, 4);
    service().fail_next({answers(503, "SlowDown"), resets(), none()});
    const StoredBlob blob = run(put(store(), bytes));
    EXPECT_EQ(run(read(*run(store().open(blob.ref())))), bytes);
  }
  EXPECT_EQ(tested_.count(), 3U);
  EXPECT_EQ(tested_.leftovers(), 0U);
}

TEST_F(S3StoreTest, WhoReadsOnReadsTheSameAnswer) {
  const Bytes bytes = make_bytes(1'000'000, 5);
  const StoredBlob blob = run(put(store(), bytes));
  const std::size_t before = service().requests().size();
  EXPECT_EQ(run(read(*run(store().open(blob.ref())), 0, 1 << 20)), bytes);
  EXPECT_EQ(service().requests().size(), before + 1);
  const Bytes end = run(read(*run(store().open(blob.ref())), 999'990, 1 << 20));
  EXPECT_EQ(end.size(), 10U);
  EXPECT_EQ(service().requests().back().headers.at("range"), "bytes=999990-999999")
      << "no more than is wanted";
}

TEST_F(S3StoreTest, ABlobThatIsLostIsAnErrorWhenItIsRead) {
  const StoredBlob blob = run(put(store(), make_bytes(1'000, 6)));
  service().clear();
  const auto content = run(store().open(blob.ref()));
  EXPECT_THROW(run(read(*content)), Error);
}

// The service may carry a request out long after whoever made it has gone.
TEST_F(S3StoreTest, WhatAnUploadThatWasGivenUpStoresIsRemoved) {
  const auto begin = [](BlobStore& blobs, Bytes bytes) -> Held { co_await put(blobs, bytes); };
  for (const std::size_t size : {1'000uz, 200'000uz}) {
    std::atomic<bool> has_come = false;
    std::atomic<bool> may_go = false;
    service().before_next([&] {
      has_come = true;
      while (!may_go) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    });
    const auto give_up = [&](BlobStore& blobs) -> Task<void> {
      const Held upload = begin(blobs, make_bytes(size, 9));
      while (!has_come) co_await yield();
    };
    run(give_up(store()));
    remove_all_leftovers(store());
    may_go = true;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    const auto puts = [&] {
      return std::ranges::count(service().requests(), "PUT", &http::test::ServedRequest::method);
    };
    const auto expected = size < 100'000 ? 1 : 2;
    while (puts() < expected && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    do {
      remove_all_leftovers(store());
    } while (tested_.count() > 0 && std::chrono::steady_clock::now() < end);
    EXPECT_EQ(tested_.count(), 0U) << size;
  }
}

// The same of a request that got no answer, which nobody can wait for.
TEST_F(S3StoreTest, WhatARequestThatWasGivenUpStoresIsRemoved) {
  run(put(store(), make_bytes(1'000, 9)));
  const std::string key = service().objects().begin()->first;
  remove_all_leftovers(store());
  EXPECT_EQ(tested_.count(), 0U);
  service().set_object(key, "late");
  clock_.advance(std::chrono::minutes(19));
  remove_all_leftovers(store());
  EXPECT_EQ(tested_.count(), 1U) << "not yet";
  clock_.advance(std::chrono::minutes(1));
  remove_all_leftovers(store());
  EXPECT_EQ(tested_.count(), 0U);
  const std::lock_guard lock(tested_.ledger().mutex);
  const Place place(from_hex(key.substr(std::string_view(s3::kBlobPrefix).size())).value());
  EXPECT_FALSE(tested_.ledger().standing.contains(place)) << "it is forgotten then";
}

TEST_F(S3StoreTest, AnUploadHoldsLittleMemory) {
  // Two buffers of 64 KiB; at first one of 128 KiB and one of 64, while no part is under way.
  constexpr std::size_t kFirst = 192 * 1024;
  constexpr std::size_t kLater = 128 * 1024;
  const Bytes bytes = make_bytes(1'000'000, 9);
  const auto upload = [&]() -> Task<void> {
    const auto writer = co_await store().create(bytes.size(), kOwner);
    for (ByteView rest(bytes); !rest.empty();) {
      const ByteSpan space = co_await space_of(*writer);
      const bool is_first = bytes.size() - rest.size() < kFirst;
      EXPECT_LE(store().memory_load().bytes, is_first ? kFirst : kLater);
      const std::size_t count = std::min(space.size(), rest.size());
      std::ranges::copy(rest.first(count), space.begin());
      writer->advance(count);
      rest = rest.subspan(count);
    }
    co_await writer->finish();
  };
  run(upload());
}

TEST_F(S3StoreTest, AnUploadThatWasBegunTwiceLeavesNone) {
  service().fail_next({[&](const auto& request, const auto& to, bool&) {
    const std::size_t from = request.target.find(s3::kBlobPrefix);
    service().begin_upload_unlocked(request.target.substr(from, request.target.find('?') - from));
    to.reset();
    return true;
  }});
  const Bytes bytes = make_bytes(1'000'000, 9);
  const StoredBlob blob = run(put(store(), bytes));
  EXPECT_EQ(run(read(*run(store().open(blob.ref())))), bytes);
  EXPECT_EQ(tested_.leftovers(), 0U);
}

TEST_F(S3StoreTest, LeftoversThatCannotBeRemovedStayInTheLedger) {
  run(put(store(), make_bytes(1'000, 7)));
  service().fail_next({none(), answers(403, "AccessDenied")});
  EXPECT_THROW(remove_all_leftovers(store()), Error);
  EXPECT_EQ(tested_.count(), 1U);
  // The round goes on behind it; the next one finds it again.
  remove_all_leftovers(store());
  remove_all_leftovers(store());
  EXPECT_EQ(tested_.count(), 0U);
}

TEST_F(S3StoreTest, OneThatCannotBeRemovedHoldsUpNoOther) {
  for (int i = 0; i < 20; ++i) run(put(store(), make_bytes(1'000, 100 + i)));
  EXPECT_EQ(tested_.count(), 20U);
  const std::string stuck = service().objects().begin()->first;
  const S3Double::Fault refuses = [&](const auto& request, const auto& to, bool& keep) {
    if (request.method != "DELETE" || !request.target.contains(stuck)) return false;
    to.reply(403, "<Error><Code>AccessDenied</Code></Error>", "");
    return keep = true;
  };
  service().fail_next(std::vector<S3Double::Fault>(200, refuses));
  bool is_told = false;
  for (bool more = true; more;) {
    try {
      more = run(store().remove_leftovers(5));
    } catch (const Error&) {
      is_told = true;
    }
  }
  EXPECT_TRUE(is_told);
  EXPECT_EQ(tested_.count(), 1U) << "what is left is the one that is refused";
  EXPECT_TRUE(service().objects().contains(stuck));
}

TEST_F(S3StoreTest, SaysWhetherTheBucketCanBeUsed) {
  run(store().check_present());
  service().fail_next({answers(403, "")});
  const std::size_t asked = service().requests().size();
  run(store().check_present());
  EXPECT_EQ(service().requests().size(), asked) << "the answer is good for a second";
  clock_.advance(std::chrono::seconds(1));
  EXPECT_THROW(run(store().check_present()), UnavailableError);
  EXPECT_THROW(run(store().check_present()), UnavailableError) << "so is that one";
  EXPECT_EQ(service().requests().size(), asked + 1);
  clock_.advance(std::chrono::seconds(1));
  run(store().check_present());
}

TEST_F(S3StoreTest, SaysBeforeAnythingIsReadWhatIsWrong) {
  const StoredBlob blob = run(put(store(), make_bytes(300'000, 8)));
  const auto content = run(store().open(blob.ref()));
  service().fail_next({answers(403, "AccessDenied")});
  EXPECT_THROW(run(begin(*content)), Error);
  EXPECT_EQ(downloads().bytes, 0U);
  const std::size_t asked = service().requests().size();
  const auto memory = run(begin(*content));
  EXPECT_GT(downloads().bytes, 0U);
  EXPECT_EQ(run(read(*content, 0, 1 << 20)), make_bytes(300'000, 8));
  EXPECT_EQ(service().requests().size(), asked + 1) << "what was begun is read";
}

PublicForm picture() {
  return {.extension = ".jpg", .media_type = "image/jpeg", .cache_control = "max-age=86400"};
}

TEST_F(S3StoreTest, APublicObjectIsACopyWithALifeOfItsOwn) {
  const StoredBlob blob = run(put_for_good(tested_, make_bytes(1'000, 10)));
  std::vector<Place> places;
  for (int i = 0; i < 2; ++i) {
    const auto object = run(store().public_objects()->copy(blob.ref(), picture()));
    const auto sent = service().requests().back().headers;
    EXPECT_EQ(sent.at("x-amz-acl"), "public-read");
    EXPECT_EQ(sent.at("content-type"), "image/jpeg");
    EXPECT_EQ(sent.at("cache-control"), "max-age=86400");
    const std::string key = s3::key_of(object->place());
    EXPECT_EQ(key.size(), 8U + 32 + 4);
    EXPECT_EQ(store().public_objects()->url(object->place()), service().url() + "/vault/" + key);
    EXPECT_EQ(service().objects().at(key), as_text(make_bytes(1'000, 10)));
    remove_all_leftovers(store());
    EXPECT_TRUE(service().objects().contains(key)) << "it is held";
    places.push_back(object->place());
  }
  EXPECT_NE(places[0], places[1]);
  // A transaction takes one out of the ledger.
  run(tested_.ledger().remove({places[1]}));
  remove_all_leftovers(store());
  EXPECT_FALSE(service().objects().contains(s3::key_of(places[0])));
  EXPECT_TRUE(service().objects().contains(s3::key_of(places[1])));
}

TEST_F(S3StoreTest, ACopyThatFailsLeavesNothing) {
  const StoredBlob blob = run(put_for_good(tested_, make_bytes(1'000, 11)));
  PublicObjects& objects = *store().public_objects();
  service().fail_next({answers(400, "AccessControlListNotSupported")});
  EXPECT_THROW(run(objects.copy(blob.ref(), picture())), Error);
  service().fail_next({answers(403, "QuotaExceeded")});
  EXPECT_THROW(run(objects.copy(blob.ref(), picture())), NoSpaceError);
  remove_all_leftovers(store());
  EXPECT_EQ(tested_.count(), 1U);
  service().fail_next({answers(503, "SlowDown"), resets()});
  run(objects.copy(blob.ref(), picture()));
  EXPECT_EQ(tested_.count(), 2U);
  remove_all_leftovers(store());
  EXPECT_EQ(tested_.count(), 1U) << "nobody has taken it";
  tested_.ledger().is_broken = true;
  EXPECT_THROW(run(objects.copy(blob.ref(), picture())), std::runtime_error);
  EXPECT_EQ(tested_.count(), 1U) << "nothing is copied that would not be found again";
}

// As an upload that was given up.
TEST_F(S3StoreTest, WhatACopyThatWasGivenUpMakesIsRemoved) {
  const StoredBlob blob = run(put_for_good(tested_, make_bytes(1'000, 12)));
  const auto begin = [](PublicObjects& objects, BlobRef ref) -> Held {
    co_await objects.copy(ref, picture());
  };
  std::atomic<bool> has_come = false;
  std::atomic<bool> may_go = false;
  service().before_next([&] {
    has_come = true;
    while (!may_go) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  const auto give_up = [&](BlobStore& blobs) -> Task<void> {
    const Held copy = begin(*blobs.public_objects(), blob.ref());
    while (!has_come) co_await yield();
  };
  run(give_up(store()));
  remove_all_leftovers(store());
  may_go = true;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (service().requests().size() < 2 && std::chrono::steady_clock::now() < end) {
    std::this_thread::yield();
  }
  do {
    remove_all_leftovers(store());
  } while (tested_.count() > 1 && std::chrono::steady_clock::now() < end);
  EXPECT_EQ(tested_.count(), 1U);
}

TEST_F(S3StoreTest, PublicObjectsMayHaveAnotherHostOrNoAclOrNotBe) {
  Bytes bytes(as_bytes("0123456789abcdef.jpg").begin(), as_bytes("0123456789abcdef.jpg").end());
  const Place place(bytes);
  const std::string key = "uploads/30313233343536373839616263646566.jpg";
  const auto url_with = [&](const std::string& domain) {
    tested_.set_access(s3::PublicAccess{.acl = "", .domain = domain});
    tested_.reopen();
    return store().public_objects()->url(place);
  };
  EXPECT_EQ(url_with("cdn.example.org"), "https://cdn.example.org/" + key);
  EXPECT_EQ(url_with("http://cdn.example.org:81/x/"), "http://cdn.example.org:81/x/" + key);
  const StoredBlob blob = run(put(store(), make_bytes(1'000, 13)));
  run(store().public_objects()->copy(blob.ref(), picture()));
  EXPECT_FALSE(service().requests().back().headers.contains("x-amz-acl"));

  tested_.set_access(std::nullopt);
  tested_.reopen();
  EXPECT_EQ(store().public_objects(), nullptr);
  remove_all_leftovers(store());
  EXPECT_EQ(tested_.count(), 0U) << "neither the blob nor what was public has a row";
}

TEST_F(S3StoreTest, AFullBucketIsNoSpace) {
  service().fail_next({answers(403, "QuotaExceeded")});
  EXPECT_THROW(run(put(store(), make_bytes(1'000, 9))), NoSpaceError);
}

TEST_F(S3StoreTest, CountsItsRequests) {
  const StoredBlob blob = run(put(store(), make_bytes(1'000, 10)));
  service().fail_next({answers(503, "SlowDown")});
  run(read(*run(store().open(blob.ref()))));
  const s3::ClientCounts counts = monitor().requests();
  EXPECT_EQ(counts.requests, 3U);
  EXPECT_EQ(counts.retries, 1U);
  EXPECT_EQ(counts.refused, 1U);
  EXPECT_EQ(counts.unanswered, 0U);
  EXPECT_EQ(counts.failures, 0U);
  EXPECT_EQ(counts.sent_bytes, 1'000U);
  EXPECT_EQ(counts.received_bytes, 1'000U);
  EXPECT_EQ(counts.running, 0U);
}

}  // namespace
}  // namespace coffer::blobs::test
