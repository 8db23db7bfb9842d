// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace coffer::apis {

// 1024-based, rounded, `B KB MB GB TB`: `23 MB`.
std::string human_size(std::uint64_t bytes);

}  // namespace coffer::apis
