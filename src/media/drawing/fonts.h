// Fonts of the machine, for processes that cannot open files any more.
#pragma once

namespace coffer::media {

// Maps the fonts that fontconfig knows into memory, up to 4,096 files and 512 MiB, and has it never
// look at files again. From then on, whatever opens one of these files by its name to read it gets
// what was mapped: this program has FT_New_Face(), hb_blob_create_from_file() and fopen() in place
// of those of the libraries. Without any fonts text is not drawn. Not to be called twice. Threads:
// called before any other is started.
void load_fonts();

}  // namespace coffer::media
