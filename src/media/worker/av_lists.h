// What FFmpeg may use of itself: it has hundreds of formats and codecs, of which people's files use
// few. What is not listed is neither opened nor decoded, whatever a file asks for.
#pragma once

namespace coffer::media {

// Names of demuxers, separated by commas: what films and sound come in. Lists and manifests (hls,
// dash, concat, sdp, image2 and their like), which refer to other files, are not among them.
extern const char* const kFilmFormats;

// Names of decoders, separated by commas. Left out are those of games and of screens, of formats
// that nobody has written for decades, those that wrap another library where FFmpeg has its own,
// and whatever is no picture and no sound: subtitles, SVG.
extern const char* const kDecoders;

}  // namespace coffer::media
