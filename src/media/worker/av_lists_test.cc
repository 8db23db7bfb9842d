#include "media/worker/av_lists.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "media/worker/av.h"

namespace coffer::media {
namespace {

std::vector<std::string> split(const char* list) {
  std::vector<std::string> names;
  std::istringstream text(list);
  for (std::string name; std::getline(text, name, ',');) names.push_back(name);
  return names;
}

TEST(AvLists, NameDecodersThatThereAre) {
  for (const std::string& name : split(kDecoders)) {
    const AVCodec* const codec = avcodec_find_decoder_by_name(name.c_str());
    ASSERT_NE(codec, nullptr) << name;
    // The one that FFmpeg takes for what it decodes: another would never be used.
    EXPECT_STREQ(avcodec_find_decoder(codec->id)->name, codec->name);
    EXPECT_TRUE(codec->type == AVMEDIA_TYPE_VIDEO || codec->type == AVMEDIA_TYPE_AUDIO) << name;
  }
}

TEST(AvLists, NameFormatsThatThereAreAndReferToNoOthers) {
  const std::vector<std::string> names = split(kFilmFormats);
  for (const std::string& name : names) {
    EXPECT_NE(av_find_input_format(name.c_str()), nullptr) << name;
    for (const char* const hazard :
         {"hls", "dash", "concat", "sdp", "rtsp", "image2", "imf", "applehttp", "tty", "lavfi"}) {
      EXPECT_NE(name, hazard);
    }
  }
}

}  // namespace
}  // namespace coffer::media
