// Owners of what GLib's libraries give away.
#pragma once

#include <glib-object.h>

#include <memory>

namespace coffer::media {

struct GlibRelease {
  void operator()(GError* error) const noexcept { g_error_free(error); }
  void operator()(GBytes* bytes) const noexcept { g_bytes_unref(bytes); }
  // Of whatever is an object.
  void operator()(void* object) const noexcept { g_object_unref(object); }
};
template <class T>
using GlibPtr = std::unique_ptr<T, GlibRelease>;

}  // namespace coffer::media
