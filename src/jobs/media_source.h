// A stored file as one descriptor that nothing can be written through, as media workers take it.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "base/stream.h"
#include "media/pool/descriptor.h"
#include "media/sniff/drawing.h"

namespace coffer::jobs {

struct MediaSource {
  media::Descriptor owned;                      // where it is no file of the store
  std::shared_ptr<const Content> content = {};  // keeps the file of the store open
  int file = -1;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

// `content` as such a descriptor. What is a file of its own is used as it is. What lies in a file
// with others is copied, so that a worker that was taken over reads nothing else; so is what
// consists of parts, or is stored elsewhere: small ones into memory, others into an unlinked file
// of `folder`, up to `max_copied` bytes. Blocks while it copies. False: it would be more. Throws
// where the machine cannot.
std::expected<MediaSource, bool> open_media_source(std::shared_ptr<const Content> content,
                                                   bool is_in_parts, const std::string& folder,
                                                   std::uint64_t max_copied);

// What its first bytes are. Throws std::system_error where they cannot be read.
media::DrawingFormat drawing_format_of(const MediaSource& source);

}  // namespace coffer::jobs
