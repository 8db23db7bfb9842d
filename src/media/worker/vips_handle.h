// Owners of libvips' objects.
#pragma once

#include <vips/vips.h>

#include <memory>

namespace coffer::media {

struct Unref {
  void operator()(void* object) const noexcept { g_object_unref(object); }
};
using VipsImagePtr = std::unique_ptr<VipsImage, Unref>;
using VipsSourcePtr = std::unique_ptr<VipsSource, Unref>;

// Calls `function(&out)` and owns what it gave; null where it failed.
template <class Function>
VipsImagePtr made_by(Function&& function) {
  VipsImage* out = nullptr;
  if (function(&out) != 0) {
    if (out != nullptr) g_object_unref(out);
    return nullptr;
  }
  return VipsImagePtr(out);
}

}  // namespace coffer::media
