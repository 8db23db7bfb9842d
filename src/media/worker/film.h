// Films and sound: what their containers tell, and a picture of them.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>

#include "media/protocol/reply.h"
#include "media/worker/av.h"
#include "media/worker/pixels.h"
#include "media/worker/source.h"

namespace coffer::media {

// It borrows its source.
class Film {
 public:
  static std::expected<std::unique_ptr<Film>, Failure> open(Source& source);

  // Reads all packets where nothing else tells the duration.
  Facts facts();

  // A frame that shows something, the cover, or the shape of the sound.
  std::expected<Raster, Failure> picture(const Request& request);

 private:
  Film(Source& source, std::unique_ptr<AvFile> file);

  // Not all formats can go back; a new look at the file starts at its beginning. Whether it has
  // the same streams.
  bool reopen();
  bool is_cover(int stream) const noexcept;
  std::optional<std::uint64_t> duration_micros();
  // Counted by the packets: from the first time to the end of the last, or, where that is more and
  // `sums`, by what each of them says that it lasts.
  std::optional<std::uint64_t> measured_duration(bool sums);
  std::expected<Raster, Failure> frame_picture(const Request& request);
  std::expected<Raster, Failure> cover_picture(const Request& request);

  Source& source_;
  std::unique_ptr<AvFile> file_;
  int video_ = -1;  // the stream that is shown; -1: there is none
  int audio_ = -1;
  int cover_ = -1;
  unsigned orientation_ = 1;
  std::uint32_t width_ = 0;  // as stored, with square pixels
  std::uint32_t height_ = 0;
  std::optional<std::optional<std::uint64_t>> duration_;  // once it was looked for
};

// The loudness of a stream over its time, drawn.
std::expected<Raster, Failure> draw_waveform(AvFile& file, int stream,
                                             std::optional<std::uint64_t> duration_micros,
                                             const Request& request);

}  // namespace coffer::media
