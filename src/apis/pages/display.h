// What browsers do with a file, by its type.
#pragma once

#include <cstdint>

#include "vault/model/types.h"

namespace coffer::apis::pages {

enum class Display : std::uint8_t {
  kNone,     // it can only be kept
  kPicture,  // every browser of today shows it
  kFilm,     // a player plays it
  kSound,
  kPdf,   // the browser's own viewer
  kText,  // the page has it as text; a browser by itself opens plain text only
};

Display display_of(const vault::Entry& file) noexcept;

// A film or a sound, by its type or its codec, that some browsers play and others do not. REQUIRES:
// display_of() is kFilm or kSound.
bool is_played_by_some(const vault::Entry& file) noexcept;

// A picture of a type that has animations, or no size of its own: one made of it is not the same.
bool may_move(const vault::Entry& file) noexcept;

// Whether a browser shows the file's bytes at their own address, in place of keeping them.
bool opens(const vault::Entry& file) noexcept;

}  // namespace coffer::apis::pages
