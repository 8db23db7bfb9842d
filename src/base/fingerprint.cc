#include "base/fingerprint.h"

#include <xxhash.h>

#include <memory>
#include <new>

#include "base/bytes.h"

namespace coffer {

std::string fingerprint(std::initializer_list<std::string_view> texts) {
  struct Free {
    void operator()(XXH3_state_t* state) const noexcept { XXH3_freeState(state); }
  };
  const std::unique_ptr<XXH3_state_t, Free> state(XXH3_createState());
  if (!state || XXH3_128bits_reset(state.get()) != XXH_OK) throw std::bad_alloc();
  const auto add = [&](std::string_view text) {
    XXH3_128bits_update(state.get(), text.data(), text.size());
  };
  for (const std::string_view text : texts) {
    // Its length too, so that no two lists of texts are the same bytes.
    add(std::to_string(text.size()) + ' ');
    add(text);
  }
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state.get()));
  return to_hex(
      as_bytes({reinterpret_cast<const char*>(canonical.digest), sizeof canonical.digest}));
}

}  // namespace coffer
