#include "media/sniff/audio_frames.h"

#include <array>

namespace coffer::media {
namespace {

constexpr unsigned kSync = 0xff;

// One frame of MPEG audio (ISO/IEC 11172-3, 13818-3).
struct MpegFrame {
  std::uint32_t stream;   // bits of the header that all frames of a file have in common
  std::size_t length;     // bytes
  std::size_t side_info;  // bytes between the header and what an encoder may say of the file
};

std::optional<MpegFrame> read_mpeg_frame(const Head& head, std::size_t at) noexcept {
  // Kilobits a second: MPEG-1 layers 1, 2, 3, then MPEG-2 layer 1, layers 2 and 3.
  constexpr std::array<std::array<unsigned, 15>, 5> kBitRates{{
      {0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448},
      {0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},
      {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
      {0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256},
      {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
  }};
  constexpr std::array<unsigned, 3> kSampleRates{44100, 48000, 32000};
  if (at + 4 > head.size() || head.at(at) != kSync || head.at(at + 1) < 0xe0) return std::nullopt;
  const unsigned version = head.at(at + 1) >> 3U & 3U;  // 0: 2.5, 2: 2, 3: 1
  const unsigned layer = 4 - (head.at(at + 1) >> 1U & 3U);
  const unsigned rate = head.at(at + 2) >> 4U;
  const unsigned sampling = head.at(at + 2) >> 2U & 3U;
  const bool is_mono = head.at(at + 3) >> 6U == 3;
  const unsigned emphasis = head.at(at + 3) & 3U;
  // Of a free bit rate, 0, no length can be told.
  if (version == 1 || layer == 4 || rate == 0 || rate == 15 || sampling == 3 || emphasis == 2) {
    return std::nullopt;
  }
  const bool is_first = version == 3;
  const std::size_t table = is_first ? layer - 1 : layer == 1 ? 3 : 4;
  const unsigned bits = kBitRates[table][rate] * 1000;
  const unsigned samples = kSampleRates[sampling] >> (is_first ? 0U : version == 2 ? 1U : 2U);
  const unsigned padding = head.at(at + 2) >> 1U & 1U;
  MpegFrame frame{.stream = head.number(at) & 0xfffe0c00U, .length = 0, .side_info = 0};
  if (layer == 1) {
    frame.length = std::size_t{12 * bits / samples + padding} * 4;
  } else {
    const unsigned factor = layer == 3 && !is_first ? 72 : 144;
    frame.length = factor * bits / samples + padding;
  }
  frame.side_info = is_first ? (is_mono ? 17 : 32) : (is_mono ? 9 : 17);
  return frame;
}

// Two frames that follow each other, or one in which the encoder describes the file.
std::optional<Match> mpeg_audio(const Head& head) noexcept {
  const auto first = read_mpeg_frame(head, 0);
  if (!first) return std::nullopt;
  const Match found{{"audio/mpeg", Kind::kAudio}, Family::kMpegAudio};
  const std::size_t tag = 4 + first->side_info;
  if (head.has(tag, "Xing") || head.has(tag, "Info") || head.has(36, "VBRI")) return found;
  const auto second = read_mpeg_frame(head, first->length);
  if (second && second->stream == first->stream) return found;
  return std::nullopt;
}

// Bytes of the ADTS frame that begins there (ISO/IEC 13818-7).
std::optional<std::size_t> adts_length(const Head& head, std::size_t at) noexcept {
  constexpr std::size_t kHeader = 7;
  if (at + kHeader > head.size() || head.at(at) != kSync) return std::nullopt;
  const bool is_sync = (head.at(at + 1) & 0xf6U) == 0xf0;
  const unsigned sampling = head.at(at + 2) >> 2U & 0xfU;
  const std::size_t length =
      (head.at(at + 3) & 3U) << 11U | head.at(at + 4) << 3U | head.at(at + 5) >> 5U;
  if (!is_sync || sampling > 12 || length < kHeader) return std::nullopt;
  return length;
}

std::optional<Match> adts(const Head& head) noexcept {
  const auto first = adts_length(head, 0);
  if (!first || !adts_length(head, *first)) return std::nullopt;
  return Match{{"audio/aac", Kind::kAudio}, Family::kAdts};
}

// ETSI TS 102 366: the kind of bit stream tells AC-3 from E-AC-3.
std::optional<Match> ac3(const Head& head) noexcept {
  if (!head.has(0, "\x0b\x77") || head.size() < 6) return std::nullopt;
  const unsigned id = head.at(5) >> 3U;
  const bool is_length = (head.at(4) & 0x3fU) < 38 && head.at(4) >> 6U != 3;
  if (id >= 6 && id <= 10 && is_length) return Match{{"audio/ac3", Kind::kAudio}};
  if (id > 10 && id <= 16) return Match{{"audio/eac3", Kind::kAudio}};
  return std::nullopt;
}

}  // namespace

std::optional<Match> find_audio_frames(const Head& head) noexcept {
  for (const auto look : {mpeg_audio, adts, ac3}) {
    if (auto found = look(head)) return found;
  }
  return std::nullopt;
}

}  // namespace coffer::media
