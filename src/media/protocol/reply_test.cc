#include "media/protocol/reply.h"

#include <gtest/gtest.h>

#include <random>

#include "media/protocol/little_endian.h"

namespace coffer::media {
namespace {

Bytes bytes_of(std::string_view text) {
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}

void append(Bytes& out, const Bytes& more) { out.insert(out.end(), more.begin(), more.end()); }

Bytes chunk(std::string_view name, const Bytes& data) {
  Bytes out = bytes_of(name);
  append_le(out, static_cast<std::uint32_t>(data.size()));
  append(out, data);
  if (data.size() % 2 == 1) out.push_back(std::byte{0});
  return out;
}

Bytes webp(const std::vector<Bytes>& chunks) {
  Bytes body = bytes_of("WEBP");
  for (const Bytes& part : chunks) append(body, part);
  Bytes out = bytes_of("RIFF");
  append_le(out, static_cast<std::uint32_t>(body.size()));
  append(out, body);
  return out;
}

// The head of a lossy picture of that size.
Bytes lossy(std::uint16_t width, std::uint16_t height) {
  Bytes out(6);
  out[3] = std::byte{0x9d};
  out[4] = std::byte{0x01};
  out[5] = std::byte{0x2a};
  append_le(out, width);
  append_le(out, height);
  return chunk("VP8 ", out);
}

Picture picture(Bytes bytes, std::uint32_t width = 320, std::uint32_t height = 240) {
  return {PictureFormat::kWebp, width, height, std::move(bytes)};
}

Facts some_facts() {
  Facts facts;
  facts.kind = Kind::kImage;
  facts.width = 640;
  facts.height = 480;
  facts.duration_micros = 1'500'000;
  facts.codec = "jpeg";
  facts.colour_space = "Display P3";
  facts.taken_at = Moment{-5, std::int16_t{-330}};
  facts.location = Coordinates{-335'000'000, 1'799'999'999};
  facts.camera_make = "Größe";
  facts.title = "a title";
  facts.track = 3;
  facts.pages = 12;
  return facts;
}

// What is in a frame's body.
Bytes body_of(const Bytes& frame) {
  return {frame.begin() + static_cast<std::ptrdiff_t>(kFrameHeadBytes), frame.end()};
}

Bytes whole_answer() {
  Bytes answer = facts_frame(some_facts());
  append(answer, picture_frame(picture(webp({lossy(320, 240)}))));
  append(answer, end_frame());
  return answer;
}

TEST(Facts, ComeBackAsTheyWere) {
  EXPECT_EQ(decode_facts(body_of(facts_frame(some_facts()))), some_facts());
  EXPECT_EQ(decode_facts(body_of(facts_frame(Facts{}))), Facts{});
}

TEST(Facts, OutOfRangeAreRefused) {
  const auto refuses = [](auto change) {
    Facts facts = some_facts();
    change(facts);
    return !is_valid(facts) && !decode_facts(body_of(facts_frame(facts)));
  };
  EXPECT_TRUE(refuses([](Facts& f) { f.width = 0; }));
  EXPECT_TRUE(refuses([](Facts& f) { f.height = kMaxEdge + 1; }));
  EXPECT_TRUE(refuses([](Facts& f) { f.duration_micros = ~0ull; }));
  EXPECT_TRUE(refuses([](Facts& f) { f.codec = "JPEG"; }));
  EXPECT_TRUE(refuses([](Facts& f) { f.codec = "<script>"; }));
  EXPECT_TRUE(refuses([](Facts& f) { f.title = "a\nb"; }));
  EXPECT_TRUE(refuses([](Facts& f) { f.title = "\xff"; }));
  EXPECT_TRUE(refuses([](Facts& f) { f.title = std::string(kMaxFactText + 1, 'a'); }));
  EXPECT_TRUE(refuses([](Facts& f) { f.location->latitude_e7 = 900'000'001; }));
  EXPECT_TRUE(refuses([](Facts& f) { f.location->longitude_e7 = -1'800'000'001; }));
  EXPECT_TRUE(refuses([](Facts& f) { f.taken_at->offset_minutes = std::int16_t{1081}; }));
  EXPECT_TRUE(refuses([](Facts& f) { f.taken_at->local_micros = INT64_MIN; }));
  EXPECT_TRUE(refuses([](Facts& f) { f.track = 100'000; }));
  EXPECT_TRUE(refuses([](Facts& f) { f.pages = 10'000'001; }));
}

TEST(Facts, UnknownRepeatedAndCutFieldsAreRefused) {
  const Bytes body = body_of(facts_frame(some_facts()));
  for (std::size_t length = 1; length < body.size(); ++length) {
    const auto facts = decode_facts(ByteView(body).first(length));
    EXPECT_TRUE(!facts || is_valid(*facts));
  }
  Bytes twice = body;
  append(twice, body);
  EXPECT_FALSE(decode_facts(twice));
  Bytes unknown = body;
  append_le(unknown, std::uint16_t{16});
  append_le(unknown, std::uint16_t{0});
  EXPECT_FALSE(decode_facts(unknown));
}

TEST(CleanFact, LeavesWhatCanBeShown) {
  EXPECT_EQ(clean_fact("  NIKON \0junk"), "NIKON");
  EXPECT_EQ(clean_fact(std::string_view("NIKON\0\0\0junk", 12)), "NIKON");
  EXPECT_EQ(clean_fact("a\r\nb"), "a  b");
  EXPECT_EQ(clean_fact("abc\xff\xfe"), "abc");
  EXPECT_EQ(clean_fact(std::string(2000, 'x')).size(), kMaxFactText);
}

TEST(ReplyReader, TakesAnAnswerInPiecesOfAnySize) {
  const Bytes answer = whole_answer();
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, answer.size()}) {
    ReplyReader reader{Request{}};
    for (std::size_t at = 0; at < answer.size(); at += step) {
      EXPECT_FALSE(reader.ended());
      ASSERT_TRUE(reader.push(ByteView(answer).subspan(at, std::min(step, answer.size() - at))));
    }
    EXPECT_TRUE(reader.ended());
    const Reply reply = reader.take();
    EXPECT_EQ(reply.facts, some_facts());
    ASSERT_TRUE(reply.picture);
    EXPECT_EQ(reply.picture->width, 320u);
  }
}

bool accepts(const Bytes& answer, const Request& request = {}) {
  ReplyReader reader(request);
  return reader.push(answer) && reader.ended();
}

TEST(ReplyReader, RefusesFramesOutOfOrder) {
  const Bytes facts = facts_frame(some_facts());
  const Bytes shown = picture_frame(picture(webp({lossy(320, 240)})));
  const auto together = [](std::initializer_list<Bytes> frames) {
    Bytes all;
    for (const Bytes& frame : frames) append(all, frame);
    return all;
  };
  EXPECT_TRUE(accepts(together({facts, shown, end_frame()})));
  EXPECT_TRUE(accepts(together({shown, end_frame()})));
  EXPECT_TRUE(accepts(together({facts, failure_frame(Failure::kNoPicture), end_frame()})));
  EXPECT_FALSE(accepts(together({facts, facts, shown, end_frame()})));
  EXPECT_FALSE(accepts(together({shown, facts, end_frame()})));
  EXPECT_FALSE(accepts(together({shown, shown, end_frame()})));
  EXPECT_FALSE(accepts(together({facts, end_frame()})));
  EXPECT_FALSE(accepts(together({facts, shown, end_frame(), end_frame()})));
  EXPECT_FALSE(accepts(together({facts, shown, failure_frame(Failure::kTime), end_frame()})));
  EXPECT_FALSE(accepts(together({facts, failure_frame(static_cast<Failure>(99)), end_frame()})));
  Request render;
  render.job = Job::kRender;
  EXPECT_FALSE(accepts(together({facts, shown, end_frame()}), render));
}

TEST(ReplyReader, HoldsNoMoreThanItPermits) {
  Request request;
  request.max_picture_bytes = 1000;
  Bytes head = picture_frame(picture(Bytes(1001)));
  head.resize(kFrameHeadBytes);
  ReplyReader reader(request);
  EXPECT_FALSE(reader.push(head));
  EXPECT_FALSE(reader.push(Bytes(1)));
}

TEST(ReplyReader, RefusesAPictureThatIsNotAsAsked) {
  const auto accepts_picture = [](const Picture& shown) {
    Bytes answer = picture_frame(shown);
    append(answer, end_frame());
    return accepts(answer);
  };
  EXPECT_TRUE(accepts_picture(picture(webp({lossy(320, 240)}))));
  EXPECT_FALSE(accepts_picture(picture(webp({lossy(321, 240)}), 321)));
  EXPECT_FALSE(accepts_picture(picture(webp({lossy(320, 241)}))));
  Picture other = picture(webp({lossy(320, 240)}));
  other.format = PictureFormat::kJpeg;
  EXPECT_FALSE(accepts_picture(other));
}

TEST(ReplyReader, SurvivesAnyChange) {
  std::mt19937 random(1);
  const Bytes answer = whole_answer();
  for (int round = 0; round < 20'000; ++round) {
    Bytes changed = answer;
    for (int i = 0; i < 3; ++i)
      changed[random() % changed.size()] = static_cast<std::byte>(random());
    changed.resize(changed.size() - random() % 4);
    ReplyReader reader{Request{}};
    reader.push(changed);
    const Reply reply = reader.take();
    ASSERT_TRUE(!reply.facts || is_valid(*reply.facts));
    ASSERT_TRUE(!reply.picture || reply.picture->width <= 320);
  }
}

TEST(ReplyReader, WhatIsMadeSmallerIsSmallerAndOfAnyFormat) {
  const Bytes bytes = webp({lossy(8000, 6000)});
  Bytes answer = picture_frame(picture(bytes, 8000, 6000));
  append(answer, end_frame());
  Request request;
  request.job = Job::kOptimize;
  request.format = PictureFormat::kJpeg;
  request.width = request.height = kMaxOptimizedEdge;
  request.length = bytes.size() + 1;
  ReplyReader reader(request);
  EXPECT_TRUE(reader.push(answer));
  EXPECT_EQ(reader.take().picture->format, PictureFormat::kWebp);
  request.length = bytes.size();
  EXPECT_FALSE(ReplyReader(request).push(answer)) << "no smaller";
  request.job = Job::kRender;
  request.width = request.height = kMaxPictureEdge;
  EXPECT_FALSE(ReplyReader(request).push(answer)) << "another format than was asked for";
}

}  // namespace
}  // namespace coffer::media
