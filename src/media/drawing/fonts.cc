#include "media/drawing/fonts.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <fontconfig/fontconfig.h>
#include <ft2build.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>

#include FT_FREETYPE_H
#include <hb.h>

namespace coffer::media {
namespace {

constexpr std::size_t kMaxFontFiles = 4096;
constexpr std::size_t kMaxFontBytes = 512u << 20;

struct MappedFont {
  void* data = nullptr;
  std::size_t size = 0;
};

// By path. Kept, with its mappings, for as long as the process lives.
std::map<std::string, MappedFont, std::less<>>& mapped_fonts() {
  static auto* const kFonts = new std::map<std::string, MappedFont, std::less<>>();
  return *kFonts;
}

const MappedFont* find_font(const char* path) {
  if (path == nullptr) return nullptr;
  const auto at = mapped_fonts().find(std::string_view(path));
  return at == mapped_fonts().end() ? nullptr : &at->second;
}

// Nothing where the file cannot be read, or is larger than `max`.
MappedFont map_font(const char* path, std::size_t max) {
  MappedFont font;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return font;
  struct stat status = {};
  if (fstat(file, &status) == 0 && status.st_size > 0 &&
      static_cast<std::size_t>(status.st_size) <= max) {
    const auto size = static_cast<std::size_t>(status.st_size);
    void* const data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
    if (data != MAP_FAILED) font = {.data = data, .size = size};
  }
  close(file);
  return font;
}

// The function of this name in the libraries that are behind the program.
template <class Function>
Function* next_of(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

void load_fonts() {
  if (FcInit() == FcFalse) return;
  FcConfig* const config = FcConfigGetCurrent();
  FcConfigSetRescanInterval(config, 0);
  std::size_t left = kMaxFontBytes;
  const FcFontSet* const fonts = FcConfigGetFonts(config, FcSetSystem);
  for (int i = 0; fonts != nullptr && i < fonts->nfont; ++i) {
    FcChar8* path = nullptr;
    if (mapped_fonts().size() >= kMaxFontFiles) break;
    if (FcPatternGetString(fonts->fonts[i], FC_FILE, 0, &path) != FcResultMatch) continue;
    const char* const name = reinterpret_cast<const char*>(path);
    // A file may hold several fonts.
    if (mapped_fonts().contains(std::string_view(name))) continue;
    const MappedFont font = map_font(name, left);
    if (font.data == nullptr) continue;
    left -= font.size;
    mapped_fonts().emplace(name, font);
  }
}

}  // namespace coffer::media

// The ways in which FreeType, Cairo, Pango and Poppler open fonts. The names are theirs, and the
// program exports them, so that the dynamic linker takes these.

extern "C" FT_Error FT_New_Face(FT_Library library, const char* path, FT_Long index,
                                FT_Face* face) {
  if (const auto* const font = coffer::media::find_font(path)) {
    return FT_New_Memory_Face(library, static_cast<const FT_Byte*>(font->data),
                              static_cast<FT_Long>(font->size), index, face);
  }
  static auto* const kNext = coffer::media::next_of<decltype(FT_New_Face)>("FT_New_Face");
  return kNext(library, path, index, face);
}

extern "C" hb_blob_t* hb_blob_create_from_file(const char* path) {
  if (const auto* const font = coffer::media::find_font(path)) {
    return hb_blob_create(static_cast<const char*>(font->data), static_cast<unsigned>(font->size),
                          HB_MEMORY_MODE_READONLY, nullptr, nullptr);
  }
  static auto* const kNext =
      coffer::media::next_of<decltype(hb_blob_create_from_file)>("hb_blob_create_from_file");
  return kNext(path);
}

extern "C" FILE* fopen(const char* path, const char* mode) {
  const auto* const font = coffer::media::find_font(path);
  if (font != nullptr && mode != nullptr && mode[0] == 'r') {
    return fmemopen(font->data, font->size, "r");
  }
  static auto* const kNext = coffer::media::next_of<decltype(fopen)>("fopen");
  return kNext(path, mode);
}

extern "C" int access(const char* path, int mode) {
  if (mode == R_OK && coffer::media::find_font(path) != nullptr) return 0;
  static auto* const kNext = coffer::media::next_of<decltype(access)>("access");
  return kNext(path, mode);
}
