// Texts that are kept so that only those who have a secret can read them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/entropy.h"

namespace coffer {

// `text`, encrypted and authenticated under `secret`, which has 128 bits or more that nobody can
// guess: a password has not. `context` tells what it is for; the same has to be given to unseal().
std::string seal(Entropy& entropy, std::string_view secret, std::string_view context,
                 std::string_view text);

// Nothing where `sealed` is no text that seal() gave for the same secret and context.
std::optional<std::string> unseal(std::string_view secret, std::string_view context,
                                  std::string_view sealed);

}  // namespace coffer
